/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl: whole commands, against a broker that says what a real one says seldom. */
#include "fake_jobs.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/mman.h>
#include <sys/un.h>

#include <cjson/cJSON.h>
#include <getopt.h>

#include "ctl/ctl.h"
#include "ctl/logfile.h"

#define JOB 7

struct called {
	struct fake f;
	int listener;
	struct sockaddr_un address;
	struct ctl ctl;
	int out; /* memfd: what was printed */
	char text[4096];
};

/* ---- the broker ---- */

static void *serve_one(void *arg)
{
	struct called *t = arg;

	t->f.sock = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return fake_thread(&t->f);
}

static void begin(struct called *t, void (*serve)(struct fake *f))
{
	*t = (struct called){ .f = { .serve = serve }, .address = { .sun_family = AF_UNIX } };
	snprintf(t->address.sun_path, sizeof(t->address.sun_path), "/tmp/test_ctl_commands.%d",
		(int)getpid());
	(void)unlink(t->address.sun_path);
	t->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(t->listener, (struct sockaddr *)&t->address, sizeof(t->address)), 0);
	assert_int_equal(listen(t->listener, 1), 0);
	assert_int_equal(pthread_create(&t->f.thread, NULL, serve_one, t), 0);
	t->ctl.socket = t->address.sun_path;
	t->ctl.broker_log = -1;
	t->out = memfd_create("out", MFD_CLOEXEC);
	assert_true(t->out >= 0);
}

static void end(struct called *t)
{
	assert_int_equal(pthread_join(t->f.thread, NULL), 0);
	close(t->out);
	close(t->listener);
	unlink(t->address.sun_path);
	if (t->f.fault)
		fail_msg("the broker: %s", t->f.fault);
}

/* A command line as main() gives it. What is printed is in t->text. Return: the exit code. */
static int call(struct called *t, int (*cmd)(struct ctl *ctl, int argc, char **argv),
	const char *word1, const char *word2)
{
	char *argv[] = { (char *)"command", (char *)word1, (char *)word2, NULL };
	int before[] = { fcntl(1, F_DUPFD_CLOEXEC, 3), fcntl(2, F_DUPFD_CLOEXEC, 3) }, code;
	ssize_t n;

	fflush(stdout);
	dup2(t->out, 1);
	dup2(t->out, 2);
	optind = 0;
	code = cmd(&t->ctl, word2 ? 3 : 2, argv);
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		dup2(before[i], i + 1);
		close(before[i]);
	}
	n = pread(t->out, t->text, sizeof(t->text) - 1, 0);
	t->text[n > 0 ? n : 0] = 0;
	return code;
}

/* ---- watch ---- */

static void tell(struct fake *f, int state, Fdbroker__V1__Event *ev, uint64_t lost)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__JobEvent je = FDBROKER__V1__JOB_EVENT__INIT;
	struct fake_job j;

	fake_job_fill(&j, JOB);
	j.job.state = (Fdbroker__V1__JobState)state;
	j.job.uid = 0;
	j.job.has_position = 0;
	if (state != FDB_JOB_ENDED)
		j.job.end = NULL;
	je.job = &j.job;
	je.event = ev;
	je.has_lost = lost != 0;
	je.lost = lost;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_EVENT;
	m.job_event = &je;
	fake_say(f, &m, NULL, 0);
}

static void serve_watch(struct fake *f)
{
	Fdbroker__V1__Event ev = fake_stage(JOB, 2, 1234567, "post-\033restore");
	Fdbroker__V1__Watching watching = FDBROKER__V1__WATCHING__INIT;
	Fdbroker__V1__ServerMessage m;
	struct fake_job j;

	if (!fake_get(f))
		return;
	m = fake_answer(f);
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_WATCHING;
	m.watching = &watching;
	fake_say(f, &m, NULL, 0);
	fake_expect(f, fake_get(f) && fake_job_wanted(f) == JOB, "no Show");
	fake_job_fill(&j, JOB);
	j.job.state = FDBROKER__V1__JOB_STATE__JOB_RESTORING;
	fake_job_answer(f, f->m->serial, &j.job);
	tell(f, FDB_JOB_RESTORING, &ev, 0);
	tell(f, FDB_JOB_RUNNING, NULL, 12);
	tell(f, FDB_JOB_ENDED, NULL, 0);
}

static void watch_tells_what_was_lost(void **state)
{
	struct called t;

	(void)state;
	begin(&t, serve_watch);
	assert_int_equal(call(&t, cmd_watch, "7", NULL), CTL_DONE);
	assert_string_equal(t.text,
		"22:13:21.234  job 7     root        post-\\x1brestore\n"
		"-- 12 events were lost: they came faster than they were read --\n"
		"22:13:20.000  job 7     root      running\n"
		"22:13:20.000  job 7     root      ended: exited 3\n");
	end(&t);
}

static void watch_as_json(void **state)
{
	struct called t;
	char *line, *rest = t.text;
	unsigned n = 0;

	(void)state;
	begin(&t, serve_watch);
	assert_int_equal(call(&t, cmd_watch, "7", "--json"), CTL_DONE);
	while ((line = strsep(&rest, "\n")) && line[0]) {
		cJSON *json = cJSON_Parse(line);

		assert_non_null(json);
		assert_int_equal(cJSON_GetObjectItem(json, "job")->valueint, JOB);
		if (n == 1)
			assert_int_equal(cJSON_GetObjectItem(json, "lost")->valueint, 12);
		else
			assert_null(cJSON_GetObjectItem(json, "lost"));
		cJSON_Delete(json);
		n++;
	}
	assert_int_equal(n, 3);
	end(&t);
}

/* ---- wait ---- */

static void serve_unknown_end(struct fake *f)
{
	struct fake_job j;

	if (!fake_get(f))
		return;
	fake_job_fill(&j, JOB);
	j.end.known = 0;
	j.end.has_exit_code = 0;
	fake_job_answer(f, f->m->serial, &j.job);
}

#define UNKNOWN_END                                                                                  \
	"fdbroker-ctl wait: job 7: its root task is gone, and how is not known: the broker was not " \
	"there, or not its parent\n"

static void an_end_that_nobody_knows(void **state)
{
	static const struct {
		const char *option;
		int code;
	} cases[] = { { NULL, CTL_FAILED }, { "--exit-status", CTL_ITSELF },
		{ "--json=short", CTL_FAILED } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct called t;

		begin(&t, serve_unknown_end);
		assert_int_equal(call(&t, cmd_wait, "7", cases[i].option), cases[i].code);
		if (i == 0)
			assert_string_equal(t.text, "-\n" UNKNOWN_END);
		else if (i == 1)
			assert_string_equal(t.text, UNKNOWN_END);
		else
			assert_non_null(strstr(t.text, "\"end\":{\"known\":false"));
		end(&t);
	}
}

/* ---- drain ---- */

static void serve_drain_off(struct fake *f)
{
	Fdbroker__V1__ServerMessage m;
	Fdbroker__V1__Draining draining = FDBROKER__V1__DRAINING__INIT;

	if (!fake_get(f))
		return;
	m = fake_answer(f);
	draining.has_draining = draining.has_jobs = 1;
	draining.draining = 0;
	draining.jobs = 2;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_DRAINING;
	m.draining = &draining;
	fake_say(f, &m, NULL, 0);
}

static void a_drain_that_somebody_ends(void **state)
{
	struct called t;

	(void)state;
	begin(&t, serve_drain_off);
	assert_int_equal(call(&t, cmd_drain, "--wait", NULL), CTL_CANCELLED);
	assert_string_equal(
		t.text, "fdbroker-ctl drain: somebody has had the broker take restores again\n");
	end(&t);
}

/* ---- criu's log, line by line ---- */

static void add_line(void *text, const char *line)
{
	strcat(text, line);
	strcat(text, "|");
}

static void lines_of_a_log_that_grows(void **state)
{
	int log = memfd_create("log", MFD_CLOEXEC);
	char text[256] = "";
	off_t at = 0;

	(void)state;
	assert_int_equal(logfile_lines(log, &at, false, add_line, text), 0);
	assert_int_equal(write(log, "one\nt\two\033\nthr", 13), 13);
	assert_int_equal(logfile_lines(log, &at, false, add_line, text), 0);
	assert_string_equal(text, "one|t wo\\x1b|");
	assert_int_equal(write(log, "ee\n\nfo\0ur", 9), 9);
	assert_int_equal(logfile_lines(log, &at, false, add_line, text), 0);
	assert_string_equal(text, "one|t wo\\x1b|three||");
	assert_int_equal(logfile_lines(log, &at, true, add_line, text), 0);
	assert_string_equal(text, "one|t wo\\x1b|three||fo ur|");
	assert_int_equal(at, 22);
	close(log);
}

static void add_length(void *text, const char *line)
{
	sprintf((char *)text + strlen(text), "%zu|", strlen(line));
}

/* A line that is longer than what is read at once comes in pieces. */
static void a_log_of_one_long_line(void **state)
{
	int log = memfd_create("log", MFD_CLOEXEC);
	char *much = malloc(100000), text[256] = "";
	off_t at = 0;

	(void)state;
	memset(much, 'x', 100000);
	assert_int_equal(write(log, much, 100000), 100000);
	assert_int_equal(logfile_lines(log, &at, false, add_length, text), 0);
	assert_string_equal(text, "65536|");
	assert_int_equal(logfile_lines(log, &at, true, add_length, text), 0);
	assert_string_equal(text, "65536|34464|");
	free(much);
	close(log);
}

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	unsetenv("COLUMNS");
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watch_tells_what_was_lost),
		cmocka_unit_test(watch_as_json),
		cmocka_unit_test(an_end_that_nobody_knows),
		cmocka_unit_test(a_drain_that_somebody_ends),
		cmocka_unit_test(lines_of_a_log_that_grows),
		cmocka_unit_test(a_log_of_one_long_line),
	};

	return cmocka_run_group_tests_name("commands", tests, setup, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl: jobs in words, as JSON, as a page, as a line of progress. */
#include "fake_jobs.h"

#include <locale.h>
#include <signal.h>

#include "ctl/job_json.h"
#include "ctl/job_view.h"
#include "ctl/progress.h"
#include "ctl/words.h"

/* Answers every call about a job with f->arg. */
static void serve(struct fake *f)
{
	while (fake_get(f))
		fake_job_answer(f, f->m->serial, f->arg);
}

/* The job as the library gives it; the caller's. */
static struct fdb_job *get(struct fake_job *j)
{
	struct fdb_job *job;
	struct fake f;

	fake_start(&f, serve, &j->job);
	assert_int_equal(fdb_show(f.c, j->job.job, FAKE_WAIT_MS, &job), 0);
	fake_end(&f);
	return job;
}

/* It is where it is, and has no result yet. */
static void only(struct fake_job *j, int state)
{
	fake_job_fill(j, 7);
	j->job.state = (Fdbroker__V1__JobState)state;
	j->job.result = NULL;
	j->job.end = NULL;
	j->job.has_position = j->job.has_tasks = j->job.has_tasks_made = 0;
	j->job.uid = 0;
}

/* ---- words ---- */

struct words_case {
	const char *name;
	int state, code;  /* code 0: success */
	int exit, signal; /* -1, 0: not so ended */
	bool known, core;
	const char *outcome, *word;
	int status;
};

static void check_words(void **state)
{
	const struct words_case *c = *state;
	char text[WORDS_SIZE];
	struct fake_job j;
	struct fdb_job *job;

	fake_job_fill(&j, 7);
	j.job.state = (Fdbroker__V1__JobState)c->state;
	if (c->code)
		fake_job_fail(&j);
	j.error.code = (Fdbroker__V1__ErrorCode)c->code;
	j.end.known = c->known;
	j.end.has_exit_code = c->exit >= 0;
	j.end.exit_code = c->exit;
	j.end.has_signal = c->signal != 0;
	j.end.signal = c->signal;
	j.end.has_core = 1;
	j.end.core = c->core;
	if (c->state != FDB_JOB_ENDED)
		j.job.end = NULL;
	if (c->state < FDB_JOB_RUNNING)
		j.job.result = NULL;
	job = get(&j);
	assert_string_equal(words_outcome(text, job), c->outcome);
	if (c->word)
		assert_string_equal(words_outcome_code(job), c->word);
	else
		assert_null(words_outcome_code(job));
	assert_int_equal(words_shell_status(job), c->status);
	fdb_job_free(job);
}

static struct words_case words_cases[] = {
	{ "under way", FDB_JOB_RESTORING, 0, -1, 0, false, false, "", NULL, -1 },
	{ "runs", FDB_JOB_RUNNING, 0, -1, 0, false, false, "restored", "restored", -1 },
	{ "exited", FDB_JOB_ENDED, 0, 7, 0, true, false, "exited 7", "exited", 7 },
	{ "killed", FDB_JOB_ENDED, 0, -1, 9, true, false, "killed SIGKILL", "killed", 137 },
	{ "dumped core", FDB_JOB_ENDED, 0, -1, 11, true, true, "killed SIGSEGV, core dumped",
		"killed", 139 },
	{ "gone", FDB_JOB_ENDED, 0, -1, 0, false, false, "unknown", "unknown", -1 },
	{ "failed", FDB_JOB_ENDED, FDB_CRIU_FAILED, -1, 0, false, false, "failed: pid 7 is taken",
		"failed", -1 },
	{ "refused", FDB_JOB_ENDED, FDB_REFUSED, -1, 0, false, false, "refused: pid 7 is taken",
		"failed", -1 },
	{ "cancelled", FDB_JOB_ENDED, FDB_CANCELLED, -1, 0, false, false, "cancelled", "failed",
		-1 },
	{ "deadline", FDB_JOB_ENDED, FDB_DEADLINE, -1, 0, false, false, "deadline over", "failed",
		-1 },
};

static void states(void **state)
{
	(void)state;
	for (int i = 1; i <= WORDS_LAST_STATE; i++)
		assert_int_equal(words_to_state(words_state((enum fdb_job_state)i)), i);
	assert_string_equal(words_state((enum fdb_job_state)99), "unknown");
	assert_string_equal(words_state((enum fdb_job_state) - 1), "unknown");
	assert_int_equal(words_to_state("unknown"), 0);
	assert_int_equal(words_to_state(""), 0);
}

static void signals(void **state)
{
	char text[WORDS_SIZE];

	(void)state;
	assert_string_equal(words_signal(text, SIGTERM), "SIGTERM");
	assert_string_equal(words_signal(text, SIGRTMIN + 3), "SIGRTMIN+3");
	assert_string_equal(words_signal(text, 99), "signal 99");
	assert_string_equal(words_signal(text, 0), "signal 0");
	assert_string_equal(words_signal(text, -9), "signal -9");
}

static void users(void **state)
{
	char text[WORDS_SIZE];
	uid_t uid;

	(void)state;
	assert_string_equal(words_user(text, 0), "root");
	assert_string_equal(words_user(text, 4000000001), "4000000001");
	assert_int_equal(words_to_user("root", &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(words_to_user("4000000001", &uid), 0);
	assert_true(uid == 4000000001);
	assert_int_equal(words_to_user("4294967295", &uid), -1);
	assert_int_equal(words_to_user("nobody here", &uid), -1);
	assert_int_equal(words_to_user("", &uid), -1);
}

static void numbers(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(words_to_job("9223372036854775807", &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(words_to_job("9223372036854775808", &n), -1);
	assert_int_equal(words_to_job("99999999999999999999", &n), -1);
	assert_int_equal(words_to_job("0", &n), -1);
	assert_int_equal(words_to_job("-1", &n), -1);
	assert_int_equal(words_to_job("7x", &n), -1);
	assert_int_equal(words_to_job(" 7", &n), -1);
	assert_int_equal(words_to_job("", &n), -1);
}

static void cleanups(void **state)
{
	char text[WORDS_SIZE];

	(void)state;
	assert_string_equal(words_cleanup(text, FDB_CLEANUP_NONE, 3), "criu was not started");
	assert_string_equal(words_cleanup(text, FDB_TREE_KILLED, 12),
		"criu and its 12 tasks were ended by force; nothing is left");
	assert_string_equal(words_cleanup(text, FDB_TREE_KILLED, 1),
		"criu and its 1 task were ended by force; nothing is left");
	assert_string_equal(words_cleanup(text, FDB_CRIU_CLEANED_UP, -1),
		"criu has ended all that it had made and itself; nothing is left");
}

/* ---- JSON ---- */

static void check_json(struct fake_job *j, const char *wanted)
{
	struct fdb_job *job = get(j);
	cJSON *json = job_json(job);
	char *text = cJSON_PrintUnformatted(json);

	assert_string_equal(text, wanted);
	cJSON_free(text);
	cJSON_Delete(json);
	fdb_job_free(job);
}

static void json_of_all(void **state)
{
	struct fake_job j;

	(void)state;
	fake_job_fill(&j, 7);
	j.statistics.pages_compared = 100;
	j.usage.major_faults = 205;
	check_json(&j,
		"{\"job\":7,\"state\":\"ended\",\"outcome\":\"exited\",\"uid\":4294967294,"
		"\"user\":\"4294967294\",\"client_pid\":12,\"accepted_us\":1700000000000000,"
		"\"age_us\":14,\"deadline_ms\":15,\"when_client_gone\":\"carry-on\",\"position\":16,"
		"\"tasks\":17,\"tasks_made\":18,\"pid\":4711,"
		"\"problems\":[{\"code\":\"wrong-position\",\"error\":false,\"text\":\"it is "
		"elsewhere\"}],\"problems_left_out\":17,\"total_us\":3000,\"statistics\":{"
		"\"pages_compared\":100,\"pages_skipped_cow\":101,\"pages_restored\":102,"
		"\"forking_us\":103,\"restore_us\":104},\"transitions\":[{\"state\":\"accepted\","
		"\"at_us\":0},{\"state\":\"running\",\"at_us\":1000}],\"end\":{\"known\":true,"
		"\"exit_code\":3,\"status\":3,\"user_us\":201,\"system_us\":202,\"max_rss_kib\":203,"
		"\"minor_faults\":204,\"major_faults\":205},\"log_kept\":true,\"log_bytes\":19,"
		"\"recovered\":true}");
}

static void json_of_a_failure(void **state)
{
	struct fake_job j;

	(void)state;
	only(&j, FDB_JOB_ENDED);
	fake_job_fail(&j);
	j.job.result = &j.result;
	j.job.n_transitions = 0;
	j.job.has_log = j.job.has_recovered = j.job.has_deadline_ms = j.job.has_client_pid = 0;
	j.job.has_when_client_gone = 0;
	j.result.n_problems = j.result.has_problems_left_out = 0;
	check_json(&j,
		"{\"job\":7,\"state\":\"ended\",\"outcome\":\"failed\",\"uid\":0,\"user\":\"root\","
		"\"accepted_us\":1700000000000000,\"age_us\":14,\"when_client_gone\":\"cancel\","
		"\"error\":{\"code\":\"CRIU_FAILED\",\"text\":\"pid 7 is taken\",\"reason\":"
		"\"pid-taken\",\"hint\":\"End the task.\"},\"total_us\":3000,\"cleanup\":"
		"\"tree-killed\",\"log_kept\":false,\"recovered\":false}");
}

/* ---- the page ---- */

static void check_page(struct fake_job *j, const char *wanted)
{
	const struct screen plain = { .width = 0 };
	struct fdb_job *job = get(j);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(job_view_print(job, &plain, f), 0);
	fclose(f);
	assert_string_equal(text, wanted);
	free(text);
	fdb_job_free(job);
}

/* criu's notifications stand between the states, in their order. */
static void page_of_all(void **state)
{
	Fdbroker__V1__Event stages[] = { fake_stage(7, 3, 200, NULL),
		fake_stage(7, 2, 700, "post-restore") };
	Fdbroker__V1__Event *list[] = { &stages[0], &stages[1] };
	struct fake_job j;

	(void)state;
	fake_job_fill(&j, 7);
	j.job.uid = 0;
	j.job.has_position = j.job.has_tasks_made = 0;
	j.job.deadline_ms = 90000;
	j.job.age_us = 65000000;
	j.statistics.pages_compared = 100;
	j.usage.major_faults = 2;
	j.result.n_stages = 2;
	j.result.stages = list;
	check_page(&j,
		"job        7: ended\n"
		"user       root, the client's pid was 12\n"
		"accepted   Tue 2023-11-14 22:13:20 UTC; 1 min 5 s until its end\n"
		"deadline   1 min 30 s for the restore\n"
		"client     the restore goes on without it\n"
		"note       the broker has been started anew since it was accepted\n"
		"tasks      17 in the images\n"
		"restored   as task 4711, after 3.0 ms\n"
		"warning    it is elsewhere (wrong-position)\n"
		"           and 17 more problems\n"
		"criu       102 pages restored, 100 compared, 101 of these shared with the parent\n"
		"           all tasks made after 103 us, all restored after 104 us\n"
		"end        the root task exited with 3\n"
		"used       201 us of CPU in user mode, 202 us in the kernel, 203.0 KiB of memory "
		"at most, 206 page faults, 2 of them from disk\n"
		"log        19 bytes: fdbroker-ctl log 7\n"
		"history          0 us  accepted\n"
		"               700 us  post-restore\n"
		"               1.0 ms  running\n");
}

static void page_of_a_failure(void **state)
{
	struct fake_job j;

	(void)state;
	only(&j, FDB_JOB_ENDED);
	fake_job_fail(&j);
	j.error.text = "a\033[31mb";
	j.job.result = &j.result;
	j.job.n_transitions = 0;
	j.job.has_log = j.job.has_recovered = j.job.has_deadline_ms = j.job.has_client_pid = 0;
	j.job.has_when_client_gone = 0;
	j.result.n_problems = j.result.has_problems_left_out = 0;
	check_page(&j,
		"job        7: ended\n"
		"user       root\n"
		"accepted   Tue 2023-11-14 22:13:20 UTC; 0 ms until its end\n"
		"failed     a\\x1b[31mb\n"
		"           (CRIU_FAILED, pid-taken)\n"
		"hint       End the task.\n"
		"cleanup    criu and all that it had made were ended by force; nothing is left\n");
}

/* ---- the line of progress ---- */

static void check_progress(const struct progress *p, const char *wanted)
{
	struct line l = { .screen = &p->screen };

	progress_put(p, 1250000, &l);
	assert_string_equal(l.text, wanted);
	line_done(&l);
}

static void progress(void **state)
{
	struct progress p = { .keys = PROGRESS_KEYS, .job = 7, .tasks = -1, .made = -1 };
	struct fake_job j;
	struct fdb_job *job;

	(void)state;
	check_progress(&p, "job 7: restoring, 1.2 s (^C cancels)");
	only(&j, FDB_JOB_QUEUED);
	j.job.has_position = 1;
	j.job.position = 3;
	job = get(&j);
	progress_heard(&p, job);
	fdb_job_free(job);
	check_progress(&p, "job 7: queued, 3rd, 1.2 s (^C cancels)");
	only(&j, FDB_JOB_RESTORING);
	j.job.has_tasks = j.job.has_tasks_made = 1;
	j.job.tasks = 12;
	j.job.tasks_made = 5;
	job = get(&j);
	progress_heard(&p, job);
	fdb_job_free(job);
	check_progress(&p, "job 7: restoring, 5 of 12 tasks, 1.2 s (^C cancels)");
	p.screen.width = 20;
	check_progress(&p, "job 7: restoring,...");
	p.screen.width = 0;
	/* How many there were is remembered when they are ended. */
	only(&j, FDB_JOB_ENDING);
	job = get(&j);
	progress_heard(&p, job);
	fdb_job_free(job);
	p.doing = "cancelling";
	assert_int_equal(p.made, 5);
	check_progress(&p, "job 7: cancelling, 1.2 s (^C cancels)");
}

static int setup(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

#define N_WORDS (sizeof(words_cases) / sizeof(words_cases[0]))

int main(void)
{
	struct CMUnitTest tests[10 + N_WORDS] = {
		cmocka_unit_test(states),
		cmocka_unit_test(signals),
		cmocka_unit_test(users),
		cmocka_unit_test(numbers),
		cmocka_unit_test(cleanups),
		cmocka_unit_test(json_of_all),
		cmocka_unit_test(json_of_a_failure),
		cmocka_unit_test(page_of_all),
		cmocka_unit_test(page_of_a_failure),
		cmocka_unit_test(progress),
	};

	for (size_t i = 0; i < N_WORDS; i++)
		tests[10 + i] = (struct CMUnitTest){ words_cases[i].name, check_words, NULL, NULL,
			&words_cases[i] };
	return cmocka_run_group_tests_name("jobs", tests, setup, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The limits of users and of connections, each met by a client: what it may not do is refused with the name of
 * the limit, and another user does not notice. What users.c counts, by itself: unit/test_users.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "config/config_value.h"
#include "defaults.h"
#include "rawclient.h"
#include "wire.h"

#define OTHER_UID 4242

static struct broker broker;
static int other; /* a session of another user, who may restore too */

/* The group of those who may restore, which has no other use here. */
static gid_t group_gid(void)
{
	struct group group, *found = NULL;
	char text[4096];

	assert_int_equal(getgrnam_r("users", &group, text, sizeof(text), &found), 0);
	assert_non_null(found);
	return group.gr_gid;
}

static void start(const char *mode)
{
	static const char *const options[] = { "--group", "users", NULL };
	struct rlimit nofile;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &nofile), 0);
	nofile.rlim_cur = nofile.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &nofile), 0);
	broker_start_with(&broker, mode, options);
	other = raw_connect_as(&broker, OTHER_UID, group_gid());
	raw_lend(other, "of-the-other");
}

static void stop(void)
{
	raw_lend(other, "still-served");
	close(other);
	broker_stop(&broker);
}

static void expect_limit(struct answer *a, const char *name)
{
	assert_non_null(a->message);
	assert_int_equal(a->message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR);
	if (!strstr(a->message->error->text, name))
		print_message("%s\n", a->message->error->text);
	assert_int_equal(a->message->error->code, ERR_LIMIT);
	assert_non_null(strstr(a->message->error->text, name));
	raw_done(a);
}

/* ---- connections ---- */

static void sessions(void **state)
{
	int socks[DEFAULT_USER_SESSIONS], n = 0, one_more;
	struct answer a;

	(void)state;
	start("ok");
	while (n < DEFAULT_USER_SESSIONS - 1) /* and the witness */
		socks[n++] = raw_connect(&broker);
	assert_int_equal(raw_sessions(socks[n - 1]), DEFAULT_USER_SESSIONS + 1);
	one_more = raw_connect(&broker);
	a = raw_recv(one_more);
	expect_limit(&a, "[UserLimits] MaxSessions");
	raw_expect_end(one_more);
	close(one_more);
	one_more = raw_connect_as(&broker, OTHER_UID, group_gid());
	raw_lend(one_more, "x");
	close(one_more);
	while (n)
		close(socks[--n]);
	stop();
}

/* ---- lent descriptors ---- */

/* Lend n under names that begin with a prefix. */
static struct answer lend(int sock, const char *prefix, size_t n)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Lend body = FDBROKER__V1__LEND__INIT;
	char names[WIRE_MAX_FDS][32], *list[WIRE_MAX_FDS];
	int fds[WIRE_MAX_FDS], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct answer a;

	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "%s-%zu", prefix, i);
		list[i] = names[i];
		fds[i] = null;
	}
	body.n_names = n;
	body.names = list;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	message.lend = &body;
	a = raw_call(sock, &message, fds, n);
	close(null);
	return a;
}

/* Until n are lent in this session. */
static void lend_up_to(int sock, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t now = n - done < WIRE_MAX_FDS ? n - done : WIRE_MAX_FDS;
		char prefix[24];
		struct answer a;

		snprintf(prefix, sizeof(prefix), "%zu", done);
		a = lend(sock, prefix, now);
		assert_non_null(a.message);
		assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_LENT);
		raw_done(&a);
		done += now;
	}
}

static void lent(void **state)
{
	int one, two, three;
	struct answer a;

	(void)state;
	start("ok");
	one = raw_connect(&broker);
	two = raw_connect(&broker);
	three = raw_connect(&broker);
	lend_up_to(one, DEFAULT_MAX_LENT);
	a = lend(one, "x", 1);
	expect_limit(&a, "its limit of 8192");
	lend_up_to(two, DEFAULT_USER_LENT - DEFAULT_MAX_LENT - 1); /* one is the witness's */
	a = lend(three, "x", 1);
	expect_limit(&a, "[UserLimits] MaxLent");
	a = lend(other, "x", 100);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_LENT);
	raw_done(&a);
	/* What a session had lent is free again with its end. */
	close(one);
	for (int i = 0; raw_lent(two) > DEFAULT_USER_LENT - DEFAULT_MAX_LENT + 101 && i < 500; i++)
		usleep(10000);
	lend_up_to(three, 100);
	close(two);
	close(three);
	stop();
}

/* ---- jobs ---- */

/* Of images in that directory; NULL: of the broker's. Return: the job, or 0: a user has too many. */
static uint64_t restore(int sock, const char *dir)
{
	Fdbroker__V1__Restore body = FDBROKER__V1__RESTORE__INIT;
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct answer a;
	uint64_t job;

	body.has_deadline_ms = true;
	body.deadline_ms = 60000;
	raw_restore(sock, &broker, &body, fd);
	do {
		a = raw_recv(sock);
		assert_non_null(a.message);
		if (a.message->body_case != FDBROKER__V1__SERVER_MESSAGE__BODY_EVENT)
			break;
		raw_done(&a);
	} while (true);
	if (a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR) {
		expect_limit(&a, "[UserLimits] MaxRestores");
		return 0;
	}
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED);
	job = a.message->accepted->job;
	raw_done(&a);
	return job;
}

static void jobs(void **state)
{
	int sock, n = 0;

	(void)state;
	start("hang");
	sock = raw_connect(&broker);
	while (restore(sock, NULL))
		n++;
	assert_int_equal(n, DEFAULT_USER_JOBS);
	assert_true(restore(other, NULL) > 0);
	/* All of them end with those who have asked for them. */
	close(sock);
	close(other);
	other = raw_connect_as(&broker, OTHER_UID, group_gid());
	stop();
}

/* ---- what is kept ---- */

static long rss_kib(void)
{
	char path[64], line[128];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", broker.pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (kib < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld kB", &kib) != 1)
			kib = -1;
	fclose(f);
	return kib;
}

static unsigned files(void)
{
	DIR *dir = opendir(broker.state);
	unsigned n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		n += !strncmp(e->d_name, "job-", 4) && !strstr(e->d_name, ".log");
	closedir(dir);
	return n;
}

/* Restores that are refused, for there are no images. */
static void fail_jobs(int sock, int n)
{
	for (int i = 0; i < n; i++) {
		struct answer a;

		(void)restore(sock, "/proc/self/task");
		a = raw_await_result(sock);
		assert_int_equal(a.message->result->error->code, ERR_BAD_IMAGES);
		raw_done(&a);
	}
}

static bool is_known(int sock, uint64_t job)
{
	Fdbroker__V1__Show show = FDBROKER__V1__SHOW__INIT;
	struct answer a;
	bool known;

	show.has_job = true;
	show.job = job;
	a = raw_ask(sock, SHOW, show, &show);
	assert_non_null(a.message);
	known = a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT;
	if (!known)
		assert_int_equal(a.message->error->code, ERR_NO_SUCH_JOB);
	raw_done(&a);
	return known;
}

/* A client that reads nothing, of answers to Lists of all that is kept. */
static void ask_and_do_not_read(int sock, unsigned n)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__List list = FDBROKER__V1__LIST__INIT;

	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LIST;
	message.list = &list;
	while (n--)
		raw_send(sock, &message, NULL, 0);
}

static size_t list_bytes(int sock)
{
	Fdbroker__V1__List list = FDBROKER__V1__LIST__INIT;
	struct answer a = raw_ask(sock, LIST, list, &list);
	size_t n = fdbroker__v1__server_message__get_packed_size(a.message);

	raw_done(&a);
	return n;
}

/*
 * Each session has less waiting than a session may (the kernel takes another one or two MB of it), but all of a user's have
 * more than a user may: the one that goes over it is ended.
 */
static void queued_bytes(void)
{
	enum { SESSIONS = 9 };
	unsigned n = (unsigned)((DEFAULT_MAX_QUEUE_BYTES + 100000) / list_bytes(broker.witness));
	int socks[SESSIONS];
	unsigned left;

	for (int i = 0; i < SESSIONS; i++)
		socks[i] = raw_connect(&broker);
	for (int i = 0; raw_sessions(broker.witness) != SESSIONS + 2; i++) { /* accepted */
		assert_true(i < 1000);
		usleep(10000);
	}
	for (int i = 0; i < SESSIONS; i++)
		ask_and_do_not_read(socks[i], n);
	for (int i = 0; (left = raw_sessions(broker.witness)) == SESSIONS + 2 && i < 2000; i++)
		usleep(10000);
	print_message("# of %d sessions that do not read %u are left\n", SESSIONS, left - 2);
	assert_in_range(left, 2 + 4, 2 + SESSIONS - 1);
	(void)list_bytes(other);
	for (int i = 0; i < SESSIONS; i++)
		close(socks[i]);
}

static void kept(void **state)
{
	enum { MORE = 60 };
	uint64_t first, of_the_other;
	long before, after;
	int sock;

	(void)state;
	start("ok");
	fail_jobs(other, 1);
	of_the_other = 1;
	sock = raw_connect(&broker);
	fail_jobs(sock, 1);
	first = 2;
	fail_jobs(sock, DEFAULT_USER_KEPT - 1);
	assert_true(is_known(sock, first));
	before = rss_kib();
	fail_jobs(sock, MORE);
	after = rss_kib();
	print_message("# VmRSS %ld KiB with %d jobs kept, %ld KiB after %d more\n", before,
		DEFAULT_USER_KEPT, after, MORE);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed for a while */
	assert_true(after - before < 256);
#endif
	assert_false(is_known(sock, first + MORE - 1));
	assert_true(is_known(sock, first + MORE));
	assert_true(is_known(other, of_the_other));
	assert_int_equal(files(), DEFAULT_USER_KEPT + 1);
	close(sock);
	queued_bytes();
	stop();
}

/* Logs of 5 MB are kept as 4 MiB each: 32 of them are 128 MiB. */
static void log_bytes(void **state)
{
	enum { FIT = DEFAULT_USER_LOG_BYTES / DEFAULT_JOB_LOG_BYTES, ALL = FIT + 4 };
	struct answer a;
	int sock;

	(void)state;
	start("log:5000000");
	(void)restore(other, NULL);
	a = raw_await_result(other);
	raw_done(&a);
	sock = raw_connect(&broker);
	for (int i = 0; i < ALL; i++) {
		(void)restore(sock, NULL);
		a = raw_await_result(sock);
		assert_int_equal(a.message->result->error->code, ERR_CRIU_FAILED);
		raw_done(&a);
	}
	a = raw_status(sock);
	print_message("# %d logs, %lu bytes of them are kept, in %u jobs\n", ALL + 1,
		(unsigned long)a.message->status->log_bytes, a.message->status->jobs_kept);
	assert_true(a.message->status->log_bytes <= DEFAULT_USER_LOG_BYTES + DEFAULT_JOB_LOG_BYTES);
	assert_true(a.message->status->jobs_kept >= FIT);
	raw_done(&a);
	assert_true(is_known(other, 1));
	assert_false(is_known(sock, 2));
	assert_true(is_known(sock, ALL + 1));
	close(sock);
	stop();
}

/* ---- calls that wait ---- */

static void waits(void **state)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Wait wait = FDBROKER__V1__WAIT__INIT;
	Fdbroker__V1__Cancel cancel = FDBROKER__V1__CANCEL__INIT;
	int sock, waiting;
	struct answer a;

	(void)state;
	start("stop-at:pre-restore");
	sock = raw_connect(&broker);
	waiting = raw_connect(&broker);
	wait.has_job = cancel.has_job = true;
	wait.job = cancel.job = restore(sock, NULL);
	raw_await_event(sock, "pre-restore");
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT;
	message.wait = &wait;
	for (int i = 0; i < DEFAULT_MAX_WAITING; i++)
		raw_send(waiting, &message, NULL, 0);
	raw_send(waiting, &message, NULL, 0);
	a = raw_recv(waiting);
	expect_limit(&a, "256 calls of this connection wait");
	a = raw_ask(other, CANCEL, cancel, &cancel);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT);
	raw_done(&a);
	for (int i = 0; i < DEFAULT_MAX_WAITING; i++) {
		a = raw_recv(waiting);
		assert_non_null(a.message);
		assert_int_equal(
			a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT);
		assert_int_equal(a.message->job_report->job->result->error->code, ERR_CANCELLED);
		raw_done(&a);
	}
	raw_lend(waiting, "and-more-may-wait-now");
	close(waiting);
	close(sock);
	stop();
}

static void the_defaults(void **state)
{
	struct config config;

	(void)state;
	assert_int_equal(config_init(&config), 0);
	assert_int_equal(config.user_sessions, DEFAULT_USER_SESSIONS);
	assert_int_equal(config.user_lent, DEFAULT_USER_LENT);
	assert_int_equal(config.user_restores, DEFAULT_USER_JOBS);
	assert_int_equal(config.user_kept, DEFAULT_USER_KEPT);
	assert_int_equal(config.user_log_bytes, DEFAULT_USER_LOG_BYTES);
	assert_int_equal(config.max_lent, DEFAULT_MAX_LENT);
	assert_int_equal(config.max_queue_bytes, DEFAULT_MAX_QUEUE_BYTES);
	assert_int_equal(config.max_waiting, DEFAULT_MAX_WAITING);
	assert_int_equal(config.max_job_log_bytes, DEFAULT_JOB_LOG_BYTES);
	config_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults),
		cmocka_unit_test(sessions),
		cmocka_unit_test(lent),
		cmocka_unit_test(jobs),
		cmocka_unit_test(kept),
		cmocka_unit_test(log_bytes),
		cmocka_unit_test(waits),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}

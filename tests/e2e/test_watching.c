/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watch with clients that read and that do not, Drain, and the log of a job that is under way. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "defaults.h"
#include "rawclient.h"

static struct broker broker;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void ask_restore(int sock)
{
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;

	restore.has_deadline_ms = true;
	restore.deadline_ms = 60000;
	raw_restore(sock, &broker, &restore, -1);
}

/* ---- Watch ---- */

static int watch(void)
{
	Fdbroker__V1__Watch watch = FDBROKER__V1__WATCH__INIT;
	int sock = raw_connect(&broker);
	struct answer a = raw_ask(sock, WATCH, watch, &watch);

	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_WATCHING);
	raw_done(&a);
	return sock;
}

struct seen {
	uint64_t events, lost, notices;
	bool ended; /* the end of the job was among them */
};

static void take_event(int sock, struct seen *seen)
{
	struct answer a = raw_recv(sock);
	const Fdbroker__V1__JobEvent *event;

	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_EVENT);
	event = a.message->job_event;
	seen->events += event->job != NULL;
	seen->lost += event->lost;
	seen->notices += event->has_lost;
	seen->ended |= event->job && !event->event &&
		       event->job->state == FDBROKER__V1__JOB_STATE__JOB_ENDED;
	raw_done(&a);
}

static bool is_readable(int sock)
{
	return poll(&(struct pollfd){ .fd = sock, .events = POLLIN }, 1, 0) == 1;
}

/* Takes what is said to the one who restores, until the result: the pid of the root. */
static pid_t take_told(int sock)
{
	struct answer a = raw_recv(sock);
	pid_t root = 0;

	assert_non_null(a.message);
	if (a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT) {
		assert_true(a.message->result->success);
		root = a.message->result->pid;
	}
	raw_done(&a);
	return root;
}

/* As the metrics have it. */
static uint64_t events_lost(void)
{
	static const char sample[] = "\nfdbroker_watch_events_lost_total ";
	Fdbroker__V1__Metrics metrics = FDBROKER__V1__METRICS__INIT;
	struct answer a = raw_ask(broker.witness, METRICS, metrics, &metrics);
	const char *at;
	uint64_t lost;

	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_METRICS_TEXT);
	at = strstr(a.message->metrics_text->text, sample);
	assert_non_null(at);
	lost = strtoull(at + strlen(sample), NULL, 10);
	raw_done(&a);
	return lost;
}

/* One that reads sees all; one that does not hears how many it has missed, and nobody waits for it. */
static void slow_watcher(void **state)
{
	int restoring, quick, slow;
	struct seen all = { 0 }, some = { 0 };
	uint64_t start = now_ms(), longest = 0;
	pid_t root = 0;

	(void)state;
	broker_start(&broker, "notify:9000");
	quick = watch();
	slow = watch();
	restoring = raw_connect(&broker);
	ask_restore(restoring);
	while (!all.ended) {
		uint64_t asked = now_ms();

		if (all.events % 1000 == 0) /* somebody else is served all the while */
			(void)raw_sessions(broker.witness);
		if (now_ms() - asked > longest)
			longest = now_ms() - asked;
		if (!root && is_readable(restoring)) {
			root = take_told(restoring);
			if (root)
				assert_int_equal(kill(root, SIGKILL), 0);
		}
		if (root || is_readable(quick))
			take_event(quick, &all);
	}
	assert_int_equal(all.lost, 0);
	while (some.events + some.lost < all.events)
		take_event(slow, &some);
	assert_int_equal(some.events + some.lost, all.events);
	assert_true(some.lost > 0);
	assert_int_equal(events_lost(), some.lost);
	assert_false(is_readable(slow));
	print_message(
		"# %lu events in %lu ms; the slow one saw %lu and was told of %lu that it lost, in %lu notices; the longest Status meanwhile took %lu ms\n",
		(unsigned long)all.events, (unsigned long)(now_ms() - start),
		(unsigned long)some.events, (unsigned long)some.lost, (unsigned long)some.notices,
		(unsigned long)longest);
	assert_true(longest < 1000);
	close(restoring);
	close(quick);
	close(slow);
	broker_stop(&broker);
}

/* ---- Drain ---- */

static struct answer drain(int sock, bool off, bool wait)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Drain body = FDBROKER__V1__DRAIN__INIT;
	struct answer none = { 0 };

	body.has_off = body.has_wait = true;
	body.off = off;
	body.wait = wait;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_DRAIN;
	message.drain = &body;
	raw_send(sock, &message, NULL, 0);
	return wait ? none : raw_recv(sock);
}

static void expect_draining(struct answer a, bool draining, unsigned jobs)
{
	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_DRAINING);
	assert_int_equal(a.message->draining->draining, draining);
	assert_int_equal(a.message->draining->jobs, jobs);
	raw_done(&a);
}

static void drained(void **state)
{
	Fdbroker__V1__Cancel cancel = FDBROKER__V1__CANCEL__INIT;
	int restoring, asking, waiting, stranger;
	struct answer a;

	(void)state;
	broker_start(&broker, "stop-at:pre-restore");
	restoring = raw_connect(&broker);
	asking = raw_connect(&broker);
	waiting = raw_connect(&broker);
	stranger = raw_connect_as(&broker, 65534, 65534);
	ask_restore(restoring);
	raw_await_event(restoring, "pre-restore");

	(void)drain(stranger, false, true);
	raw_expect_error(stranger, ERR_PERMISSION, NULL);
	expect_draining(drain(asking, false, false), true, 1);
	ask_restore(asking);
	raw_expect_error(asking, ERR_DRAINING, NULL);
	(void)drain(waiting, false, true);
	usleep(200000);
	assert_false(is_readable(waiting));

	cancel.has_job = true;
	cancel.job = 1;
	a = raw_ask(asking, CANCEL, cancel, &cancel);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT);
	raw_done(&a);
	expect_draining(raw_recv(waiting), true, 0);
	raw_expect_failure(restoring, ERR_CANCELLED);
	ask_restore(asking);
	raw_expect_error(asking, ERR_DRAINING, NULL);
	expect_draining(drain(asking, true, false), false, 0);
	ask_restore(asking);
	raw_await_event(asking, "pre-restore");

	close(restoring);
	close(asking);
	close(waiting);
	close(stranger);
	broker_stop(&broker);
}

/* ---- logs ---- */

/* Return: the log's descriptor, the caller's. */
static int log_of(int sock, uint64_t job, bool complete, uint64_t *ret_bytes)
{
	Fdbroker__V1__Log log = FDBROKER__V1__LOG__INIT;
	struct answer a;
	int fd;

	log.has_job = true;
	log.job = job;
	a = raw_ask(sock, LOG, log, &log);
	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_LOG_FILE);
	assert_int_equal(a.message->log_file->complete, complete);
	assert_int_equal(a.n_fds, 1);
	*ret_bytes = a.message->log_file->bytes;
	fd = a.fds[0];
	a.n_fds = 0;
	raw_done(&a);
	return fd;
}

/* The job may have ended a moment before its criu has. */
static void await_complete_log(int sock, uint64_t job)
{
	Fdbroker__V1__Log log = FDBROKER__V1__LOG__INIT;
	bool complete = false;

	log.has_job = true;
	log.job = job;
	for (int i = 0; !complete && i < 500; i++) {
		struct answer a = raw_ask(sock, LOG, log, &log);

		complete = a.message->log_file->complete;
		raw_done(&a);
		usleep(complete ? 0 : 10000);
	}
	assert_true(complete);
}

static void log_grows(void **state)
{
	char command[128], text[8192] = "";
	uint64_t first, later, whole;
	int restoring, asking, log;
	struct answer a;

	(void)state;
	broker_start(&broker, "log-slowly");
	restoring = raw_connect(&broker);
	asking = raw_connect(&broker);
	ask_restore(restoring);
	usleep(300000);
	close(log_of(asking, 1, false, &first));
	usleep(300000);
	close(log_of(asking, 1, false, &later));
	assert_true(first > 0);
	assert_true(later > first);

	a = raw_await_result(restoring);
	assert_true(a.message->result->success);
	(void)kill(a.message->result->pid, SIGKILL);
	raw_done(&a);
	a = raw_wait(asking, 1);
	raw_done(&a);
	/* The client's directory is no longer there. */
	snprintf(command, sizeof(command), "rm -rf %s", broker.images);
	assert_int_equal(system(command), 0);
	await_complete_log(asking, 1);
	log = log_of(asking, 1, true, &whole);
	assert_true(whole > later);
	assert_int_equal(read(log, text, sizeof(text) - 1), (ssize_t)whole);
	assert_non_null(strstr(text, "slow line 0\n"));
	assert_non_null(strstr(text, "slow line 49\n"));
	close(log);
	close(restoring);
	close(asking);
	broker_stop(&broker);
}

/* Of a long one the two ends are kept, and a line that says what is not. */
static void long_log(void **state)
{
	autofree char *text = calloc(1, DEFAULT_JOB_LOG_BYTES + 2);
	int restoring, asking, log;
	unsigned long left_out, next;
	const char *cut, *line;
	uint64_t bytes;

	(void)state;
	assert_non_null(text);
	broker_start(&broker, "log:12000000");
	restoring = raw_connect(&broker);
	asking = raw_connect(&broker);
	ask_restore(restoring);
	raw_expect_failure(restoring, ERR_CRIU_FAILED);
	await_complete_log(asking, 1);
	log = log_of(asking, 1, true, &bytes);
	assert_true(bytes <= DEFAULT_JOB_LOG_BYTES);
	assert_true(bytes > DEFAULT_JOB_LOG_BYTES - 16384);
	assert_int_equal(read(log, text, DEFAULT_JOB_LOG_BYTES + 1), (ssize_t)bytes);
	assert_non_null(strstr(text, "byte 0: one line"));
	assert_non_null(strstr(text + bytes - 200, "Restoring FAILED."));
	/* What is said in the middle is as much as is missing. */
	cut = strstr(text, "\n[criu-fdbroker: ");
	assert_non_null(cut);
	assert_in_range(cut - text, bytes / 2 - 8192, bytes / 2 + 8192);
	assert_int_equal(sscanf(cut, "\n[criu-fdbroker: %lu bytes of this log are left out here]",
				 &left_out),
		1);
	line = strchr(cut + 1, '\n') + 1;
	assert_int_equal(sscanf(line, "(00.000000) byte %lu:", &next), 1);
	/* The shell that starts fake-criu may have had something to say before. */
	assert_int_equal(next + (unsigned long)(strstr(text, "(00.000000) byte 0:") - text),
		(unsigned long)(cut + 1 - text) + left_out);
	print_message("# of 12000000 bytes and 3 lines %lu are kept\n", (unsigned long)bytes);
	close(log);
	close(restoring);
	close(asking);
	broker_stop(&broker);
}

static void flooded_log(void **state)
{
	struct answer a;
	int sock;

	(void)state;
	broker_start(&broker, "log-flood");
	sock = raw_connect(&broker);
	ask_restore(sock);
	a = raw_await_result(sock);
	assert_false(a.message->result->success);
	print_message("# %s, after %lu ms\n", a.message->result->error->text,
		(unsigned long)a.message->result->total_us / 1000);
	assert_int_equal(a.message->result->error->code, ERR_LIMIT);
	assert_non_null(strstr(a.message->result->error->text, "criu's log is over"));
	raw_done(&a);
	close(sock);
	broker_stop(&broker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_watcher),
		cmocka_unit_test(drained),
		cmocka_unit_test(log_grows),
		cmocka_unit_test(long_log),
		cmocka_unit_test(flooded_log),
	};

	return cmocka_run_group_tests_name("watching", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A criu that misbehaves, and clients that leave, at every stage. After each test rawclient.c sees to it
 * that the broker has no child and no descriptor more than before, and still serves the others.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "rawclient.h"

static struct broker broker;

static void start(int sock, uint32_t deadline_ms, bool carry_on)
{
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;

	restore.has_deadline_ms = true;
	restore.deadline_ms = deadline_ms;
	restore.has_when_client_gone = true;
	restore.when_client_gone = carry_on ? FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON
					    : FDBROKER__V1__WHEN_CLIENT_GONE__CANCEL;
	raw_restore(sock, &broker, &restore, -1);
}

/* ---- criu ---- */

struct bad_criu {
	const char *name;
	const char *mode; /* NULL: there is no criu */
	int code;
	const char *telling; /* what the text must say */
	uint32_t deadline_ms;
};

static void bad_criu(void **state)
{
	const struct bad_criu *c = *state;
	const Fdbroker__V1__Result *result;
	struct answer a;
	int sock;

	broker_start(&broker, c->mode);
	sock = raw_connect(&broker);
	start(sock, c->deadline_ms, false);
	a = raw_await_result(sock);
	result = a.message->result;
	assert_false(result->success);
	assert_false(result->has_pidfd);
	if (!strstr(result->error->text, c->telling) ||
		result->error->code != (Fdbroker__V1__ErrorCode)c->code)
		print_message("%d %s\n", result->error->code, result->error->text);
	assert_int_equal(result->error->code, c->code);
	assert_non_null(strstr(result->error->text, c->telling));
	raw_done(&a);
	raw_lend(sock, "the-session-goes-on");
	close(sock);
	broker_stop(&broker);
}

/* The whole log comes with the result, also with a failure. */
static void log_is_lent(void **state)
{
	char log[4096] = "";
	struct answer a;
	ssize_t n;
	int sock;

	(void)state;
	broker_start(&broker, "fail");
	sock = raw_connect(&broker);
	start(sock, 5000, false);
	a = raw_await_result(sock);
	assert_true(a.message->result->has_log);
	n = read(a.fds[a.message->result->log], log, sizeof(log) - 1);
	assert_true(n > 0);
	assert_non_null(strstr(log, "bad size 10 (expect 5)"));
	assert_non_null(strstr(log, "Restoring FAILED"));
	assert_int_equal(write(a.fds[a.message->result->log], "x", 1), -1);
	raw_done(&a);
	close(sock);
	broker_stop(&broker);
}

/* criu has its three standard descriptors, its socket, two directories and what is lent: nothing else. */
static void table_of_criu(void **state)
{
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;
	Fdbroker__V1__Mapping low = FDBROKER__V1__MAPPING__INIT, high = FDBROKER__V1__MAPPING__INIT,
			      again = FDBROKER__V1__MAPPING__INIT,
			      *list[] = { &low, &high, &again };
	Fdbroker__V1__Target targets[3];
	static const char *const keys[] = { "a", "b", "c" };
	static const char *const wanted[] = { "table 0 /dev/null\n", "table 1 /tmp/fdbroker-test-",
		"table 2 /tmp/fdbroker-test-", "table 3 /dev/null\n", "table 4 socket:[",
		"table 5 ", "table 6 ", "table 7 /dev/null\n", "table 500 /dev/null\n" };
	char log[8192] = "";
	unsigned lines = 0;
	struct answer a;
	int sock;

	(void)state;
	broker_start(&broker, "table");
	sock = raw_connect(&broker);
	raw_lend(sock, "x");
	raw_lend(sock, "y");
	for (size_t i = 0; i < 3; i++) {
		fdbroker__v1__target__init(&targets[i]);
		targets[i].target_case = FDBROKER__V1__TARGET__TARGET_KEY;
		targets[i].key = (char *)keys[i];
		list[i]->target = &targets[i];
		list[i]->lent = (char *)(i == 1 ? "y" : "x");
	}
	low.has_number = high.has_number = true;
	low.number = 3; /* where the broker would have put criu's socket */
	high.number = 500;
	restore.n_mappings = 3;
	restore.mappings = list;
	raw_restore(sock, &broker, &restore, -1);
	a = raw_await_result(sock);
	assert_int_equal(a.message->result->n_numbers, 3);
	assert_int_equal(a.message->result->numbers[0], 3);
	assert_int_equal(a.message->result->numbers[1], 500);
	assert_int_equal(a.message->result->numbers[2], 7);
	assert_true(read(a.fds[a.message->result->log], log, sizeof(log) - 1) > 0);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_non_null(strstr(log, wanted[i]));
	for (const char *p = log; (p = strstr(p, "table ")); p++)
		lines++;
	assert_int_equal(lines, sizeof(wanted) / sizeof(wanted[0]));
	raw_done(&a);
	assert_int_equal(raw_lent(sock), 1); /* used up */
	close(sock);
	broker_stop(&broker);
}

/* ---- success, and who is told ---- */

static void end_by(const struct answer *a)
{
	const Fdbroker__V1__Result *result = a->message->result;

	assert_true(result->success);
	assert_true(result->has_pid && result->has_pidfd && result->has_log);
	assert_int_equal(pidfd_send_signal(a->fds[result->pidfd], SIGKILL, NULL, 0), 0);
}

static void success(void **state)
{
	const char *mode = *state;
	struct answer a;
	int sock;

	broker_start(&broker, mode);
	sock = raw_connect(&broker);
	start(sock, 5000, false);
	a = raw_await_result(sock);
	assert_int_equal(a.message->result->n_stages, 6);
	assert_int_equal(a.message->result->stages[0]->stage, FDBROKER__V1__STAGE__PLANNED);
	assert_int_equal(a.message->result->stages[1]->stage, FDBROKER__V1__STAGE__STARTED);
	assert_string_equal(a.message->result->stages[3]->notification, "post-restore");
	end_by(&a);
	raw_done(&a);
	close(sock);
	broker_stop(&broker);
}

static void two_sessions(void **state)
{
	struct answer a, b;
	int one, two;

	(void)state;
	broker_start(&broker, "ok");
	one = raw_connect(&broker);
	two = raw_connect(&broker);
	start(one, 5000, false);
	start(two, 5000, false);
	b = raw_await_result(two);
	a = raw_await_result(one);
	assert_int_not_equal(a.message->result->pid, b.message->result->pid);
	assert_int_not_equal(a.message->result->job, b.message->result->job);
	end_by(&a);
	end_by(&b);
	raw_done(&a);
	raw_done(&b);
	close(one);
	close(two);
	broker_stop(&broker);
}

/* ---- a client that leaves ---- */

/* "" : at once, before criu can have said anything. */
static void client_leaves(void **state)
{
	const char *moment = *state;
	char mode[64];
	int sock;

	snprintf(mode, sizeof(mode), "stop-at:%s", moment);
	broker_start(&broker, mode);
	sock = raw_connect(&broker);
	start(sock, 60000, false);
	if (*moment)
		raw_await_event(sock, moment);
	close(sock);
	broker_stop(&broker); /* nothing may be left, though the deadline is far away */
}

/* A tree that runs on although nobody listens: the broker's last child once criu has ended. */
static void client_leaves_carry_on(void **state)
{
	int sock, root = 0;

	(void)state;
	broker_start(&broker, "ok");
	sock = raw_connect(&broker);
	start(sock, 60000, true);
	close(sock);
	for (int i = 0; i < 500 && !root; i++) {
		char only[16];

		usleep(10000);
		if (raw_trees(broker.witness) == 1) {
			autofree char *children = broker_children(&broker);
			const char *new = children + strlen(broker.children_at_start);

			root = sscanf(new, "%d %15s", &root, only) == 1 ? atoi(new) : 0;
		}
	}
	assert_true(root > 0);
	assert_int_equal(kill(root, SIGKILL), 0);
	broker_stop(&broker);
}

/* ---- a client that never reads ---- */

static void client_never_reads(void **state)
{
	int sock;

	(void)state;
	broker_start(&broker, "flood");
	sock = raw_connect(&broker);
	start(sock, 60000, false);
	/* Its session is ended, and with it the restore, long before the deadline. */
	for (int i = 0; raw_sessions(broker.witness) > 1; i++) {
		assert_true(i < 3000);
		usleep(10000);
	}
	raw_expect_end(sock);
	close(sock);
	broker_stop(&broker);
}

/* ---- the broker is told to stop ---- */

static void stop_while_restoring(void **state)
{
	int sock;

	(void)state;
	broker_start(&broker, "stop-at:pre-restore");
	sock = raw_connect(&broker);
	start(sock, 60000, false);
	raw_await_event(sock, "pre-restore");
	assert_int_equal(kill(broker.pid, SIGTERM), 0);
	raw_expect_failure(sock, ERR_CANCELLED);
	raw_expect_end(sock);
	close(sock);
	broker_reap(&broker);
}

#define BAD(c)                                                                                     \
	{                                                                                          \
		(c)->name, bad_criu, NULL, NULL, (void *)(c)                                       \
	}
#define LEAVES(name, moment)                                                                       \
	{                                                                                          \
		name, client_leaves, NULL, NULL, (void *)(moment)                                  \
	}
#define SUCCESS(name, mode)                                                                        \
	{                                                                                          \
		name, success, NULL, NULL, (void *)(mode)                                          \
	}

int main(void)
{
	static const struct bad_criu c[] = {
		{ "no criu at the path", NULL, ERR_NO_CRIU, "criu", 5000 },
		{ "exits at once", "exit", ERR_CRIU_BROKE, "status 3", 5000 },
		{ "hangs", "hang", ERR_DEADLINE, "deadline", 300 },
		{ "garbage", "garbage", ERR_CRIU_BROKE, "no message", 5000 },
		{ "closes its socket and stays", "close", ERR_CRIU_BROKE, "closed its socket",
			5000 },
		{ "fails", "fail", ERR_CRIU_FAILED,
			"task 32: /tmp/log is 10 bytes long now, and 5 bytes in the images", 5000 },
		{ "fails and stays", "fail-stay", ERR_CRIU_FAILED,
			"is 10 bytes long now, and 5 bytes in the images", 5000 },
		{ "answers something else", "other-type", ERR_CRIU_BROKE, "message type 9", 5000 },
		{ "names itself", "own-pid", ERR_CRIU_BROKE, "no child of the broker", 5000 },
		{ "names a foreign pid", "foreign-pid", ERR_CRIU_BROKE, "no child of the broker",
			5000 },
		{ "succeeds without post-restore", "no-post-restore", ERR_CRIU_BROKE,
			"without the post-restore", 5000 },
		{ "hangs at pre-restore", "stop-at:pre-restore", ERR_DEADLINE, "deadline", 300 },
		{ "hangs at post-restore", "stop-at:post-restore", ERR_DEADLINE, "deadline", 300 },
		{ "hangs at pre-resume", "stop-at:pre-resume", ERR_DEADLINE, "deadline", 300 },
		{ "hangs at post-resume", "stop-at:post-resume", ERR_DEADLINE, "deadline", 300 },
		{ "is killed at pre-restore", "die-at:pre-restore", ERR_CRIU_BROKE, "SIGKILL",
			5000 },
		{ "is killed at post-restore", "die-at:post-restore", ERR_CRIU_BROKE, "SIGKILL",
			5000 },
		{ "is killed at pre-resume", "die-at:pre-resume", ERR_CRIU_BROKE, "SIGKILL", 5000 },
		{ "is killed at post-resume", "die-at:post-resume", ERR_CRIU_BROKE, "SIGKILL",
			5000 },
	};
	const struct CMUnitTest tests[] = {
		BAD(&c[0]),
		BAD(&c[1]),
		BAD(&c[2]),
		BAD(&c[3]),
		BAD(&c[4]),
		BAD(&c[5]),
		BAD(&c[6]),
		BAD(&c[7]),
		BAD(&c[8]),
		BAD(&c[9]),
		BAD(&c[10]),
		BAD(&c[11]),
		BAD(&c[12]),
		BAD(&c[13]),
		BAD(&c[14]),
		BAD(&c[15]),
		BAD(&c[16]),
		BAD(&c[17]),
		BAD(&c[18]),
		cmocka_unit_test(log_is_lent),
		cmocka_unit_test(table_of_criu),
		SUCCESS("succeeds", "ok"),
		SUCCESS("succeeds and never ends", "stay"),
		cmocka_unit_test(two_sessions),
		LEAVES("client leaves at once", ""),
		LEAVES("client leaves at pre-restore", "pre-restore"),
		LEAVES("client leaves at post-restore", "post-restore"),
		LEAVES("client leaves at pre-resume", "pre-resume"),
		LEAVES("client leaves at post-resume", "post-resume"),
		cmocka_unit_test(client_leaves_carry_on),
		cmocka_unit_test(client_never_reads),
		cmocka_unit_test(stop_while_restoring),
	};

	return cmocka_run_group_tests_name("bad criu", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Class own with a criu that misbehaves: whatever images could make of it, nothing that it leaves may have more
 * rights than the client. What a real criu does: 85-own.sh.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "rawclient.h"

#define UID 4242

static const char *const allow_own[] = { "--allow-own", NULL };
static struct broker broker;

struct own_case {
	const char *name;
	const char *mode; /* of tools/fake-criu.c */
	int code;
	const char *says; /* NULL: it succeeds */
};

static void ask_as_user(const char *mode, int *ret_sock)
{
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;

	char command[160];

	broker_start_with(&broker, mode, allow_own);
	snprintf(command, sizeof(command), "chown -R %d:%d %s", UID, UID, broker.images);
	assert_int_equal(system(command), 0);
	*ret_sock = raw_connect_as(&broker, UID, UID);
	restore.has_deadline_ms = true;
	restore.deadline_ms = 10000;
	raw_restore(*ret_sock, &broker, &restore, -1);
}

static struct answer restore_as_user(const char *mode, int *ret_sock)
{
	ask_as_user(mode, ret_sock);
	return raw_await_result(*ret_sock);
}

static void criu_of_a_user(void **state)
{
	const struct own_case *c = *state;
	const Fdbroker__V1__Result *result;
	struct answer a;
	int sock;

	a = restore_as_user(c->mode, &sock);
	result = a.message->result;
	if (c->says) {
		assert_false(result->success);
		if (!strstr(result->error->text, c->says))
			fail_msg("'%s' does not say '%s'", result->error->text, c->says);
		assert_int_equal(result->error->code, c->code);
		assert_false(result->has_pidfd);
	} else {
		if (!result->success)
			fail_msg("%s", result->error->text);
		assert_int_equal(kill(result->pid, SIGKILL), 0);
	}
	raw_done(&a);
	close(sock);
	broker_stop(&broker); /* nothing is left */
}

/* From post-restore on: without it nobody would end the tree if the broker died. */
static void somebody_kills_the_guard(void **state)
{
	char command[96];
	struct answer a;
	int sock, i;

	(void)state;
	ask_as_user("stop-at:post-restore", &sock);
	snprintf(command, sizeof(command), "pkill -KILL -P %d -x fdbroker-guard", broker.pid);
	for (i = 0; i < 500 && system(command) != 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_in_range(i, 0, 499);
	a = raw_await_result(sock);
	assert_false(a.message->result->success);
	assert_non_null(
		strstr(a.message->result->error->text, "process of the broker's was killed"));
	assert_int_equal(a.message->result->error->code, ERR_INTERNAL);
	raw_done(&a);
	close(sock);
	broker_stop(&broker);
}

static void rights_of_the_tree(void **state)
{
	char path[64], text[4096] = "";
	struct answer a;
	FILE *f;
	int sock;

	(void)state;
	a = restore_as_user("own", &sock);
	assert_true(a.message->result->success);
	snprintf(path, sizeof(path), "/proc/%d/status", a.message->result->pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	(void)fclose(f);
	assert_non_null(strstr(text, "Uid:\t4242\t4242\t4242\t4242\n"));
	assert_non_null(strstr(text, "CapPrm:\t0000000000000000\n"));
	assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
	assert_int_equal(kill(a.message->result->pid, SIGKILL), 0);
	raw_done(&a);
	close(sock);
	broker_stop(&broker);
}

int main(void)
{
	static const struct own_case c[] = {
		{ "a good one", "own", 0, NULL },
		{ "the root keeps criu's capabilities", "ok", ERR_PERMISSION,
			"would have capabilities (mask 0x10000000100)" },
		{ "a process that is not told of keeps them", "own-stray", ERR_PERMISSION,
			"would have capabilities (mask 0x10000000100)" },
		{ "pre-resume is left out", "own-silent", ERR_CRIU_BROKE, "without pre-resume" },
		{ "names itself", "own-pid", ERR_CRIU_BROKE, "no child of the broker" },
		{ "names a foreign pid", "foreign-pid", ERR_CRIU_BROKE, "no child of the broker" },
		{ "succeeds without post-restore", "no-post-restore", ERR_CRIU_BROKE,
			"without the post-restore" },
		{ "is killed at pre-resume", "die-at:pre-resume", ERR_PERMISSION,
			"would have capabilities" },
	};
	struct CMUnitTest tests[sizeof(c) / sizeof(c[0]) + 2] = {
		cmocka_unit_test(rights_of_the_tree),
		cmocka_unit_test(somebody_kills_the_guard),
	};

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
		tests[i + 2] =
			(struct CMUnitTest){ c[i].name, criu_of_a_user, NULL, NULL, (void *)&c[i] };
	return cmocka_run_group_tests_name("own", tests, NULL, NULL);
}

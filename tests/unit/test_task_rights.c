/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* task_rights: what is read in /proc/PID/status, and what of it is more than a user has. */
#include "policy/task_rights.h"

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* As Linux 6.18 writes it, shortened. */
#define HEAD                                                                                       \
	"Name:\tready\nUmask:\t0022\nState:\tt (tracing stop)\nTgid:\t18\nPid:\t18\nTracerPid:\t0\n"
#define IDS     "Uid:\t4242\t4242\t4242\t4242\nGid:\t4242\t4242\t4242\t4242\nFDSize:\t64\n"
#define GROUPS  "Groups:\t10 20 \n"
#define NO_CAPS "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
#define BOUND   "CapBnd:\t000001fffeffffff\n"
#define AMBIENT "CapAmb:\t0000000000000000\n"
#define NNP     "NoNewPrivs:\t1\nSeccomp:\t0\n"

static gid_t groups[] = { 20, 10 };
static const struct credentials user = { 4242, 4242, groups, 2 };

struct status_case {
	const char *name;
	const char *text;
	const char *excess; /* NULL: none; "?": it is not as expected */
};

static const struct status_case cases[] = {
	{ "the user's own", HEAD IDS GROUPS NO_CAPS BOUND AMBIENT NNP, NULL },
	{ "other real uid",
		HEAD "Uid:\t1\t4242\t4242\t4242\nGid:\t4242\t4242\t4242\t4242\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"uid 1" },
	{ "effective root",
		HEAD "Uid:\t4242\t0\t4242\t4242\nGid:\t4242\t4242\t4242\t4242\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"uid 0" },
	{ "saved root",
		HEAD "Uid:\t4242\t4242\t0\t4242\nGid:\t4242\t4242\t4242\t4242\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"uid 0" },
	{ "uid of files",
		HEAD "Uid:\t4242\t4242\t4242\t0\nGid:\t4242\t4242\t4242\t4242\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"uid 0" },
	{ "saved gid",
		HEAD "Uid:\t4242\t4242\t4242\t4242\nGid:\t4242\t4242\t10\t4242\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"gid 10" },
	{ "gid of files",
		HEAD "Uid:\t4242\t4242\t4242\t4242\nGid:\t4242\t4242\t4242\t0\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"gid 0" },
	{ "a group more", HEAD IDS "Groups:\t10 20 27 \n" NO_CAPS AMBIENT NNP,
		"other supplementary groups" },
	{ "a group fewer", HEAD IDS "Groups:\t10 \n" NO_CAPS AMBIENT NNP,
		"other supplementary groups" },
	{ "no groups", HEAD IDS "Groups:\t \n" NO_CAPS AMBIENT NNP, "other supplementary groups" },
	{ "permitted",
		HEAD IDS GROUPS
		"CapInh:\t0000000000000000\nCapPrm:\t0000010000000000\nCapEff:\t0000000000000000\n" AMBIENT
			NNP,
		"capabilities (mask 0x10000000000)" },
	{ "inheritable",
		HEAD IDS GROUPS
		"CapInh:\t0000000000000001\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n" AMBIENT
			NNP,
		"capabilities (mask 0x1)" },
	{ "effective",
		HEAD IDS GROUPS
		"CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t8000000000000000\n" AMBIENT
			NNP,
		"capabilities (mask 0x8000000000000000)" },
	{ "ambient", HEAD IDS GROUPS NO_CAPS "CapAmb:\t0000000000000100\n" NNP,
		"capabilities (mask 0x100)" },
	{ "may gain by exec", HEAD IDS GROUPS NO_CAPS AMBIENT "NoNewPrivs:\t0\n",
		"no no_new_privs" },
	{ "a zombie has none",
		"Name:\tx\nState:\tZ (zombie)\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n" GROUPS
		"CapInh:\t1\nCapPrm:\t1\nCapEff:\t1\n" AMBIENT NNP,
		NULL },
	{ "a name like a line",
		"Name:\tUid:\\n\nState:\tR (running)\n" IDS GROUPS NO_CAPS AMBIENT NNP, NULL },

	{ "nothing", "", "?" },
	{ "no groups' line", HEAD IDS NO_CAPS AMBIENT NNP, "?" },
	{ "no ambient line", HEAD IDS GROUPS NO_CAPS NNP, "?" },
	{ "no no_new_privs line", HEAD IDS GROUPS NO_CAPS AMBIENT, "?" },
	{ "no state", "Name:\tx\n" IDS GROUPS NO_CAPS AMBIENT NNP, "?" },
	{ "a line twice", HEAD IDS GROUPS NO_CAPS AMBIENT NNP IDS, "?" },
	{ "groups twice", HEAD IDS GROUPS GROUPS NO_CAPS AMBIENT NNP, "?" },
	{ "three uids",
		HEAD
		"Uid:\t4242\t4242\t4242\nGid:\t4242\t4242\t4242\t4242\n" GROUPS NO_CAPS AMBIENT NNP,
		"?" },
	{ "five uids",
		HEAD
		"Uid:\t4242\t4242\t4242\t4242\t0\nGid:\t4242\t4242\t4242\t4242\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"?" },
	{ "a negative uid",
		HEAD "Uid:\t-1\t4242\t4242\t4242\nGid:\t4242\t4242\t4242\t4242\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"?" },
	{ "a uid of 33 bits",
		HEAD
		"Uid:\t4294971538\t4242\t4242\t4242\nGid:\t4242\t4242\t4242\t4242\n" GROUPS NO_CAPS
			AMBIENT NNP,
		"?" },
	{ "a mask of 65 bits", HEAD IDS GROUPS NO_CAPS "CapAmb:\t10000000000000000\n" NNP, "?" },
	{ "a mask that is none", HEAD IDS GROUPS NO_CAPS "CapAmb:\txyz\n" NNP, "?" },
	{ "a group that is none", HEAD IDS "Groups:\t10 x\n" NO_CAPS AMBIENT NNP, "?" },
	{ "cut in the groups", HEAD IDS NO_CAPS AMBIENT NNP "Groups:\t10 20", "?" },
	{ "cut in a mask", HEAD IDS GROUPS NO_CAPS NNP "CapAmb:\t00", "?" },
};

static void check_status(void **state)
{
	const struct status_case *c = *state;
	char *text = strdup(c->text), buf[64]; /* of just this size, for the sanitizers */
	struct task_rights rights;
	const char *excess;

	if (c->excess && !strcmp(c->excess, "?")) {
		assert_int_equal(task_rights_parse(text, &rights), -EBADMSG);
		assert_null(rights.groups);
		free(text);
		return;
	}
	assert_int_equal(task_rights_parse(text, &rights), 0);
	excess = task_rights_excess(&rights, &user, buf, sizeof(buf));
	if (c->excess)
		assert_string_equal(excess, c->excess);
	else
		assert_null(excess);
	task_rights_done(&rights);
	free(text);
}

static void many_groups(void **state)
{
	size_t size = sizeof(HEAD IDS NO_CAPS AMBIENT NNP) + 65536 * 11 + 16;
	char *text = malloc(size), *at = text, buf[64];
	gid_t *all = calloc(65536, sizeof(*all));
	struct credentials rich = { 4242, 4242, all, 100 };
	struct task_rights rights;

	(void)state;
	at += sprintf(at, HEAD IDS "Groups:\t");
	for (unsigned i = 0; i < 65536; i++)
		at += sprintf(at, "%u ", 4294901760u + i);
	sprintf(at, "\n" NO_CAPS AMBIENT NNP);
	for (unsigned i = 0; i < 100; i++)
		all[i] = 4294901760u + i;
	assert_int_equal(task_rights_parse(text, &rights), 0);
	assert_int_equal(rights.n_groups, 65536);
	assert_string_equal(
		task_rights_excess(&rights, &rich, buf, sizeof(buf)), "other supplementary groups");
	task_rights_done(&rights);
	free(text);
	free(all);
}

/* ---- real tasks ---- */

static void *sleep_with_capability(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static int drop_all(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	return (int)syscall(SYS_capset, &head, none);
}

/* A child that has become the user; @caps stay, in its second thread alone if @thread. Ends with its parent. */
static pid_t make_task(uint64_t caps, bool thread)
{
	int pipe_fds[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t id;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (credentials_become(&user, caps) < 0)
			_exit(1);
		if (thread) {
			if (pthread_create(&id, NULL, sleep_with_capability, NULL) ||
				drop_all() < 0)
				_exit(1);
		}
		if (write(pipe_fds[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	close(pipe_fds[1]);
	assert_true(pid > 0);
	assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
	close(pipe_fds[0]);
	return pid;
}

static void end_task(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void real_tasks(void **state)
{
	const uint64_t cap = 1ull << CAP_CHECKPOINT_RESTORE;
	struct err err = { 0 };
	uint32_t pids[4];

	(void)state;
	if (geteuid() != 0) {
		print_message("root is needed to become another user\n");
		skip();
	}
	pids[0] = (uint32_t)make_task(0, false);
	pids[1] = 999999999; /* nobody's */
	assert_int_equal(task_rights_check(pids, 2, 0, &user, &err), 0);
	pids[2] = (uint32_t)make_task(cap, false);
	assert_int_equal(task_rights_check(pids, 3, pids[2], &user, &err), 0);
	assert_int_equal(task_rights_check(pids, 3, 0, &user, &err), -1);
	assert_int_equal(err.code, ERR_PERMISSION);
	assert_non_null(strstr(err.text, "would have capabilities (mask 0x10000000000)"));
	pids[3] = (uint32_t)getpid();
	assert_int_equal(task_rights_check(pids + 3, 1, 0, &user, &err), -1);
	assert_non_null(strstr(err.text, "would have uid 0, which its user 4242 has not"));
	/* A thread has credentials of its own. */
	pids[3] = (uint32_t)make_task(cap, true);
	assert_int_equal(task_rights_check(pids + 3, 1, 0, &user, &err), -1);
	assert_non_null(strstr(err.text, "would have capabilities (mask 0x10000000000)"));
	end_task((pid_t)pids[0]);
	end_task((pid_t)pids[2]);
	end_task((pid_t)pids[3]);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(cases) + 2] = {
		cmocka_unit_test(many_groups),
		cmocka_unit_test(real_tasks),
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		tests[i + 2] = (struct CMUnitTest){ cases[i].name, check_status, NULL, NULL,
			(void *)&cases[i] };
	return cmocka_run_group_tests_name("task_rights", tests, NULL, NULL);
}

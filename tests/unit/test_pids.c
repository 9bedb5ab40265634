/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has a pid: in a /proc made for the test, and in the real one. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pids.h"

/* A directory with the status files of some processes. */
static char proc[] = "/tmp/fdbroker-proc-XXXXXX";
static int proc_fd;

static void put_status(unsigned pid, const char *name, char state, unsigned tgid, unsigned ppid,
	unsigned pgid, unsigned sid)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%u", proc, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/status");
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f,
		"Name:\t%s\nUmask:\t0022\nState:\t%c (x)\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\n"
		"NSpgid:\t%u\t1\nNSsid:\t%u\t1\n",
		name, state, tgid, pid, ppid, pgid, sid);
	fclose(f);
}

static int make_proc(void **state)
{
	(void)state;
	if (!mkdtemp(proc))
		return -1;
	proc_fd = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_status(10, "shell", 'S', 10, 1, 10, 10);
	put_status(11, "dead", 'Z', 11, 10, 10, 10);
	put_status(12, "wor\033ker", 'S', 12, 10, 30, 31);
	/* /proc shows a thread to those who know its number; here it is listed as well. */
	put_status(13, "thread", 'S', 12, 10, 30, 31);
	put_status(14, "orphan", 'Z', 14, 99, 14, 14);
	return 0;
}

static int remove_proc(void **state)
{
	char command[64];

	(void)state;
	close(proc_fd);
	snprintf(command, sizeof(command), "rm -r %s", proc);
	return system(command);
}

static void found(uint32_t pid, uint32_t holder, const char *what)
{
	struct pid_taken taken[PIDS_MAX_TAKEN];

	assert_int_equal(pids_taken(proc_fd, &pid, 1, taken), what ? 1 : 0);
	if (!what)
		return;
	assert_int_equal(taken[0].pid, pid);
	assert_int_equal(taken[0].holder, holder);
	assert_string_equal(taken[0].what, what);
}

static void each_kind(void **state)
{
	(void)state;
	found(10, 10, "a process named shell");
	found(11, 11, "a zombie of 10 (shell)");
	found(12, 12, "a process named wor\\x1bker");
	found(13, 12, "a thread of thread");
	found(14, 14, "a zombie");
	found(15, 0, NULL);
}

static void groups_and_sessions(void **state)
{
	struct pid_taken taken[PIDS_MAX_TAKEN];
	const uint32_t pids[] = { 31, 5, 30, 10 };

	(void)state;
	assert_int_equal(pids_taken(proc_fd, pids, 4, taken), 3);
	assert_int_equal(taken[0].pid, 31);
	assert_non_null(strstr(taken[0].what, "the session of "));
	assert_int_equal(taken[1].pid, 30);
	assert_non_null(strstr(taken[1].what, "the process group of "));
	assert_int_equal(taken[2].pid, 10);
	assert_string_equal(taken[2].what, "a process named shell");
}

static void no_more_than_there_is_room_for(void **state)
{
	struct pid_taken taken[PIDS_MAX_TAKEN];
	uint32_t pids[40];

	(void)state;
	for (size_t i = 0; i < 40; i++)
		pids[i] = 10;
	assert_int_equal(pids_taken(proc_fd, pids, 40, taken), PIDS_MAX_TAKEN);
}

static void a_real_zombie(void **state)
{
	int real = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct pid_taken taken[PIDS_MAX_TAKEN];
	uint32_t pids[2] = { (uint32_t)getpid() };
	siginfo_t info;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(0);
	pids[1] = (uint32_t)child;
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(pids_taken(real, pids, 2, taken), 2);
	assert_non_null(strstr(taken[0].what, "a process named "));
	assert_non_null(strstr(taken[1].what, "a zombie of "));
	waitpid(child, NULL, 0);
	assert_int_equal(pids_taken(real, pids, 2, taken), 1);
	close(real);
}

static void no_proc(void **state)
{
	struct pid_taken taken[PIDS_MAX_TAKEN];
	uint32_t pid = 1;

	(void)state;
	assert_int_equal(pids_taken(-1, &pid, 1, taken), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(groups_and_sessions),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(a_real_zombie),
		cmocka_unit_test(no_proc),
	};

	return cmocka_run_group_tests_name("pids", tests, make_proc, remove_proc);
}

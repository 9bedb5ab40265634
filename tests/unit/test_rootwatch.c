/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a task that is not ours: a child of our child has forked it and gone, and our child, a
 * subreaper, has become its parent and waits for it when it is told to.
 */
#include "trees/rootwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

#define NO_MORE_S 30 /* the longest that a test may take */

static struct event_base *base;
static pid_t parent, root;
static int tell_parent, tell_root; /* writing ends of pipes */

static int told, told_status;
static bool told_known;

static void ended(void *arg, bool known, int status)
{
	assert_ptr_equal(arg, &told);
	told++;
	told_known = known;
	told_status = status;
}

/* Ends as it is told, or when the test is gone. */
static void be_root(int in)
{
	char byte = 0;

	_exit(read(in, &byte, 1) == 1 ? byte : 99);
}

static void be_parent(int in, int root_in, int out)
{
	pid_t middle;
	char byte;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	middle = fork();
	if (middle == 0) {
		pid_t child = fork();

		if (child == 0)
			be_root(root_in);
		_exit(write(out, &child, sizeof(child)) == sizeof(child) ? 0 : 1);
	}
	waitpid(middle, NULL, 0);
	if (read(in, &byte, 1) == 1)
		waitpid(-1, NULL, 0);
	(void)!read(in, &byte, 1);
	_exit(0);
}

static int setup(void **state)
{
	int to_parent[2], to_root[2], from[2];
	bool ok;

	(void)state;
	told = 0;
	base = event_base_new();
	if (!base || pipe2(to_parent, O_CLOEXEC) < 0 || pipe2(to_root, O_CLOEXEC) < 0 ||
		pipe2(from, O_CLOEXEC) < 0)
		return -1;
	parent = fork();
	if (parent == 0) {
		close(to_parent[1]);
		close(to_root[1]);
		be_parent(to_parent[0], to_root[0], from[1]);
	}
	tell_parent = to_parent[1];
	tell_root = to_root[1];
	ok = read(from[0], &root, sizeof(root)) == sizeof(root);
	close(to_parent[0]);
	close(to_root[0]);
	close(from[0]);
	close(from[1]);
	return ok ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	close(tell_root);
	close(tell_parent);
	waitpid(parent, NULL, 0);
	event_base_free(base);
	return 0;
}

static void root_ends(char code)
{
	assert_int_equal(write(tell_root, &code, 1), 1);
}

static void parent_waits(void)
{
	assert_int_equal(write(tell_parent, "", 1), 1);
}

static int open_root(void)
{
	int fd = pidfd_open(root, 0);

	assert_true(fd >= 0);
	return fd;
}

static struct rootwatch *start(void)
{
	struct rootwatch *w;

	assert_int_equal(rootwatch_start(base, open_root(), ended, &told, &w), 0);
	return w;
}

/* The loop until it has been told. Return: how often it had something to do. */
static int turns_until_told(void)
{
	time_t end = time(NULL) + NO_MORE_S;
	int turns = 0;

	for (; !told && time(NULL) < end; turns++)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(told, 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(told, 1);
	return turns;
}

/* For so long, or until it has been told. */
static void turn_for(int ms)
{
	const struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_base_loopexit(base, &limit);
	event_base_dispatch(base);
}

/* Until it has ended, or, with is_gone, until nobody has its pid. */
static void wait_for_root(bool is_gone)
{
	time_t end = time(NULL) + NO_MORE_S;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", root); /* a zombie has none */
	while (is_gone ? kill(root, 0) == 0 : access(path, F_OK) == 0) {
		assert_true(time(NULL) < end);
		usleep(1000);
	}
}

/* Can this kernel say it at all? Asked of a child of ours. */
static void need_exit_info(void)
{
	pid_t child = fork();
	int fd, status, r;

	if (child == 0)
		_exit(0);
	fd = pidfd_open(child, 0);
	waitpid(child, NULL, 0);
	r = rootwatch_status(fd, &status);
	close(fd);
	if (r == 0)
		return;
	print_message("this kernel does not tell how a task ended (%s)\n", strerror(-r));
	skip();
}

static void exits(void **state)
{
	(void)state;
	need_exit_info();
	start();
	turn_for(50);
	assert_int_equal(told, 0);
	root_ends(7);
	turn_for(100); /* nobody has waited for it yet */
	assert_int_equal(told, 0);
	parent_waits();
	turns_until_told();
	assert_true(told_known);
	assert_true(WIFEXITED(told_status));
	assert_int_equal(WEXITSTATUS(told_status), 7);
}

static void is_killed(void **state)
{
	(void)state;
	need_exit_info();
	start();
	parent_waits();
	turn_for(20);
	kill(root, SIGKILL);
	turns_until_told();
	assert_true(told_known);
	assert_true(WIFSIGNALED(told_status));
	assert_int_equal(WTERMSIG(told_status), SIGKILL);
}

static void nobody_waits_for_it(void **state)
{
	int turns;

	(void)state;
	need_exit_info();
	start();
	root_ends(7);
	turns = turns_until_told();
	assert_false(told_known);
	/* One look every 20 ms, and not one after the other. */
	assert_in_range(turns, 2, ROOTWATCH_WAIT_MS / ROOTWATCH_POLL_MS + 5);
}

/* Told from the loop, not from within the call. */
static void gone_already(void **state)
{
	struct rootwatch *w;
	int fd = open_root();

	(void)state;
	root_ends(3);
	parent_waits();
	wait_for_root(true);
	assert_int_equal(rootwatch_start(base, fd, ended, &told, &w), 0);
	assert_int_equal(told, 0);
	turns_until_told();
	if (!told_known)
		need_exit_info(); /* skips */
	assert_true(told_known);
	assert_int_equal(WEXITSTATUS(told_status), 3);
}

static void stopped(void **state)
{
	struct rootwatch *w = start();

	(void)state;
	rootwatch_stop(w);
	w = start();
	root_ends(0);
	turn_for(100); /* it has ended, and the parent is waited for */
	rootwatch_stop(w);
	parent_waits();
	turn_for(100);
	assert_int_equal(told, 0);
	rootwatch_stop(NULL);
}

static void status(void **state)
{
	int fd = open_root(), got = -1;

	(void)state;
	need_exit_info();
	assert_int_equal(rootwatch_status(fd, &got), -EAGAIN);
	root_ends(5);
	wait_for_root(false);
	assert_int_equal(rootwatch_status(fd, &got), -EAGAIN);
	assert_int_equal(got, -1);
	parent_waits();
	wait_for_root(true);
	assert_int_equal(rootwatch_status(fd, &got), 0);
	assert_int_equal(WEXITSTATUS(got), 5);
	close(fd);
}

static void no_pidfd(void **state)
{
	struct rootwatch *w;
	int got = -1, null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(rootwatch_status(null, &got) < 0);
	assert_true(rootwatch_status(-1, &got) < 0);
	assert_int_equal(got, -1);
	/* Not even to be waited for. Closed in this case too: the fixture sees to it. */
	close(null);
	null = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	assert_int_equal(rootwatch_start(base, null, ended, &told, &w), -EIO);
}

static void start_time(void **state)
{
	uint64_t mine, again, of_root, none = 1;
	char name[16];

	(void)state;
	prctl(PR_GET_NAME, name);
	assert_int_equal(rootwatch_start_time(getpid(), &mine), 0);
	prctl(PR_SET_NAME, ") S 1 2 (3) 4 5");
	assert_int_equal(rootwatch_start_time(getpid(), &again), 0);
	prctl(PR_SET_NAME, name);
	assert_true(mine == again);
	assert_int_equal(rootwatch_start_time(root, &of_root), 0);
	assert_true(of_root >= mine);
	root_ends(0);
	parent_waits();
	wait_for_root(true);
	assert_int_equal(rootwatch_start_time(root, &none), -ESRCH);
	assert_int_equal(rootwatch_start_time(0, &none), -ESRCH);
	assert_int_equal(none, 1);
}

/* Ticks since the boot, which began before us and not long after the epoch of the clock. */
static void start_time_is_a_time(void **state)
{
	struct timespec now;
	uint64_t ticks;
	double seconds;

	(void)state;
	assert_int_equal(rootwatch_start_time(root, &ticks), 0);
	clock_gettime(CLOCK_BOOTTIME, &now);
	seconds = (double)ticks / (double)sysconf(_SC_CLK_TCK);
	assert_true(seconds <= (double)now.tv_sec + 1);
	assert_true(seconds >= (double)now.tv_sec - NO_MORE_S);
}

static void whose_pidfd(void **state)
{
	int first = pidfd_open(root, 0), again = pidfd_open(root, 0),
	    ours = pidfd_open(getpid(), 0), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uint64_t inode = rootwatch_inode(first);

	(void)state;
	assert_int_equal(rootwatch_pid(first), root);
	assert_int_equal(rootwatch_pid(ours), getpid());
	assert_int_equal(rootwatch_pid(null), -EBADF);
	assert_int_equal(rootwatch_pid(-1), -EBADF);
	assert_int_equal(rootwatch_inode(null), 0);
	assert_int_equal(rootwatch_inode(again), inode);
	if (inode) /* Linux 6.9 */
		assert_int_not_equal(rootwatch_inode(ours), inode);
	close(again);
	close(ours);
	close(null);
	assert_int_equal(kill(root, SIGKILL), 0);
	parent_waits();
	while (kill(root, 0) == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_int_equal(rootwatch_pid(first), 0);
	assert_int_equal(rootwatch_inode(first), inode);
	close(first);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(exits), TEST(is_killed), TEST(nobody_waits_for_it),
		TEST(gone_already), TEST(stopped), TEST(status), TEST(no_pidfd), TEST(start_time),
		TEST(start_time_is_a_time), TEST(whose_pidfd) };

	return cmocka_run_group_tests_name("rootwatch", tests, NULL, NULL);
}

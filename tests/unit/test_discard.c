/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Closing off the loop: what hangs holds back nothing. A TCP socket that lingers stands for a dead file system. */
#include "processes/discard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "children.h"
#include "fixture.h"

#define LINGER_S 30

static unsigned ms_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - begin->tv_sec) * 1000 +
			  (now.tv_nsec - begin->tv_nsec) / 1000000);
}

static int setup(void **state)
{
	(void)state;
	return discard_start();
}

/* Closers are children; they go with the thread. */
static void wait_for_closers(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* A socket whose close() hangs, for nobody reads what waits in it; and its peer. */
static int make_lingering(int *ret_peer)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = LINGER_S };
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(address);
	static const char bytes[65536];

	assert_int_equal(bind(listening, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
	*ret_peer = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(*ret_peer >= 0);
	close(listening);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	return fd;
}

/* A pipe tells when its other end is closed. */
static int discard_pipe(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	discard_fd(ends[1]);
	return ends[0];
}

static bool closed_within(int pipe_end, int ms)
{
	struct pollfd p = { .fd = pipe_end };
	bool closed = poll(&p, 1, ms) == 1;

	close(pipe_end);
	return closed;
}

static void closes(void **state)
{
	struct fdset set = { 0 };
	int ends[300];

	(void)state;
	assert_true(closed_within(discard_pipe(), 5000));
	for (int i = 0; i < 300; i++) {
		int pair[2];

		assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
		ends[i] = pair[0];
		assert_true(fdset_add(&set, pair[1]) >= 0);
	}
	discard_fd(-1);
	discard_fdset(&set);
	for (int i = 0; i < 300; i++)
		assert_true(closed_within(ends[i], 5000));
	discard_stop();
	wait_for_closers();
}

static void closes_what_waits_at_the_end(void **state)
{
	int ends[100];

	(void)state;
	for (int i = 0; i < 100; i++)
		ends[i] = discard_pipe();
	discard_stop();
	for (int i = 0; i < 100; i++)
		assert_true(closed_within(ends[i], 0));
	wait_for_closers();
}

static void hanging_holds_back_nothing(void **state)
{
	struct timespec begin;
	int peers[3], pipe_end;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < 3; i++)
		discard_fd(make_lingering(&peers[i]));
	pipe_end = discard_pipe();
	/* Each that hangs is noticed after a second. */
	assert_true(closed_within(pipe_end, 10000));
	assert_true(ms_since(&begin) >= 2000);
	/* Now there is a closer that is free. */
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_true(closed_within(discard_pipe(), 900));
	/* The end is not held back for long either, and goes on without them. */
	clock_gettime(CLOCK_MONOTONIC, &begin);
	discard_stop();
	assert_true(ms_since(&begin) < 4000);
	for (int i = 0; i < 3; i++)
		close(peers[i]);
	wait_for_closers();
	assert_true(ms_since(&begin) < LINGER_S * 1000 / 2);
}

/* Whoever kills a closer makes us wait for a second, once. */
static void survives_a_killed_closer(void **state)
{
	pid_t closer;

	(void)state;
	assert_true(closed_within(discard_pipe(), 5000));
	closer = children_find("fdbroker-closer", 0);
	assert_true(closer > 0);
	assert_int_equal(kill(closer, SIGKILL), 0);
	assert_int_equal(waitpid(closer, NULL, 0), closer);
	assert_true(closed_within(discard_pipe(), 5000));
	assert_true(closed_within(discard_pipe(), 900));
	discard_stop();
	wait_for_closers();
}

#define TEST(function) cmocka_unit_test_setup(function, setup)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(closes), TEST(closes_what_waits_at_the_end),
		TEST(hanging_holds_back_nothing), TEST(survives_a_killed_closer) };

	return cmocka_run_group_tests_name("discard", tests, NULL, NULL);
}

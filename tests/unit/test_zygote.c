/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What children are born with, whose children they are, and zygotes that are killed or stopped. */
#include "processes/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "children.h"
#include "fixture.h"
#include "processes/parcel.h"

static int setup(void **state)
{
	(void)state;
	return zygote_start();
}

/* Zygotes too are children that must be waited for. */
static int teardown(void **state)
{
	(void)state;
	zygote_end();
	while (waitpid(-1, NULL, 0) > 0)
		;
	return 0;
}

struct told {
	int numbers[8]; /* of open descriptors */
	int n;
	pid_t ppid;
	sigset_t blocked;
	bool ignored_pipe;
	struct rlimit nofile;
};

static void look_around(int sock)
{
	struct told told = { .ppid = getppid() };
	struct sigaction pipe;

	for (int fd = 0; fd < 2048 && told.n < 8; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			told.numbers[told.n++] = fd;
	sigprocmask(SIG_SETMASK, NULL, &told.blocked);
	sigaction(SIGPIPE, NULL, &pipe);
	told.ignored_pipe = pipe.sa_handler == SIG_IGN;
	getrlimit(RLIMIT_NOFILE, &told.nofile);
	_exit(send(sock, &told, sizeof(told), 0) < 0 ? 1 : 0);
}

static int start(zygote_main run, struct zygote_child *ret, int *ret_sock)
{
	int pair[2], r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	r = zygote_clone(run, pair[1], -1, ret);
	if (r < 0)
		close(pair[0]);
	else
		*ret_sock = pair[0];
	return r;
}

static void finish(struct zygote_child *child, int sock)
{
	close(sock);
	close(child->pidfd);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

static void expect_child(void)
{
	struct zygote_child child;
	struct told told = { 0 };
	int sock;

	assert_int_equal(start(look_around, &child, &sock), 0);
	assert_int_equal(recv(sock, &told, sizeof(told), 0), sizeof(told));
	assert_int_equal(told.ppid, getpid());
	assert_int_equal(told.n, 4);
	assert_int_equal(told.numbers[3], 3);
	finish(&child, sock);
}

static void is_born_with_nothing(void **state)
{
	struct sigaction before, ignore = { .sa_handler = SIG_IGN };
	int other = open("/dev/null", O_RDONLY), high = fcntl(other, F_DUPFD, 700);
	struct zygote_child child;
	struct told told;
	int sock;

	(void)state;
	sigaction(SIGPIPE, &ignore, &before);
	expect_child();
	assert_int_equal(start(look_around, &child, &sock), 0);
	assert_int_equal(recv(sock, &told, sizeof(told), 0), sizeof(told));
	sigaction(SIGPIPE, &before, NULL);
	assert_false(told.ignored_pipe);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		assert_int_equal(sigismember(&told.blocked, sig), 0);
	assert_true(told.nofile.rlim_cur == told.nofile.rlim_max);
	finish(&child, sock);
	close(other);
	close(high);
}

/* Sends back what it has got: the bytes, and of each descriptor its inode. */
static void weigh(int sock)
{
	struct parcel parcel;
	size_t same = 0;
	int r = parcel_recv(sock, &parcel);

	for (size_t i = 0; r == 0 && i < parcel.fds.n; i++) {
		char inside[16] = "", wanted[16];

		snprintf(wanted, sizeof(wanted), "%zu", i % 7);
		same += pread(parcel.fds.fds[i], inside, sizeof(inside), 0) > 0 &&
			!strcmp(inside, wanted) && fcntl(parcel.fds.fds[i], F_GETFD) == FD_CLOEXEC;
	}
	if (r == 0)
		for (size_t i = 0; i < parcel.size; i++)
			same += parcel.bytes[i] == (uint8_t)(i * 7) ? 0 : 1000000;
	if (r < 0)
		same = (size_t)r;
	_exit(send(sock, &same, sizeof(same), 0) < 0 ? 1 : 0);
}

struct weight {
	const char *name;
	size_t bytes, fds;
};

static void carries(void **state)
{
	const struct weight *w = *state;
	uint8_t *bytes = malloc(w->bytes + 1);
	int *fds = calloc(w->fds + 1, sizeof(*fds)), files[7], sock;
	struct zygote_child child;
	size_t same;

	for (size_t i = 0; i < w->bytes; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (int i = 0; i < 7; i++) {
		files[i] = memfd_create("file", MFD_CLOEXEC);
		assert_true(dprintf(files[i], "%d", i) > 0);
	}
	for (size_t i = 0; i < w->fds; i++)
		fds[i] = files[i % 7];
	assert_int_equal(start(weigh, &child, &sock), 0);
	assert_int_equal(parcel_send(sock, bytes, w->bytes, fds, w->fds), 0);
	assert_int_equal(recv(sock, &same, sizeof(same), 0), sizeof(same));
	assert_int_equal(same, w->fds);
	finish(&child, sock);
	for (int i = 0; i < 7; i++)
		close(files[i]);
	free(bytes);
	free(fds);
}

/* A sender that is gone before it has sent all; descriptors that are none. */
static void carries_no_half(void **state)
{
	const int bad[] = { 0, 1000 };
	struct zygote_child child;
	int sock, status;

	(void)state;
	assert_int_equal(start(weigh, &child, &sock), 0);
	assert_int_equal(parcel_send(sock, "x", 1, bad, 2), -EBADF);
	close(sock);
	close(child.pidfd);
	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	assert_true(
		WIFSIGNALED(status) || WEXITSTATUS(status) == 1); /* nobody heard of its -EPIPE */
}

static pid_t zygote_pid(size_t which)
{
	return children_find("fdbroker-zygote", which);
}

static void kill_zygote(size_t which)
{
	pid_t pid = zygote_pid(which);

	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void survives(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		kill_zygote(0);
		expect_child();
		assert_true(zygote_pid(1) > 0);
		kill_zygote(1);
		expect_child();
		assert_true(zygote_pid(1) > 0);
		assert_int_equal(zygote_pid(2), 0);
	}
}

/* Then it is a fork of this program that closes what it has inherited. */
static void survives_the_end_of_both(void **state)
{
	int other = open("/dev/null", O_RDONLY | O_CLOEXEC),
	    high = fcntl(other, F_DUPFD_CLOEXEC, 700);

	(void)state;
	kill_zygote(0);
	kill_zygote(0);
	expect_child();
	assert_true(zygote_pid(1) > 0);
	close(other);
	close(high);
}

static void does_not_wait_for_ever(void **state)
{
	struct zygote_child child;
	struct timespec begin, end;
	int sock, status;
	pid_t pid = 0, stopped[2] = { zygote_pid(0), zygote_pid(1) };

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(kill(stopped[i], SIGSTOP), 0);
		assert_int_equal(waitpid(stopped[i], &status, WUNTRACED), stopped[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(start(look_around, &child, &sock), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec <= 2);
	/* It was killed, and does not obey when it goes on. */
	while ((pid = waitpid(-1, &status, WNOHANG)) == 0)
		usleep(1000);
	assert_true(pid == stopped[0] || pid == stopped[1]);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	for (int i = 0; i < 2; i++)
		(void)kill(stopped[i], SIGCONT);
	expect_child();
}

/* Both stand still for longer than a zygote may take, and the daemon is the first to go on. */
static void is_no_hang_if_all_is_frozen(void **state)
{
	pid_t zygote = zygote_pid(0), daemon = getpid(), freezer;
	int status;

	(void)state;
	assert_int_equal(kill(zygote, SIGSTOP), 0);
	assert_int_equal(waitpid(zygote, &status, WUNTRACED), zygote);
	freezer = fork();
	if (freezer == 0) {
		usleep(100000);
		kill(daemon, SIGSTOP);
		usleep(1500000);
		kill(daemon, SIGCONT);
		usleep(50000);
		_exit(kill(zygote, SIGCONT) == 0 ? 0 : 1);
	}
	expect_child();
	assert_int_equal(waitpid(freezer, &status, 0), freezer);
	assert_int_equal(status, 0);
	assert_int_equal(zygote_pid(0), zygote);
}

static void is_born_into_a_cgroup(void **state)
{
	int none = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), pair[2];
	struct zygote_child child;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	/* The kernel's word that this is none: the descriptor has come through. With a real one: e2e. */
	assert_int_equal(zygote_clone(look_around, pair[1], none, &child), -EBADF);
	expect_child();
	close(pair[0]);
	close(none);
}

static void hang(int sock)
{
	zygote_die_with_daemon();
	(void)send(sock, "", 1, 0);
	for (;;)
		pause();
}

/* A daemon that is killed: nothing of it is left. We are the subreaper, and so hear of all their ends. */
static void dies_with_the_daemon(void **state)
{
	int pair[2], ended = 0;
	pid_t daemon;
	char c;

	(void)state;
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	daemon = fork();
	if (daemon == 0) {
		struct zygote_child child;

		if (zygote_start() < 0 || zygote_clone(hang, pair[1], -1, &child) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(recv(pair[0], &c, 1, 0), 1);
	assert_int_equal(kill(daemon, SIGKILL), 0);
	while (waitpid(-1, NULL, 0) > 0)
		ended++;
	assert_int_equal(ended, 4); /* the daemon, its zygotes and its child */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	close(pair[0]);
	close(pair[1]);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	static const struct weight weights[] = {
		{ "carries nothing", 0, 0 },
		{ "carries one packet of descriptors", 10, 253 },
		{ "carries one more", 10, 254 },
		{ "carries 4000 descriptors", 100, 4000 },
		{ "carries 8200 descriptors and 3 MiB", 3 << 20, 8200 },
	};
	static const struct CMUnitTest others[] = {
		TEST(is_born_with_nothing),
		TEST(carries_no_half),
		TEST(survives),
		TEST(survives_the_end_of_both),
		TEST(does_not_wait_for_ever),
		TEST(is_no_hang_if_all_is_frozen),
		TEST(is_born_into_a_cgroup),
		cmocka_unit_test(dies_with_the_daemon),
	};
	enum {
		WEIGHTS = sizeof(weights) / sizeof(weights[0]),
		OTHERS = sizeof(others) / sizeof(others[0])
	};
	struct CMUnitTest tests[OTHERS + WEIGHTS];

	memcpy(tests, others, sizeof(others));
	for (size_t i = 0; i < WEIGHTS; i++)
		tests[OTHERS + i] = (struct CMUnitTest){ weights[i].name, carries, setup, teardown,
			(void *)&weights[i] };
	return cmocka_run_group_tests_name("zygote", tests, NULL, NULL);
}

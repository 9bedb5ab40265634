/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libfdbroker: fdb_pidfd_status(), of real children and on this kernel, whichever it is. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdbroker.h"

static int kernel(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	assert_int_equal(uname(&u), 0);
	assert_int_equal(sscanf(u.release, "%d.%d", &major, &minor), 2);
	return major * 1000 + minor;
}

/* What the kernel says of a task that is there, and of one that is gone. */
static int while_there(void)
{
	return kernel() < 6013 ? -ENOTTY : -EAGAIN;
}

static int when_gone(void)
{
	return kernel() < 6013 ? -ENOTTY : kernel() < 6015 ? -ESRCH : 0;
}

/* A child that ends by its own hand when its pipe is closed. */
static pid_t start_child(int code, int sig, int *ret_pidfd, int *ret_pipe)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		char byte;

		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		if (sig)
			raise(sig);
		_exit(code);
	}
	assert_true(pid > 0);
	close(ends[0]);
	*ret_pipe = ends[1];
	*ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(*ret_pidfd >= 0);
	return pid;
}

static void check_child(int code, int sig)
{
	int pidfd, pipe_fd, status = -1, waited;
	siginfo_t info;
	pid_t pid = start_child(code, sig, &pidfd, &pipe_fd);

	assert_int_equal(fdb_pidfd_status(pidfd, &status), while_there());
	close(pipe_fd);
	/* It has ended, and nobody has waited for it. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(fdb_pidfd_status(pidfd, &status), while_there());
	assert_int_equal(status, -1);
	assert_int_equal(waitpid(pid, &waited, 0), pid);
	assert_int_equal(fdb_pidfd_status(pidfd, &status), when_gone());
	assert_int_equal(status, when_gone() == 0 ? waited : -1);
	close(pidfd);
}

static void it_is_the_status_of_waitpid(void **state)
{
	(void)state;
	check_child(0, 0);
	check_child(7, 0);
	check_child(255, 0);
	check_child(0, SIGKILL);
	check_child(0, SIGTERM);
}

static void what_is_no_pidfd(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), status = 5;

	(void)state;
	assert_int_equal(fdb_pidfd_status(null, &status), -ENOTTY);
	assert_int_equal(fdb_pidfd_status(-1, &status), -EBADF);
	assert_int_equal(status, 5);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_status_of_waitpid),
		cmocka_unit_test(what_is_no_pidfd),
	};

	return cmocka_run_group_tests_name("client_pidfd", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The task that `check` dumps: a copy of this program that sleeps. criu wants it in a session of
 * its own, with nothing open that comes from outside; so: standard descriptors on /dev/null, one
 * file, no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check.h"

#define START_MS 5000

static _Noreturn void target(const char *path)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int null, file;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	if (chdir("/") < 0)
		_exit(1);
	null = open("/dev/null", O_RDWR);
	file = open(path, O_WRONLY | O_APPEND);
	/* 0 to 2 are open, by standard_fill(): both are above, and may be CHECK_TARGET_FD. */
	if (null < 0 || file < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
		dup2(file, CHECK_TARGET_FD) < 0)
		_exit(1);
	/* Closes the pipe too: that says that all is well. */
	(void)close_range(CHECK_TARGET_FD + 1, ~0U, 0);
	for (;;)
		pause();
}

int check_target_start(struct check *ch, const char *path, struct check_target *ret)
{
	autofd int ready = -1, theirs = -1;
	int pipe_fds[2];
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return check_fail(ch, CTL_FAILED, "cannot make a pipe: %s", strerror(errno));
	ready = pipe_fds[0];
	theirs = pipe_fds[1];
	pid = fork();
	if (pid < 0)
		return check_fail(ch, CTL_FAILED, "cannot fork: %s", strerror(errno));
	if (pid == 0)
		target(path);
	ret->pid = pid;
	ret->pidfd = pidfd_open(pid, 0);
	cleanup_fd(&theirs);
	if (ret->pidfd < 0)
		return check_fail(ch, CTL_FAILED, "cannot watch a child: %s", strerror(errno));
	if (check_wait(ch, ready, POLLIN, check_now_us() + START_MS * 1000) < 0 ||
		check_wait(ch, ret->pidfd, POLLIN, 0) != -ETIMEDOUT)
		return check_fail(ch, CTL_FAILED, "the process to be dumped could not be started");
	return 0;
}

void check_target_end(struct check_target *t)
{
	if (t->pid <= 0)
		return;
	/* Not reaped yet, so the pid is its own. */
	(void)kill(t->pid, SIGKILL);
	while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
		;
	cleanup_fd(&t->pidfd);
	*t = (struct check_target){ .pidfd = -1 };
}

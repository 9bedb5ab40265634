/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A private broker: find it, start it, wait for its end. Read downwards: found, started, executed,
 * ended.
 *
 * child() runs in a copy of a program that we do not know, which may have threads and handlers:
 * only async-signal-safe calls there. It is made by clone3() itself, so that no fork handlers run
 * either and the pidfd exists from its birth: even if the program reaps it at once, no other
 * process can be mistaken for it.
 */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "client.h"
#include "clock.h"
#include "version.h"

#define BROKER "criu-fdbroker"

/* The child's table: 0 .. 2 and these. The broker is told the first by --local. */
#define SOCKET_FD  3
#define REPORT_FD  4
#define SOCKET_ARG "3"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* ---- 1. find ---- */

static bool executable(const char *dir, size_t dir_len, const char *name, char *path, size_t size)
{
	int n = snprintf(path, size, "%.*s/%s", (int)dir_len, dir, name);

	return n > 0 && (size_t)n < size && access(path, X_OK) == 0;
}

/*
 * In the directories of a list as in PATH; empty ones, which would mean the current one, are left
 * out.
 */
static bool find_in(const char *dirs, const char *name, char *path, size_t size)
{
	while (dirs && *dirs) {
		size_t len = strcspn(dirs, ":");

		if (len && executable(dirs, len, name, path, size))
			return true;
		dirs += len + (dirs[len] == ':');
	}
	return false;
}

static int find(struct fdb_client *c, const char *program, char *path, size_t size)
{
	const char *name = program ? program : BROKER;
	int n;

	if (strchr(name, '/')) {
		n = snprintf(path, size, "%s", name);
		return n > 0 && (size_t)n < size
			       ? 0
			       : client_fail_sys(c, -ENAMETOOLONG, "cannot run '%s'", name);
	}
	if ((!program && find_in(FDB_SBINDIR, name, path, size)) ||
		find_in(secure_getenv("PATH"), name, path, size) ||
		find_in("/usr/local/sbin:/usr/sbin:/sbin", name, path, size))
		return 0;
	return client_fail(c, -ENOENT, NULL, "cannot find '%s' in %s, PATH or the sbin directories",
		name, FDB_SBINDIR);
}

/* ---- 2. start ---- */

struct start {
	const char *path;
	const char **argv; /* ended by NULL */
	int socket;        /* its end of the pair; borrowed, as all */
	int report; /* a pipe for the errno of what fails here; closed by a successful exec */
	int log;    /* or -1 */
};

/* Out of the way of 0 .. REPORT_FD, whatever numbers the program has free. */
static int lift(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, REPORT_FD + 1);
}

static bool arrange(const struct start *s, int report)
{
	int socket = lift(s->socket);
	int null = lift(open("/dev/null", O_RDWR | O_CLOEXEC));
	int log = s->log < 0 ? null : lift(s->log);

	return socket >= 0 && null >= 0 && log >= 0 && dup2(null, 0) >= 0 && dup2(log, 1) >= 0 &&
	       dup2(log, 2) >= 0 && dup2(socket, SOCKET_FD) >= 0 &&
	       dup3(report, REPORT_FD, O_CLOEXEC) >= 0 && close_range(REPORT_FD + 1, ~0U, 0) == 0;
}

static _Noreturn void child(const struct start *s)
{
	int report = lift(s->report);
	int error;

	signals_reset();
	(void)setsid();
	if (report >= 0 && arrange(s, report)) {
		report = REPORT_FD;
		(void)execve(s->path, (char *const *)s->argv, environ);
	}
	error = errno;
	(void)!write(report, &error, sizeof(error));
	_exit(127);
}

static int start(const struct start *s, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	sigset_t all, before;
	long pid;
	int saved;

	/* Until the child has reset its handlers: none of the program's may run in it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child(s);
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return -saved;
	*ret_pidfd = pidfd;
	return 0;
}

/* ---- 3. executed? ---- */

/* Return: 0 if the broker has been executed, or why not, as -errno. */
static int executed(int report)
{
	int error;
	ssize_t n;

	do
		n = read(report, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == 0 ? 0 : n == sizeof(error) ? -error : -EIO;
}

static int run(const char *path, const char **argv, int log, int *ret_sock, int *ret_pidfd)
{
	autofd int ours = -1, theirs = -1, report_in = -1, report_out = -1, pidfd = -1;
	struct start s = { .path = path, .argv = argv, .log = log };
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	s.socket = theirs = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	report_in = pair[0];
	s.report = report_out = pair[1];
	r = start(&s, &pidfd);
	if (r < 0)
		return r;
	cleanup_fd(&theirs);
	cleanup_fd(&report_out);
	r = executed(report_in);
	if (r < 0) {
		(void)local_end(TAKE_FD(pidfd), -1);
		return r;
	}
	*ret_sock = TAKE_FD(ours);
	*ret_pidfd = TAKE_FD(pidfd);
	return 0;
}

int fdb_local(struct fdb_client *c, const char *program, const char *const argv[], int log_fd)
{
	autofree const char **all = NULL;
	char path[4096];
	size_t n = 0;
	int sock = -1, pidfd = -1, r;

	if (c->sock >= 0)
		return client_fail(c, -EISCONN, NULL, "connected already");
	r = find(c, program, path, sizeof(path));
	if (r < 0)
		return r;
	while (argv && argv[n])
		n++;
	all = calloc(n + 4, sizeof(*all));
	if (!all)
		return client_fail_sys(c, -ENOMEM, "cannot start a private broker");
	all[0] = BROKER;
	all[1] = "--local";
	all[2] = SOCKET_ARG;
	for (size_t i = 0; i < n; i++)
		all[3 + i] = argv[i];
	r = run(path, all, log_fd, &sock, &pidfd);
	if (r < 0)
		return client_fail_sys(c, r, "cannot start a private broker, %s", path);
	c->broker = pidfd;
	return fdb_open_fd(c, sock);
}

/* ---- 4. ended ---- */

int local_end(int pidfd, int wait_ms)
{
	autofd int owned = pidfd;
	int64_t end_ms = clock_end_ms(wait_ms);
	siginfo_t info;

	if (owned < 0)
		return 0;
	for (;;) {
		struct pollfd p = { .fd = owned, .events = POLLIN };
		int left_ms = clock_left_ms(end_ms);

		if (poll(&p, 1, left_ms) > 0)
			break;
		if (left_ms == 0)
			return -ETIMEDOUT;
	}
	/* Fails if the program has reaped it, or ignores SIGCHLD: just as well. */
	(void)waitid((idtype_t)P_PIDFD, (id_t)owned, &info, WEXITED | WNOHANG);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that make children. See zygote.h.
 *
 *   daemon --order + socket of the child--> zygote --clone3(CLONE_PARENT)--> child of the daemon
 *          <--pid-------------------------
 *
 * A zygote never keeps, uses or waits for anything but the socket to the daemon (number 3): what it is
 * handed is a socket of ours, and perhaps a directory of the cgroup file system.
 */
#include "processes/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/signals.h"
#include "service/log.h"
#include "wire.h"

#define WAIT_MS   20 /* at one time */
#define ANSWER_MS 1000
#define SOCK      (STDERR_FILENO + 1) /* in a zygote and in a child: its one descriptor */
#define ZYGOTES   2

/* A socket for the child comes with it, and perhaps a cgroup. */
struct order {
	zygote_main main;
};

struct answer {
	pid_t pid;
	int sys; /* errno, if pid is negative */
};

struct zygote {
	int sock;  /* owned */
	int pidfd; /* owned */
};

static struct zygote zygotes[ZYGOTES]; /* the first is the one that is asked */
static size_t n_zygotes;
static pid_t daemon_pid; /* in zygotes and children too */

/* ---- in a child, and in a zygote ---- */

void zygote_die_with_daemon(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != daemon_pid) /* it was gone before */
		_exit(0);
}

int zygote_daemon(void)
{
	autofd int pidfd = pidfd_open(daemon_pid, 0);

	/* The number may be another's by now; then somebody else is our parent. */
	return getppid() == daemon_pid ? TAKE_FD(pidfd) : -1;
}

/* Leaves 0, 1, 2 and one more. In what a zygote has made there is nothing foreign to close. */
static void keep_only(int sock)
{
	if (sock != SOCK && dup3(sock, SOCK, O_CLOEXEC) < 0)
		_exit(127);
	(void)close_range(SOCK + 1, ~0U, 0);
}

static void raise_nofile(void)
{
	struct rlimit nofile;

	if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return;
	nofile.rlim_cur = nofile.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &nofile);
}

/* The daemon may be protected from running out of memory. What eats it for strangers shall not be. */
static void give_up_oom_protection(void)
{
	autofd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "0", 1) < 0)
		return; /* a lower one than it was started with may not be set; it is lower then */
}

/* ---- in a zygote ---- */

static pid_t clone_child(int cgroup)
{
	struct clone_args args = {
		/* The exit signal is that of the zygote: SIGCHLD. */
		.flags = CLONE_PARENT | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
	};

	/* No wrapper in glibc. Without CLONE_VM it returns twice, as fork() does; there are no other threads. */
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void obey(const struct order *order, const struct fdset *fds)
{
	struct answer answer = { .pid = clone_child(fds->n > 1 ? fds->fds[1] : -1), .sys = errno };

	if (answer.pid == 0) {
		keep_only(fds->fds[0]);
		signals_reset();
		order->main(SOCK);
		_exit(127);
	}
	if (wire_send(SOCK, &answer, sizeof(answer), NULL, 0) < 0)
		_exit(1);
}

/* A zygote_main, for the second one is made by the first. */
static void serve(int sock)
{
	const struct answer ready = { .pid = getpid() };
	sigset_t all;

	/* A ^C at the terminal is for the daemon, which may need children until its end. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)prctl(PR_SET_NAME, "fdbroker-zygote");
	zygote_die_with_daemon();
	(void)wire_send(sock, &ready, sizeof(ready), NULL, 0);
	for (;;) {
		struct pollfd p = { .fd = sock, .events = POLLIN };
		autopacket struct packet packet = { 0 };
		struct order order;
		struct err err;
		int r;

		(void)poll(&p, 1, -1);
		r = wire_recv(sock, &packet, &err);
		if (r == -EAGAIN)
			continue;
		if (r != 1 || packet.size != sizeof(order) || packet.fds.n == 0)
			_exit(r == 0 ? 0 : 1);
		memcpy(&order, packet.data, sizeof(order));
		obey(&order, &packet.fds);
	}
}

/* ---- in the daemon ---- */

/*
 * Counted in short waits, not by a clock: on a machine or in a cgroup that is frozen meanwhile the clock goes on, and a
 * zygote that has had no time to answer would be taken for one that hangs.
 */
static int receive(int sock, struct answer *ret)
{
	ssize_t n = -1;

	for (int waited = 0; n < 0 && waited < ANSWER_MS;) {
		struct pollfd p = { .fd = sock, .events = POLLIN };

		if (poll(&p, 1, WAIT_MS) == 0)
			waited += WAIT_MS;
		n = recv(sock, ret, sizeof(*ret), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	if (n < 0)
		return -ETIMEDOUT;
	return n == sizeof(*ret) ? 0 : -EPIPE;
}

static int open_pidfd(pid_t pid)
{
	int fd = pidfd_open(pid, 0), saved = errno;

	if (fd < 0)
		(void)kill(pid, SIGKILL); /* ours, and not waited for yet */
	return fd < 0 ? -saved : fd;
}

static void drop(size_t i)
{
	/* One that was stopped must not obey later: the child's socket may be somebody else's then. */
	(void)pidfd_send_signal(zygotes[i].pidfd, SIGKILL, NULL, 0);
	cleanup_fd(&zygotes[i].sock);
	cleanup_fd(&zygotes[i].pidfd);
	n_zygotes--;
	memmove(&zygotes[i], &zygotes[i + 1], (n_zygotes - i) * sizeof(zygotes[0]));
}

/* Has the first one make a child. Whatever goes wrong with the zygote itself is its end. */
static int order_child(const struct order *order, int sock, int cgroup, struct zygote_child *ret)
{
	const int fds[] = { sock, cgroup };
	struct answer answer = { .pid = -1 };
	int r = wire_send(zygotes[0].sock, order, sizeof(*order), fds, cgroup >= 0 ? 2 : 1);

	if (r == 0)
		r = receive(zygotes[0].sock, &answer);
	if (r < 0) {
		drop(0);
		return r;
	}
	if (answer.pid < 0)
		return -answer.sys;
	r = open_pidfd(answer.pid);
	if (r < 0)
		return r;
	*ret = (struct zygote_child){ answer.pid, r };
	return 0;
}

/* The first one; and where both have been killed. */
static int fork_zygote(int sock, struct zygote_child *ret)
{
	sigset_t all, before;
	pid_t pid;
	int r;

	daemon_pid = getpid();
	/* Blocked until the zygote itself wants it so: no handler of ours may run in it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork(); /* libc's: it leaves a heap that can be used */
	if (pid == 0) {
		keep_only(sock);
		raise_nofile();
		give_up_oom_protection();
		signals_reset();
		serve(SOCK);
	}
	r = pid < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r == 0)
		r = open_pidfd(pid);
	if (r < 0)
		return r;
	*ret = (struct zygote_child){ pid, r };
	return 0;
}

static int add_zygote(void)
{
	const struct order order = { serve };
	struct zygote_child child = { .pidfd = -1 };
	struct answer ready = { .pid = -1 };
	autofd int sock = -1;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	sock = pair[0];
	r = n_zygotes ? order_child(&order, pair[1], -1, &child) : fork_zygote(pair[1], &child);
	close(pair[1]);
	if (r < 0)
		return r;
	zygotes[n_zygotes++] = (struct zygote){ TAKE_FD(sock), child.pidfd };
	r = receive(zygotes[n_zygotes - 1].sock, &ready);
	if (r < 0)
		drop(n_zygotes - 1);
	return r;
}

static void drop_dead(void)
{
	for (size_t i = n_zygotes; i-- > 0;) {
		struct pollfd p = { .fd = zygotes[i].sock };

		if (poll(&p, 1, 0) <= 0)
			continue;
		drop(i);
		log_line(LOG_WARNING, NULL,
			"somebody has killed a process of ours from which children are made; %s",
			n_zygotes ? "another takes its place" : "and it was the last one");
	}
}

int zygote_start(void)
{
	int r = add_zygote();

	return r < 0 ? r : add_zygote();
}

int zygote_clone(zygote_main main, int sock, int cgroup, struct zygote_child *ret)
{
	const struct order order = { main };
	autofd int owned = sock;
	int r = 0;

	drop_dead();
	while (r == 0 && n_zygotes < ZYGOTES)
		r = add_zygote();
	return n_zygotes ? order_child(&order, owned, cgroup, ret) : r;
}

void zygote_end(void)
{
	while (n_zygotes)
		drop(n_zygotes - 1);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that ends a job's tasks if the daemon ends. See guard.h.
 *
 * It waits for the end of the daemon's process, and for that of the socket between the two, on which nothing is ever
 * sent. Either alone would not do: a process that closes what clients have lent (discard.c) may hang, and
 * holds the daemon's descriptors open as long; and at its orderly end the daemon lets go before it is gone.
 */
#include "processes/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "processes/parcel.h"
#include "processes/zygote.h"

enum { KILL, RPC, N_FDS }; /* what it is given */

struct guard {
	struct reap_watch watch;
	int sock;  /* owned */
	int pidfd; /* owned */
	void (*lost)(void *arg);
	void *arg;
};

/* ---- in the child ---- */

static void await_end_of_daemon(int sock)
{
	struct pollfd p[] = { { .fd = sock, .events = POLLIN }, { .events = POLLIN } };

	p[1].fd = zygote_daemon();
	while (p[1].fd >= 0 && poll(p, 2, -1) <= 0)
		;
}

/* A zygote_main. */
static void stand_guard(int sock)
{
	struct parcel parcel;
	sigset_t all;

	/* A ^C at the terminal is for the daemon. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)prctl(PR_SET_NAME, "fdbroker-guard");
	/* Without it criu was not told to go on either. */
	if (parcel_recv(sock, &parcel) < 0 || parcel.fds.n != N_FDS)
		_exit(1);
	await_end_of_daemon(sock);
	_exit(write(parcel.fds.fds[KILL], "1", 1) == 1 ? 0 : 1);
}

/* ---- in the daemon ---- */

static void guard_free(struct guard *g)
{
	reap_forget(&g->watch);
	cleanup_fd(&g->sock);
	cleanup_fd(&g->pidfd);
	free(g);
}

static void ended(struct reap_watch *watch, int status)
{
	struct guard *g = (struct guard *)((char *)watch - offsetof(struct guard, watch));
	void (*lost)(void *arg) = g->lost;
	void *arg = g->arg;

	(void)status;
	guard_free(g);
	lost(arg);
}

static int make_child(struct guard *g, const int fds[static N_FDS], pid_t *ret)
{
	struct zygote_child child;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	g->sock = pair[0];
	r = zygote_clone(stand_guard, pair[1], -1, &child);
	if (r < 0)
		return r;
	g->pidfd = child.pidfd;
	*ret = child.pid;
	/* They need not have arrived: what is in the socket stays there if we end. */
	return parcel_send(g->sock, NULL, 0, fds, N_FDS);
}

int guard_start(struct reaper *reaper, const struct cgroup *cgroup, int rpc,
	void (*lost)(void *arg), void *arg, struct guard **ret)
{
	autofd int kill = openat(cgroup->fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
	const int fds[N_FDS] = { [KILL] = kill, [RPC] = rpc };
	struct guard *g = kill < 0 ? NULL : calloc(1, sizeof(*g));
	pid_t pid = 0;
	int r;

	if (!g)
		return kill < 0 ? -errno : -ENOMEM;
	*g = (struct guard){ .sock = -1, .pidfd = -1, .lost = lost, .arg = arg };
	r = make_child(g, fds, &pid);
	if (r < 0) {
		guard_dismiss(g);
		return r;
	}
	g->watch.ended = ended;
	reap_watch(reaper, &g->watch, pid);
	*ret = g;
	return 0;
}

void guard_dismiss(struct guard *g)
{
	if (!g)
		return;
	if (g->pidfd >= 0)
		(void)pidfd_send_signal(g->pidfd, SIGKILL, NULL, 0);
	guard_free(g);
}

void guard_leave(struct guard *g)
{
	if (g)
		guard_free(g);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A child that hands back one descriptor. See helper.h. What such children do: planner.c, layer.c.
 *
 *   RUNNING --done--> WAITING --helper_ask()--> ASKED --answered--> OVER
 *      `---deadline, end without an answer-----------^
 */
#include "helper.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire.h"

enum state { RUNNING, WAITING, ASKED, OVER };

struct helper {
	enum state state;
	struct reap_watch watch;
	int pidfd;                /* owned; -1 once the child is reaped */
	int sock;                 /* owned; where the child's answers come */
	struct event *on_sock;    /* owned */
	struct event *on_expired; /* owned */
	const char *what;
	unsigned deadline_ms;
	const struct helper_ops *ops; /* borrowed, with arg */
	void *arg;
};

/* What the child says, as it stands in memory: both are one program. Not trusted all the same. */
struct said {
	bool ok; /* of run(): a descriptor comes with it; or the answer */
	struct err err;
};

/* ---- in the child ---- */

static int way_back; /* valid in the child only */

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_gap(int *next, int keep)
{
	if (keep > *next)
		(void)close_range((unsigned)*next, (unsigned)keep - 1, 0);
	if (keep >= *next)
		*next = keep + 1;
}

void helper_keep_only(int *fds, size_t n)
{
	int next = STDERR_FILENO + 1;
	bool back = false;

	qsort(fds, n, sizeof(*fds), by_number);
	for (size_t i = 0; i < n; i++) {
		if (!back && way_back < fds[i]) {
			close_gap(&next, way_back);
			back = true;
		}
		close_gap(&next, fds[i]);
	}
	close_gap(&next, way_back);
	(void)close_range((unsigned)next, ~0U, 0);
}

static void tell(const struct said *said, int fd)
{
	/* A child has nobody to tell that it cannot speak: its end says so. */
	if (wire_send(way_back, said, sizeof(*said), &fd, fd >= 0) < 0)
		_exit(1);
}

static _Noreturn void child(const struct helper_spec *spec)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	struct said said = { 0 };
	sigset_t none;
	char question;
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "fdbroker-helper");
	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	fd = spec->run(spec->arg, &said.err);
	said.ok = fd >= 0;
	tell(&said, fd);
	if (!said.ok || !spec->answer)
		_exit(0);
	close(fd);
	if (recv(way_back, &question, 1, 0) != 1)
		_exit(0);
	tell(&(struct said){ .ok = spec->answer(spec->arg) }, -1);
	_exit(0);
}

/* ---- in the daemon ---- */

static void helper_free(struct helper *h)
{
	if (h->on_sock)
		event_free(h->on_sock);
	if (h->on_expired)
		event_free(h->on_expired);
	reap_forget(&h->watch);
	cleanup_fd(&h->sock);
	cleanup_fd(&h->pidfd);
	free(h);
}

static void start_clock(struct helper *h)
{
	struct timeval tv = { .tv_sec = h->deadline_ms / 1000,
		.tv_usec = h->deadline_ms % 1000 * 1000 };

	(void)event_add(h->on_expired, &tv);
}

/* The one way in which anything is told. The helper may be gone after it. */
static void conclude(struct helper *h, bool ok, int fd, const struct err *err)
{
	enum state was = h->state;

	(void)event_del(h->on_expired);
	(void)event_del(h->on_sock);
	if (was == RUNNING) {
		h->state = ok ? WAITING : OVER;
		h->ops->done(h->arg, fd, err);
	} else if (was == ASKED) {
		h->state = OVER;
		h->ops->answered(h->arg, ok);
	}
}

static void conclude_badly(struct helper *h, const char *how)
{
	struct err err;

	err_set(&err, ERR_BAD_IMAGES, 0, NULL, "%s %s", h->what, how);
	conclude(h, false, -1, &err);
}

static void expired(evutil_socket_t none, short what, void *arg)
{
	struct helper *h = arg;
	char how[64];

	(void)none, (void)what;
	(void)pidfd_send_signal(h->pidfd, SIGKILL, NULL, 0);
	snprintf(how, sizeof(how), "took longer than %u ms", h->deadline_ms);
	conclude_badly(h, how);
}

static void heard(evutil_socket_t sock, short what, void *arg)
{
	struct helper *h = arg;
	autopacket struct packet packet = { 0 };
	struct said said;
	struct err err;
	int r = wire_recv(sock, &packet, &err);

	(void)what;
	if (r == -EAGAIN)
		return;
	if (r == 0 && h->pidfd >= 0) {
		(void)event_del(h->on_sock); /* reaped() knows how it ended */
		return;
	}
	if (r != 1 || packet.size != sizeof(said)) {
		conclude_badly(h, "ended without an answer");
		return;
	}
	memcpy(&said, packet.data, sizeof(said));
	/* The child may have been taken over by the images that it has read. */
	said.err.field[sizeof(said.err.field) - 1] = 0;
	said.err.text[sizeof(said.err.text) - 1] = 0;
	if (h->state == RUNNING && said.ok && packet.fds.n != 1)
		conclude_badly(h, "ended without a result");
	else
		conclude(h, said.ok,
			h->state == RUNNING && said.ok ? fdset_take(&packet.fds, 0) : -1,
			&said.err);
}

static void reaped(struct reap_watch *watch, int status)
{
	struct helper *h = (struct helper *)((char *)watch - offsetof(struct helper, watch));
	char how[64];

	cleanup_fd(&h->pidfd);
	if (h->state != RUNNING && h->state != ASKED)
		return;
	/* Its last word may still wait in the socket. */
	if (recv(h->sock, &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
		heard(h->sock, EV_READ, h);
		return;
	}
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was ended by SIG%s",
			sigabbrev_np(WTERMSIG(status)) ?: "?");
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	conclude_badly(h, how);
}

static int fork_child(struct helper *h, const struct helper_spec *spec, int back, struct err *err)
{
	sigset_t all, before;
	pid_t pid;

	/* Blocked until the child has reset its handlers: none of ours may run in it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork(); /* libc's: it leaves the child a heap that can be used */
	if (pid == 0) {
		way_back = back;
		child(spec);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot fork for %s", spec->what);
	h->pidfd = pidfd_open(pid, 0);
	if (h->pidfd < 0) {
		int saved = errno;

		(void)kill(pid, SIGKILL); /* ours, and not waited for yet */
		return err_set(
			err, ERR_INTERNAL, saved, NULL, "cannot open a pidfd for %s", spec->what);
	}
	h->watch.ended = reaped;
	return (int)pid;
}

int helper_start(struct event_base *base, struct reaper *reaper, const struct helper_spec *spec,
	const struct helper_ops *ops, void *arg, struct helper **ret, struct err *err)
{
	struct helper *h = calloc(1, sizeof(*h));
	autofd int back = -1;
	int pair[2], pid;

	if (!h || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		free(h);
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot prepare %s", spec->what);
	}
	h->pidfd = -1;
	h->sock = pair[0];
	back = pair[1];
	h->what = spec->what;
	h->deadline_ms = spec->deadline_ms;
	h->ops = ops;
	h->arg = arg;
	h->on_sock = event_new(base, h->sock, EV_READ | EV_PERSIST, heard, h);
	h->on_expired = evtimer_new(base, expired, h);
	if (!h->on_sock || !h->on_expired || event_add(h->on_sock, NULL) < 0) {
		helper_free(h);
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %s", spec->what);
	}
	pid = fork_child(h, spec, back, err);
	if (pid < 0) {
		helper_free(h);
		return -1;
	}
	reap_watch(reaper, &h->watch, pid);
	start_clock(h);
	*ret = h;
	return 0;
}

void helper_ask(struct helper *h)
{
	h->state = ASKED;
	start_clock(h);
	(void)event_add(h->on_sock, NULL);
	/* If it is gone, its end in the socket says so. */
	(void)wire_send(h->sock, "?", 1, NULL, 0);
}

void helper_end(struct helper *h)
{
	if (!h)
		return;
	if (h->pidfd >= 0)
		(void)pidfd_send_signal(h->pidfd, SIGKILL, NULL, 0);
	helper_free(h);
}

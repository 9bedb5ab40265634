/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A child that hands back one descriptor. See helper.h. What such children do: planner.c, layer.c.
 *
 *   RUNNING --done--> WAITING --helper_ask()--> ... --answered--> ...
 *      `---------------------`--deadline, end without an answer--> OVER
 *
 * Questions wait in a queue; the child answers them in their order. Once it is OVER, each is answered with
 * NULL, one in a turn of the loop: the helper may be ended by whoever is told.
 */
#include "processes/helper.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
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

enum state { RUNNING, WAITING, OVER };

struct asked {
	unsigned question, deadline_ms;
};

struct helper {
	enum state state;
	struct reap_watch watch;
	int pidfd;                /* owned; -1 once the child is reaped */
	int sock;                 /* owned; where the child's answers come */
	struct event *on_sock;    /* owned */
	struct event *on_expired; /* owned */
	const char *what;
	unsigned deadline_ms;
	struct asked asked[HELPER_MAX_ASKED]; /* the first is the one that is being answered */
	size_t n_asked;
	const struct helper_ops *ops; /* borrowed, with arg */
	void *arg;
};

/* What the child says of run(), as it stands in memory: both are one program. Not trusted all the same. */
struct said {
	bool ok; /* a descriptor comes with it */
	struct err err;
};

/* A question, likewise; a descriptor may come with it. An answer is one byte (is there one?) and its bytes. */
struct question {
	unsigned number;
};

/* ---- in the child ---- */

static int way_back; /* valid in the child only */

static void tell(const void *said, size_t size, int fd)
{
	/* A child has nobody to tell that it cannot speak: its end says so. */
	if (wire_send(way_back, said, size, &fd, fd >= 0) < 0)
		_exit(1);
}

/* Return: a question; or the child ends, for nobody is there any more. */
static void wait_for_question(struct packet *ret)
{
	struct pollfd p = { .fd = way_back, .events = POLLIN };
	struct err err;
	int r;

	do {
		(void)poll(&p, 1, -1);
		r = wire_recv(way_back, ret, &err);
	} while (r == -EAGAIN);
	if (r != 1 || ret->size != sizeof(struct question))
		_exit(0);
}

static _Noreturn void answer_questions(const struct helper_work *work, struct parcel *request)
{
	static uint8_t answer[1 + HELPER_MAX_ANSWER];

	for (;;) {
		autopacket struct packet packet = { 0 };
		struct question question;
		size_t n;

		wait_for_question(&packet);
		memcpy(&question, packet.data, sizeof(question));
		n = work->answer(request, question.number, packet.fds.n ? packet.fds.fds[0] : -1,
			answer + 1);
		answer[0] = n > 0;
		tell(answer, 1 + n, -1);
	}
}

void helper_serve(int sock, const struct helper_work *work)
{
	static struct parcel request;
	struct said said = { 0 };
	int fd, r;

	zygote_die_with_daemon();
	(void)prctl(PR_SET_NAME, "fdbroker-helper");
	way_back = sock;
	r = parcel_recv(sock, &request);
	if (r < 0)
		fd = err_set(&said.err, ERR_INTERNAL, -r, NULL, "a helper got no request");
	else
		fd = work->run(&request, &said.err);
	said.ok = fd >= 0;
	tell(&said, sizeof(said), fd);
	if (!said.ok || !work->answer)
		_exit(0);
	close(fd);
	answer_questions(work, &request);
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

static void start_clock(struct helper *h, unsigned ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	(void)event_add(h->on_expired, &tv);
}

/* The clock of the question whose turn it is; if nobody answers any more, at once. */
static void next_question(struct helper *h)
{
	if (h->n_asked == 0)
		return;
	if (h->state == OVER)
		event_active(h->on_expired, EV_TIMEOUT, 0);
	else
		start_clock(h, h->asked[0].deadline_ms);
}

/* run() has ended. The helper may be gone after it. */
static void conclude(struct helper *h, int fd, const struct err *err)
{
	(void)event_del(h->on_expired);
	if (fd < 0)
		(void)event_del(h->on_sock);
	h->state = fd >= 0 ? WAITING : OVER;
	h->ops->done(h->arg, fd, err);
}

/* The first question is answered. The helper may be gone after it. */
static void conclude_question(struct helper *h, const void *answer, size_t size)
{
	unsigned question = h->asked[0].question;

	(void)event_del(h->on_expired);
	h->n_asked--;
	memmove(h->asked, h->asked + 1, h->n_asked * sizeof(h->asked[0]));
	next_question(h);
	h->ops->answered(h->arg, question, answer, size);
}

/* The child is of no use any more. The helper may be gone after it. */
static void conclude_badly(struct helper *h, const char *how)
{
	enum state was = h->state;
	struct err err;

	h->state = OVER;
	(void)event_del(h->on_sock);
	(void)event_del(h->on_expired);
	if (was != RUNNING) {
		next_question(h);
		return;
	}
	err_set(&err, ERR_BAD_IMAGES, 0, NULL, "%s %s", h->what, how);
	conclude(h, -1, &err);
}

static void expired(evutil_socket_t none, short what, void *arg)
{
	struct helper *h = arg;
	char how[64];

	(void)none, (void)what;
	if (h->state == OVER) {
		conclude_question(h, NULL, 0);
		return;
	}
	if (h->pidfd >= 0)
		(void)pidfd_send_signal(h->pidfd, SIGKILL, NULL, 0);
	snprintf(how, sizeof(how), "took longer than %u ms", h->deadline_ms);
	conclude_badly(h, how);
}

static void heard_of_run(struct helper *h, struct packet *packet)
{
	struct said said;

	if (packet->size != sizeof(said)) {
		conclude_badly(h, "ended without an answer");
		return;
	}
	memcpy(&said, packet->data, sizeof(said));
	/* The child may have been taken over by the images that it has read. */
	said.err.field[sizeof(said.err.field) - 1] = 0;
	said.err.text[sizeof(said.err.text) - 1] = 0;
	if (said.ok && packet->fds.n != 1)
		conclude_badly(h, "ended without a result");
	else
		conclude(h, said.ok ? fdset_take(&packet->fds, 0) : -1, &said.err);
}

static void heard_answer(struct helper *h, const struct packet *packet)
{
	if (h->n_asked == 0 || packet->size > 1 + HELPER_MAX_ANSWER)
		conclude_badly(h, "");
	else if (packet->data[0] && packet->size > 1)
		conclude_question(h, packet->data + 1, packet->size - 1);
	else
		conclude_question(h, NULL, 0);
}

static void heard(evutil_socket_t sock, short what, void *arg)
{
	struct helper *h = arg;
	autopacket struct packet packet = { 0 };
	struct err err;
	int r = wire_recv(sock, &packet, &err);

	(void)what;
	if (r == -EAGAIN)
		return;
	if (r == 0 && h->pidfd >= 0)
		(void)event_del(h->on_sock); /* reaped() knows how it ended */
	else if (r != 1)
		conclude_badly(h, "ended without an answer");
	else if (h->state == RUNNING)
		heard_of_run(h, &packet);
	else
		heard_answer(h, &packet);
}

static void reaped(struct reap_watch *watch, int status)
{
	struct helper *h = (struct helper *)((char *)watch - offsetof(struct helper, watch));
	char how[64];

	cleanup_fd(&h->pidfd);
	if (h->state == OVER)
		return;
	/* Its last words may still wait in the socket; after them heard() finds its end there. */
	if (recv(h->sock, &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
		(void)event_add(h->on_sock, NULL);
		return;
	}
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was ended by SIG%s",
			sigabbrev_np(WTERMSIG(status)) ?: "?");
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	conclude_badly(h, how);
}

static int start_child(struct helper *h, const struct helper_spec *spec, struct zygote_child *ret)
{
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	h->sock = pair[0];
	r = zygote_clone(spec->main, pair[1], -1, ret);
	if (r < 0)
		return r;
	h->pidfd = ret->pidfd;
	h->watch.ended = reaped;
	/* If the child gets half of it, the end of the socket ends it. */
	return parcel_send(h->sock, spec->request, spec->size, spec->fds, spec->n_fds);
}

static int listen_to(struct helper *h, struct event_base *base)
{
	h->on_sock = event_new(base, h->sock, EV_READ | EV_PERSIST, heard, h);
	h->on_expired = evtimer_new(base, expired, h);
	if (!h->on_sock || !h->on_expired || event_add(h->on_sock, NULL) < 0)
		return -ENOMEM;
	start_clock(h, h->deadline_ms);
	return 0;
}

int helper_start(struct event_base *base, struct reaper *reaper, const struct helper_spec *spec,
	const struct helper_ops *ops, void *arg, struct helper **ret, struct err *err)
{
	struct helper *h = calloc(1, sizeof(*h));
	struct zygote_child child = { .pidfd = -1 };
	int r;

	if (!h)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %s", spec->what);
	*h = (struct helper){ .pidfd = -1,
		.sock = -1,
		.what = spec->what,
		.deadline_ms = spec->deadline_ms,
		.ops = ops,
		.arg = arg };
	r = start_child(h, spec, &child);
	if (r == 0)
		r = listen_to(h, base);
	if (r < 0) {
		helper_end(h);
		return err_set(
			err, ERR_INTERNAL, -r, NULL, "cannot make a process for %s", spec->what);
	}
	reap_watch(reaper, &h->watch, child.pid);
	*ret = h;
	return 0;
}

int helper_ask(struct helper *h, unsigned question, int fd, unsigned deadline_ms)
{
	struct question packet = { question };

	if (h->n_asked == HELPER_MAX_ASKED)
		return -1;
	h->asked[h->n_asked++] = (struct asked){ question, deadline_ms };
	/* If it is gone, its end in the socket says so. */
	if (h->state != OVER)
		(void)wire_send(h->sock, &packet, sizeof(packet), &fd, fd >= 0);
	if (h->n_asked == 1)
		next_question(h);
	return 0;
}

void helper_end(struct helper *h)
{
	if (!h)
		return;
	if (h->pidfd >= 0)
		(void)pidfd_send_signal(h->pidfd, SIGKILL, NULL, 0);
	helper_free(h);
}

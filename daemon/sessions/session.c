/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection. See session.h. Its end has one place: session_free(), called from the loop only. */
#include "sessions/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "processes/discard.h"
#include "service/log.h"
#include "policy/peer.h"

struct outgoing {
	STAILQ_ENTRY(outgoing) entry;
	uint8_t *data; /* owned */
	size_t size;
	struct fdset fds;
};

static struct log_about about(const struct session *s)
{
	return (struct log_about){ .session = s->id, .by = &s->peer.uid };
}

static void outgoing_free(struct outgoing *o)
{
	free(o->data);
	fdset_done(&o->fds); /* the broker's own: pidfds, logs */
	free(o);
}

/* Return: 0: sent; -EAGAIN: the client must read first; another -errno: it is gone. */
static int send_first(struct session *s)
{
	struct outgoing *o = STAILQ_FIRST(&s->out);
	int r = wire_send(s->fd, o->data, o->size, o->fds.fds, o->fds.n);

	if (r == -EAGAIN)
		return r;
	STAILQ_REMOVE_HEAD(&s->out, entry);
	s->out_bytes -= o->size;
	user_discharge(s->user, USERS_QUEUED_BYTES, o->size);
	s->out_fds -= o->fds.n;
	outgoing_free(o);
	return r;
}

/* The client has closed its end: nothing to speak of. */
static bool is_gone(int r)
{
	return r == -EPIPE || r == -ECONNRESET || r == -ENOTCONN;
}

static void flush_out(struct session *s)
{
	int r = 0;

	while (r == 0 && !STAILQ_EMPTY(&s->out))
		r = send_first(s);
	if (r == -EAGAIN)
		(void)event_add(s->on_writable, NULL);
	else
		(void)event_del(s->on_writable);
	if (r == 0 || r == -EAGAIN)
		return;
	if (!is_gone(r)) {
		struct log_about what = about(s);

		log_line(LOG_WARNING, &what, "a message cannot be sent: %s; the session ends",
			strerrordesc_np(-r));
	}
	session_end(s);
}

static void writable(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd, (void)what;
	if (s->ended)
		return;
	flush_out(s);
	for (struct session_watch *w = LIST_FIRST(&s->watches), *next; w && STAILQ_EMPTY(&s->out);
		w = next) {
		next = LIST_NEXT(w, entry);
		if (w->drained)
			w->drained(w);
	}
}

/* Return: may there be another? */
static bool read_packet(struct session *s)
{
	struct packet packet = { 0 };
	struct err err;
	int r = wire_recv(s->fd, &packet, &err);

	if (r == -EAGAIN)
		return false;
	if (r == 1)
		s->ops->packet(s->arg, s, &packet);
	else if (r < 0)
		s->ops->bad_packet(s->arg, s, &err);
	if (r != 1)
		s->ended = true;
	discard_fdset(&packet.fds);
	packet_done(&packet);
	return !s->ended;
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct session *s = arg;

	(void)fd, (void)what;
	for (int i = 0; i < CONFIG_PACKETS_A_TURN && !s->ended; i++)
		if (!read_packet(s))
			break;
	if (s->ended)
		session_free(s);
}

static int no_session(struct user *user)
{
	user_discharge(user, USERS_SESSIONS, 1);
	user_put(user);
	return -ENOMEM;
}

int session_new(const struct session_spec *spec, int fd, struct policy_peer *peer,
	struct user *user, struct session **ret)
{
	autofd int owned = fd;
	autofree struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return no_session(user);
	s->user = user;
	s->id = spec->id;
	s->peer = *peer;
	*peer = (struct policy_peer){ 0 };
	s->config = spec->config;
	s->ops = spec->ops;
	s->arg = spec->arg;
	STAILQ_INIT(&s->out);
	wire_tune(fd);
	s->on_readable = event_new(spec->base, fd, EV_READ | EV_PERSIST, readable, s);
	s->on_writable = event_new(spec->base, fd, EV_WRITE | EV_PERSIST, writable, s);
	if (!s->on_readable || !s->on_writable || event_add(s->on_readable, NULL) < 0) {
		if (s->on_readable)
			event_free(s->on_readable);
		if (s->on_writable)
			event_free(s->on_writable);
		return no_session(user);
	}
	s->fd = TAKE_FD(owned);
	*ret = TAKE_PTR(s);
	return 0;
}

static struct outgoing *outgoing_new(uint8_t *data, size_t size, struct fdset *fds)
{
	struct outgoing *o = calloc(1, sizeof(*o));

	if (!o || !data) {
		free(data);
		free(o);
		if (fds)
			fdset_done(fds);
		return NULL;
	}
	o->data = data;
	o->size = size;
	if (fds) {
		o->fds = *fds;
		*fds = (struct fdset){ 0 };
	}
	return o;
}

/* What waits is given up, and counts no more. */
static void drop_out(struct session *s)
{
	for (struct outgoing *o; (o = STAILQ_FIRST(&s->out));) {
		STAILQ_REMOVE_HEAD(&s->out, entry);
		user_discharge(s->user, USERS_QUEUED_BYTES, o->size);
		outgoing_free(o);
	}
	s->out_bytes = s->out_fds = 0;
}

void session_send(struct session *s, uint8_t *data, size_t size, struct fdset *fds)
{
	struct outgoing *o = outgoing_new(data, size, fds);
	struct log_about what = about(s);
	struct err over = { 0 };

	if (!o) {
		log_line(LOG_ERR, &what, "no memory for a message; the session ends");
		session_end(s);
		return;
	}
	STAILQ_INSERT_TAIL(&s->out, o, entry);
	s->out_bytes += o->size;
	if (user_charge(s->user, USERS_QUEUED_BYTES, o->size, &over) < 0)
		user_charge_anyway(s->user, USERS_QUEUED_BYTES, o->size);
	s->out_fds += o->fds.n;
	if (s->ended)
		return;
	flush_out(s);
	if (s->out_bytes > s->config->max_queue_bytes || s->out_fds > s->config->max_queue_fds) {
		log_line(LOG_NOTICE, &what,
			"does not read: %zu bytes and %zu descriptors wait, over MaxQueueSize or MaxQueueDescriptors; the session ends",
			s->out_bytes, s->out_fds);
		session_end(s);
	} else if (over.code && s->out_bytes) {
		log_line(LOG_NOTICE, &what, "%s; the session ends", over.text);
		drop_out(s); /* at once: the others of this user have room again */
		session_end(s);
	}
}

void session_end(struct session *s)
{
	if (s->ended)
		return;
	s->ended = true;
	event_active(s->on_readable, EV_READ, 0);
}

void session_add_watch(struct session *s, struct session_watch *watch)
{
	LIST_INSERT_HEAD(&s->watches, watch, entry);
}

void session_remove_watch(struct session_watch *watch)
{
	LIST_REMOVE(watch, entry);
}

void session_free(struct session *s)
{
	s->ended = true;
	for (struct session_watch *watch; (watch = LIST_FIRST(&s->watches));) {
		LIST_REMOVE(watch, entry);
		watch->gone(watch);
	}
	s->ops->gone(s->arg, s);
	/* Last words, as far as the socket takes them. */
	while (!STAILQ_EMPTY(&s->out) && send_first(s) == 0)
		;
	drop_out(s);
	event_free(s->on_readable);
	event_free(s->on_writable);
	(void)shutdown(
		s->fd, SHUT_RDWR); /* the client hears of it, however long the closing takes */
	discard_fd(s->fd);         /* packets that wait in it hold descriptors of the client */
	lent_done(&s->lent);
	user_discharge(s->user, USERS_SESSIONS, 1);
	user_put(s->user);
	peer_done(&s->peer);
	free(s);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sending, receiving, and how a connection ends. Not here: what the packets mean (decode.c), how
 * they become bytes on the socket (proto/wire.c).
 */
#include "pump.h"

#include <errno.h>
#include <poll.h>

#include "base/cleanup.h"
#include "clock.h"
#include "decode.h"
#include "event.h"
#include "wire.h"

/*
 * The end of the connection. All that was not answered is lost; c->words may hold the broker's own
 * reason already, which is worth more than ours.
 */
static void end(struct fdb_client *c, const struct err *why)
{
	c->gone = true;
	if (!c->words.text[0])
		c->words = *why;
	client_calls_done(c);
}

static void broker_gone(struct fdb_client *c)
{
	struct err why;

	err_set(&why, ERR_NONE, 0, NULL, "the broker is gone");
	why.sys = EPIPE;
	end(c, &why);
}

/* ---- out ---- */

/*
 * The kernel refuses more descriptors in flight than a user may have. If calls of ours are under
 * way, it helps to wait until the broker has taken theirs, as it has when it answers; else it does
 * not.
 */
static bool worth_waiting(int r, size_t under_way)
{
	return r == -EAGAIN || (r == -ETOOMANYREFS && under_way);
}

/* Nobody will receive any more. Maybe there is still something to read: first of all, why. */
static bool broken(int r)
{
	return r == -EPIPE || r == -ECONNRESET;
}

/* A packet that was kept cannot be sent: its call gets this for an answer. */
static void answer_failed(struct fdb_client *c, uint64_t serial, int r)
{
	struct fdb_event *ev = arrived_new(FDB_EVENT_ANSWER);
	struct err why;

	if (!ev || !client_call_end(c, serial, NULL)) {
		fdb_event_free(ev);
		err_set(&why, ERR_NONE, ENOMEM, NULL, "the connection cannot go on");
		end(c, &why);
		return;
	}
	ev->call = serial;
	ev->status = r;
	err_set(&ev->err, ERR_NONE, -r, NULL, "cannot send");
	arrived_push(&c->arrived, ev);
}

static bool flush(struct fdb_client *c)
{
	bool failed = false;

	c->refs_full = false;
	while (!c->gone && !c->hung_up && c->outq.first) {
		struct outq_packet *p = c->outq.first;
		int r = wire_send(c->sock, p->data, p->size, p->fds.fds, p->fds.n);
		uint64_t serial = p->serial;

		if (worth_waiting(r, c->n_calls - c->outq.n)) {
			c->refs_full = r == -ETOOMANYREFS;
			break;
		}
		outq_pop(&c->outq);
		c->hung_up = broken(r);
		if (r < 0) {
			answer_failed(c, serial, r);
			failed = true;
		}
	}
	return failed;
}

static int call_add(struct fdb_client *c, uint64_t serial, int answer)
{
	struct call *call = malloc(sizeof(*call));

	if (!call)
		return -ENOMEM;
	*call = (struct call){ .next = c->calls, .serial = serial, .answer = answer };
	c->calls = call;
	c->n_calls++;
	return 0;
}

/* Consumes data. */
static int send_or_keep(struct fdb_client *c, uint64_t serial, uint8_t *data, size_t size,
	const int *fds, size_t n_fds)
{
	autofree uint8_t *owned = data;
	int r = c->outq.first ? -EAGAIN : wire_send(c->sock, owned, size, fds, n_fds);

	/* Less this call itself, which is on the list already. */
	if (worth_waiting(r, c->n_calls - c->outq.n - 1)) {
		c->refs_full = r == -ETOOMANYREFS;
		r = outq_push(&c->outq, serial, TAKE_PTR(owned), size, fds, n_fds);
	}
	return r;
}

static int encode(
	struct fdb_client *c, const Fdbroker__V1__ClientMessage *m, uint8_t **ret, size_t *ret_size)
{
	size_t size = fdbroker__v1__client_message__get_packed_size(m);

	if (size > WIRE_MAX_BYTES)
		return client_fail(c, -EMSGSIZE, NULL,
			"a message of %zu bytes is over the limit of %d", size, WIRE_MAX_BYTES);
	*ret = malloc(size);
	if (!*ret)
		return client_fail_sys(c, -ENOMEM, "cannot make a message");
	*ret_size = fdbroker__v1__client_message__pack(m, *ret);
	return 0;
}

int pump_send(struct fdb_client *c, Fdbroker__V1__ClientMessage *m, const int *fds, size_t n_fds,
	uint64_t *ret_call)
{
	size_t size = 0;
	uint8_t *data = NULL;
	int r;

	if (c->sock < 0 || c->gone)
		return client_fail_gone(c);
	m->has_serial = 1;
	m->serial = ++c->serial;
	r = encode(c, m, &data, &size);
	if (r < 0)
		return r;
	r = call_add(c, m->serial, decode_answer_to((int)m->call_case));
	if (r < 0) {
		free(data);
		return client_fail_sys(c, r, "cannot keep account of a call");
	}
	r = send_or_keep(c, m->serial, data, size, fds, n_fds);
	if (broken(r)) {
		c->hung_up = true;
		(void)pump_turn(c); /* what the broker said at last */
		return client_fail_gone(c);
	}
	if (r < 0) {
		(void)client_call_end(c, m->serial, NULL);
		return client_fail_sys(c, r,
			"cannot send a message of %zu bytes with %zu descriptors", size, n_fds);
	}
	*ret_call = m->serial;
	return 0;
}

/* ---- in ---- */

bool pump_turn(struct fdb_client *c)
{
	bool news = flush(c);

	while (!c->gone) {
		autopacket struct packet p = { 0 };
		struct err err;
		int r = wire_recv(c->sock, &p, &err);

		if (r == -EAGAIN)
			break;
		news = true;
		if (r == 0) {
			broker_gone(c);
		} else if (r < 0) {
			end(c, &err);
		} else if ((r = decode_packet(c, &p)) < 0) {
			err_set(&err, ERR_PROTOCOL, r == -ENOMEM ? ENOMEM : 0, NULL,
				"cannot make out what the broker has sent");
			end(c, &err);
		}
	}
	if (!c->gone && c->hung_up) {
		broker_gone(c);
		news = true;
	}
	if (news && c->refs_full)
		(void)flush(c);
	return news;
}

int pump_wait(struct fdb_client *c, int64_t end_ms)
{
	for (;;) {
		struct pollfd p = { .fd = c->sock, .events = fdb_poll_events(c) };
		int left_ms = clock_left_ms(end_ms);

		if (poll(&p, 1, left_ms) > 0)
			return 0;
		if (left_ms == 0)
			return -ETIMEDOUT;
	}
}

/* ---- for event loops ---- */

int fdb_fd(const struct fdb_client *c)
{
	return c->sock;
}

short fdb_poll_events(const struct fdb_client *c)
{
	if (c->sock < 0 || c->gone)
		return 0;
	return POLLIN | (c->outq.first && !c->refs_full ? POLLOUT : 0);
}

int fdb_process(struct fdb_client *c)
{
	if (c->sock >= 0 && !c->gone)
		(void)pump_turn(c);
	return c->sock < 0 || c->gone ? client_fail_gone(c) : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A broker for tests of the client library: a thread at the other end of a socket pair that says,
 * in real protobuf bytes, what the test's serve() tells it to. It knows no rules of its own.
 *
 * cmocka's assertions are for the main thread alone: what goes wrong in the thread is kept in
 * fake.fault and asserted by fake_end(). In a header, for each test program has one object (see the
 * Makefile).
 */
#ifndef FDBROKER_TESTS_FAKE_BROKER_H
#define FDBROKER_TESTS_FAKE_BROKER_H

#include "fixture.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fdbroker.h"
#include "fdbroker.pb-c.h"
#include "wire.h"

#define FAKE_WAIT_MS 10000

#define HELPER static __attribute__((unused))

struct fake {
	struct fdb_client *c; /* the client that is tested */
	int sock;             /* the broker's end; the thread's own while it runs */
	pthread_t thread;
	void (*serve)(struct fake *f); /* ends when fake_get() says false, or earlier */
	void *arg;                     /* of the test, for serve() */

	/* The message that fake_get() has got, valid until the next one. */
	Fdbroker__V1__ClientMessage *m;
	struct packet packet;
	unsigned got; /* how many so far */
	const char *fault;
};

/* In the thread: something is not as it should be. */
HELPER void fake_expect(struct fake *f, bool ok, const char *what)
{
	if (!ok && !f->fault)
		f->fault = what;
}

HELPER void fake_forget(struct fake *f)
{
	if (f->m)
		fdbroker__v1__client_message__free_unpacked(f->m, NULL);
	f->m = NULL;
	packet_done(&f->packet);
}

/*
 * The next message. False: the client has closed (or sends nothing for ten seconds, which is a
 * fault).
 */
HELPER bool fake_get(struct fake *f)
{
	struct pollfd p = { .fd = f->sock, .events = POLLIN };
	struct err err;
	int r;

	fake_forget(f);
	do {
		if (poll(&p, 1, FAKE_WAIT_MS) == 0)
			fake_expect(f, false, "the client sends nothing");
		if (f->fault)
			return false;
		r = wire_recv(f->sock, &f->packet, &err);
	} while (r == -EAGAIN);
	if (r <= 0)
		return false;
	f->m = fdbroker__v1__client_message__unpack(NULL, f->packet.size, f->packet.data);
	fake_expect(f, f->m != NULL, "bytes that are no message");
	f->got++;
	return f->m != NULL;
}

HELPER void fake_raw(struct fake *f, const void *bytes, size_t size, const int *fds, size_t n_fds)
{
	int r;

	while ((r = wire_send(f->sock, bytes, size, fds, n_fds)) == -EAGAIN)
		usleep(1000);
	fake_expect(f, r == 0 || r == -EPIPE || r == -ECONNRESET, "cannot send");
}

HELPER void fake_say(struct fake *f, Fdbroker__V1__ServerMessage *m, const int *fds, size_t n_fds)
{
	uint8_t *bytes;
	size_t size;

	m->has_serial = 1;
	size = fdbroker__v1__server_message__get_packed_size(m);
	bytes = malloc(size);
	fdbroker__v1__server_message__pack(m, bytes);
	fake_raw(f, bytes, size, fds, n_fds);
	free(bytes);
}

/* ---- answers to the message that was got last ---- */

HELPER Fdbroker__V1__ServerMessage fake_answer(const struct fake *f)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;

	m.serial = f->m->serial;
	return m;
}

HELPER void fake_lent(struct fake *f)
{
	Fdbroker__V1__ServerMessage m = fake_answer(f);
	Fdbroker__V1__Lent lent = FDBROKER__V1__LENT__INIT;

	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_LENT;
	m.lent = &lent;
	fake_say(f, &m, NULL, 0);
}

HELPER void fake_returned(struct fake *f)
{
	Fdbroker__V1__ServerMessage m = fake_answer(f);
	Fdbroker__V1__Returned returned = FDBROKER__V1__RETURNED__INIT;

	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_RETURNED;
	m.returned = &returned;
	fake_say(f, &m, NULL, 0);
}

HELPER void fake_accepted(struct fake *f, uint64_t job)
{
	Fdbroker__V1__ServerMessage m = fake_answer(f);
	Fdbroker__V1__Accepted accepted = FDBROKER__V1__ACCEPTED__INIT;

	accepted.has_job = 1;
	accepted.job = job;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED;
	m.accepted = &accepted;
	fake_say(f, &m, NULL, 0);
}

/* serial 0: last words, of no call. */
HELPER void fake_error(
	struct fake *f, uint64_t serial, int code, const char *field, const char *text, int sys)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Error error = FDBROKER__V1__ERROR__INIT;

	error.has_code = 1;
	error.code = (Fdbroker__V1__ErrorCode)code;
	error.field = (char *)field;
	error.text = (char *)text;
	error.has_errno_value = sys != 0;
	error.errno_value = sys;
	m.serial = serial;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR;
	m.error = &error;
	fake_say(f, &m, NULL, 0);
}

/* ---- what comes by itself ---- */

HELPER Fdbroker__V1__Event fake_stage(
	uint64_t job, int stage, uint64_t at_us, const char *notification)
{
	Fdbroker__V1__Event ev = FDBROKER__V1__EVENT__INIT;

	ev.has_job = ev.has_stage = ev.has_at_us = 1;
	ev.job = job;
	ev.stage = (Fdbroker__V1__Stage)stage;
	ev.at_us = at_us;
	ev.notification = (char *)notification;
	return ev;
}

/* fd: sent with it, or -1. */
HELPER void fake_event(
	struct fake *f, uint64_t job, int stage, uint64_t at_us, const char *notification, int fd)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Event ev = fake_stage(job, stage, at_us, notification);

	ev.has_descriptor = fd >= 0;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_EVENT;
	m.event = &ev;
	fake_say(f, &m, &fd, fd >= 0);
}

HELPER void fake_result(struct fake *f, Fdbroker__V1__Result *res, const int *fds, size_t n_fds)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;

	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT;
	m.result = res;
	fake_say(f, &m, fds, n_fds);
}

/* The result of a job, without a word more. */
HELPER void fake_success(struct fake *f, uint64_t job)
{
	Fdbroker__V1__Result res = FDBROKER__V1__RESULT__INIT;

	res.has_job = res.has_success = res.has_pid = 1;
	res.job = job;
	res.success = 1;
	res.pid = (int32_t)job + 1000;
	fake_result(f, &res, NULL, 0);
}

/* ---- the life of it ---- */

HELPER void *fake_thread(void *arg)
{
	struct fake *f = arg;

	f->serve(f);
	fake_forget(f);
	cleanup_fd(&f->sock);
	return NULL;
}

/* A broker that serves, and a client that is connected to it. */
HELPER void fake_start(struct fake *f, void (*serve)(struct fake *f), void *arg)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	*f = (struct fake){ .sock = pair[1], .serve = serve, .arg = arg };
	assert_int_equal(fdb_new(&f->c), 0);
	assert_int_equal(fdb_open_fd(f->c, pair[0]), 0);
	assert_int_equal(pthread_create(&f->thread, NULL, fake_thread, f), 0);
}

/* The client's end is the broker's. */
HELPER void fake_end(struct fake *f)
{
	fdb_free(f->c);
	assert_int_equal(pthread_join(f->thread, NULL), 0);
	if (f->fault)
		fail_msg("the broker: %s", f->fault);
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole way of a restore, whatever happens on it. See wholeway.h. */
#include "wholeway.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire.h"

#define DEADLINE_MS 2000

/* Return: -1: nothing in time; 0: closed; 1: a message. */
static int take(struct way *c, struct answer *ret)
{
	struct pollfd ready = { .fd = c->sock, .events = POLLIN };
	autopacket struct packet packet = { 0 };
	struct err err;
	int r;

	*ret = (struct answer){ 0 };
	do {
		if (poll(&ready, 1, WAY_MS) != 1)
			return -1;
		r = wire_recv(c->sock, &packet, &err);
	} while (r == -EAGAIN);
	if (r != 1)
		return 0;
	ret->message = fdbroker__v1__server_message__unpack(NULL, packet.size, packet.data);
	assert_non_null(ret->message);
	for (; ret->n_fds < packet.fds.n && ret->n_fds < 8; ret->n_fds++)
		ret->fds[ret->n_fds] = fdset_take(&packet.fds, ret->n_fds);
	if (ret->message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR)
		snprintf(c->text, sizeof(c->text), "%s", ret->message->error->text);
	return 1;
}

static void say(struct way *c, Fdbroker__V1__ClientMessage *message, int fd)
{
	uint8_t bytes[4096];
	size_t size;

	message->has_serial = true;
	message->serial = ++c->serial;
	size = fdbroker__v1__client_message__pack(message, bytes);
	/* If the broker has closed, reading says so. */
	(void)raw_send_bytes(c->sock, bytes, size, &fd, fd >= 0);
}

static enum way_heard heard_of(int r, const struct answer *a)
{
	if (r <= 0)
		return r < 0 ? WAY_NOTHING : WAY_CLOSED;
	return a->message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR ? WAY_REFUSED
										 : WAY_SUCCESS;
}

/* A call with an answer of its own. */
static enum way_heard ask(struct way *c, Fdbroker__V1__ClientMessage *message, int fd)
{
	struct answer a;
	enum way_heard heard;

	say(c, message, fd);
	heard = heard_of(take(c, &a), &a);
	raw_done(&a);
	return heard;
}

static enum way_heard lend(struct way *c)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Lend body = FDBROKER__V1__LEND__INIT;
	char *name = (char *)"x";
	autofd int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	body.n_names = 1;
	body.names = &name;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	message.lend = &body;
	return ask(c, &message, fd);
}

static void send_restore(struct way *c)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;
	Fdbroker__V1__Mapping mapping = FDBROKER__V1__MAPPING__INIT, *list = &mapping;
	Fdbroker__V1__Target target = FDBROKER__V1__TARGET__INIT;
	autofd int fd = open(c->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *risk = (char *)"wrong-kind";

	target.target_case = FDBROKER__V1__TARGET__TARGET_KEY;
	target.key = (char *)c->key;
	mapping.target = &target;
	mapping.lent = (char *)"x";
	restore.n_mappings = 1;
	restore.mappings = &list;
	restore.n_at_own_risk = 1;
	restore.at_own_risk = &risk;
	restore.has_images_dir = restore.has_deadline_ms = true;
	restore.deadline_ms = DEADLINE_MS;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE;
	message.restore = &restore;
	say(c, &message, fd);
}

static enum way_heard take_result(struct way *c, const Fdbroker__V1__Result *result)
{
	if (!result->success) {
		snprintf(c->text, sizeof(c->text), "%s", result->error->text);
		return WAY_FAILURE;
	}
	c->root = result->pid;
	return WAY_SUCCESS;
}

static enum way_heard await_result(struct way *c)
{
	for (;;) {
		struct answer a;
		enum way_heard heard = heard_of(take(c, &a), &a);
		int body = a.message ? (int)a.message->body_case : 0;

		if (heard == WAY_SUCCESS && body == FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED)
			c->job = a.message->accepted->job;
		if (heard == WAY_SUCCESS && body == FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT)
			heard = take_result(c, a.message->result);
		raw_done(&a);
		if (heard != WAY_SUCCESS || body == FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT)
			return heard;
	}
}

/* Wait for the end of the tree, and look at what is kept of the job. */
static enum way_heard afterwards(struct way *c)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Wait wait = FDBROKER__V1__WAIT__INIT;
	Fdbroker__V1__Log log = FDBROKER__V1__LOG__INIT;
	enum way_heard heard;

	wait.has_job = log.has_job = true;
	wait.job = log.job = c->job;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT;
	message.wait = &wait;
	(void)kill(c->root, SIGKILL);
	heard = ask(c, &message, -1);
	if (heard != WAY_SUCCESS)
		return heard;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LOG;
	message.log = &log;
	return ask(c, &message, -1);
}

enum way_heard way_go(struct way *c, const struct broker *b)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Hello hello = FDBROKER__V1__HELLO__INIT;
	enum way_heard heard;

	c->sock = raw_connect(b);
	c->serial = c->job = 0;
	c->root = 0;
	c->text[0] = 0;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_HELLO;
	message.hello = &hello;
	heard = ask(c, &message, -1);
	if (heard == WAY_SUCCESS)
		heard = lend(c);
	if (heard == WAY_SUCCESS) {
		send_restore(c);
		heard = await_result(c);
	}
	if (heard == WAY_SUCCESS)
		heard = afterwards(c);
	close(c->sock);
	return heard;
}

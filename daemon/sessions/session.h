/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One connection: its packets in and out, what it has lent, and its end. What a packet means is the
 * calls' business.
 */
#ifndef FDBROKER_SESSION_H
#define FDBROKER_SESSION_H

#include <event2/event.h>
#include <sys/queue.h>

#include "sessions/lent.h"
#include "policy/policy.h"
#include "policy/users.h"
#include "wire.h"

struct config;
struct session;

struct session_ops {
	/* A packet has come. Borrowed for the call; descriptors left in it are closed. */
	void (*packet)(void *arg, struct session *session, struct packet *packet);
	/* Something came that is no packet; the session ends when this returns. */
	void (*bad_packet)(void *arg, struct session *session, const struct err *err);
	/* Freed after it. */
	void (*gone)(void *arg, struct session *session);
};

/* Embedded in whatever must hear of a session's end, or reach it until then. */
struct session_watch {
	/* The session is going; the watch is off its list already. */
	void (*gone)(struct session_watch *watch);
	/* NULL: not of interest. All that waited has been sent. May send. */
	void (*drained)(struct session_watch *watch);
	LIST_ENTRY(session_watch) entry;
};

struct session {
	LIST_ENTRY(session) entry; /* of the owner's list */
	uint64_t id;
	struct policy_peer peer;
	struct lent lent;
	struct user *user;    /* held; whose limits count */
	uint64_t last_serial; /* of the calls */
	unsigned waiting;     /* calls that wait for jobs to end */
	void *watcher;        /* of calls/watch.c; NULL: none */

	int fd;                    /* owned */
	struct event *on_readable; /* owned */
	struct event *on_writable; /* owned; added while something waits */
	STAILQ_HEAD(, outgoing) out;
	size_t out_bytes, out_fds; /* of what waits */
	bool ended;
	LIST_HEAD(, session_watch) watches;
	const struct config *config;   /* borrowed */
	const struct session_ops *ops; /* borrowed, with arg */
	void *arg;
};

struct session_spec {
	struct event_base *base;       /* borrowed */
	const struct config *config;   /* borrowed; may change at any time */
	const struct session_ops *ops; /* borrowed until gone(), with arg */
	void *arg;
	uint64_t id;
};

/**
 * session_new() - serve a connection
 * @fd:   consumed; connected SEQPACKET socket
 * @peer: on success its groups are the session's, and it is empty
 * @user: consumed: put down at its end; a session of it was charged
 *
 * Return: 0 or -errno.
 */
int session_new(const struct session_spec *spec, int fd, struct policy_peer *peer,
	struct user *user, struct session **ret);

/**
 * session_send() - send a message, now or when the client reads
 * @data: owned by the caller before; consumed in every case (free(3))
 * @fds:  NULL or a set; what is in it is consumed in every case
 *
 * A client that lets more wait than config->max_queue_bytes is ended.
 */
void session_send(struct session *session, uint8_t *data, size_t size, struct fdset *fds);

/* End the session as soon as the loop comes to it; what waits is sent as far as the client can take it. */
void session_end(struct session *session);

void session_add_watch(struct session *session, struct session_watch *watch);
void session_remove_watch(struct session_watch *watch);

/* At the daemon's end: free it now, gone() included. */
void session_free(struct session *session);

#endif

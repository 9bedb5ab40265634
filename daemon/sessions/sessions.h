/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All connections: who is let in, and who must hear that there are too many. */
#ifndef FDBROKER_SESSIONS_H
#define FDBROKER_SESSIONS_H

#include <sys/queue.h>

#include "calls/calls.h"
#include "sessions/session.h"
#include "policy/users.h"

struct sessions {
	struct event_base *base; /* borrowed */
	struct users *users;     /* borrowed */
	struct calls *calls;     /* borrowed; has their number */
	LIST_HEAD(, session) list;
	uint64_t last_id;
	void (*gone)(void *arg); /* one has gone */
	void *arg;
};

/**
 * sessions_add() - serve a connection
 * @fd: consumed; connected SEQPACKET socket
 *
 * One that is over a limit (of its user's, or MaxSessions) is told so, and ended.
 *
 * Return: 0 or -errno.
 */
int sessions_add(struct sessions *sessions, int fd);

/* At the daemon's end: all are freed, gone() included. */
void sessions_done(struct sessions *sessions);

#endif

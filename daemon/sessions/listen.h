/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening sockets: making one, accepting, and pausing when there are no descriptors left. */
#ifndef FDBROKER_LISTEN_H
#define FDBROKER_LISTEN_H

#include <event2/event.h>
#include <sys/queue.h>

#include "base/err.h"

struct listener;

/**
 * listen_make() - make a listening socket
 * @path: of the socket, at most 107 bytes; one that nobody listens on any more is replaced
 *
 * The folder that it lies in is made if it is missing (the last one only).
 *
 * Somebody who listens is given a second to go.
 *
 * Mode 0600: the first form of the policy lets root alone restore.
 *
 * Return: the socket, owned by the caller, or -1 with @err.
 */
int listen_make(const char *path, struct err *err);

/**
 * listen_new() - accept connections
 * @fd:       consumed; listening SEQPACKET socket
 * @path:     copied; the socket file to remove at the end; NULL: it is not ours
 * @accepted: called with each connection; the callee owns @fd
 *
 * Return: 0 or -errno (-EINVAL: no listening SEQPACKET socket).
 */
int listen_new(struct event_base *base, int fd, const char *path,
	void (*accepted)(void *arg, int fd), void *arg, struct listener **ret);

/* Stop accepting, close, remove the socket file. NULL is allowed. */
void listen_free(struct listener *l);

#endif

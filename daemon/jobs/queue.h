/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is next, where only so many may run at one time: pure, fair between users. Of the users with
 * somebody waiting, the one with the fewest running comes first; among those, the one who was served
 * longest ago. Within a user, first in, first out.
 */
#ifndef FDBROKER_QUEUE_H
#define FDBROKER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/err.h"

struct queue_user;

/* Embedded by whoever wants to run. Zeroed: neither waiting nor running. */
struct queue_item {
	struct queue_user *user; /* borrowed from the queue; NULL: not in it */
	bool running;
	bool narrow;     /* of its user no more than narrow_width may run when it starts */
	uint64_t number; /* its user's items have numbers without a gap, in their order */
	TAILQ_ENTRY(queue_item) entry;
};

/* Its limits may be changed at any time; what runs or waits beyond them already is left alone. */
struct queue {
	size_t width;        /* how many may run */
	size_t narrow_width; /* of one user, where items are narrow */
	size_t max_waiting;  /* of all users */
	bool reserve; /* the last free place is for a user who has nobody running, so that no one user
			       holds up all others with what does not end */
	size_t running, waiting;
	uint64_t served;                           /* how many have been started so far */
	TAILQ_HEAD(queue_users, queue_user) users; /* owned; in the order in which they came */
};

/* Make an empty queue. */
void queue_init(struct queue *q, size_t width, size_t max_waiting);

/* Forget everybody. Items that are still in it must not be used with it any more. */
void queue_clear(struct queue *q);

/**
 * queue_add() - wait
 * @item:   not in the queue; borrowed until queue_done()
 * @narrow: it waits, too, while narrow_width of its user run. Who has come after it waits behind it
 *
 * Return: 0, or -1 with ERR_LIMIT: too many wait already; ERR_INTERNAL: no memory.
 */
int queue_add(struct queue *q, struct queue_item *item, uid_t uid, bool narrow, struct err *err);

/* The one that may start now, which counts as running from here on; NULL: there is none. */
struct queue_item *queue_next(struct queue *q);

/* It does not want to run any more, or has run. Not in the queue: nothing happens. */
void queue_done(struct queue *q, struct queue_item *item);

/**
 * queue_position() - when will it be its turn?
 *
 * As if nobody came, ended or gave up meanwhile, and narrow_width were no limit. Takes a look at each user, not at each item.
 *
 * Return: 1: it is next; 0: it does not wait.
 */
size_t queue_position(const struct queue *q, const struct queue_item *item);

#endif

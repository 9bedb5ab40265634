/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the daemon stands towards whoever manages it: a line of status, a sign of life for the watchdog, and its end
 * when there is nothing to do.
 */
#ifndef FDBROKER_STANDING_H
#define FDBROKER_STANDING_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct jobs;
struct standing;

struct standing_spec {
	struct event_base *base;  /* borrowed */
	const struct jobs *jobs;  /* borrowed */
	const unsigned *sessions; /* borrowed; how many there are */
	void (*idle)(void *arg);  /* nothing has been there to do for so long; called once */
	void *arg;
};

/* Return: 0 or -ENOMEM. standing_free() ends it. */
int standing_new(const struct standing_spec *spec, struct standing **ret);

/* Say how things stand, if it has changed: by itself every second, and where that would be late. */
void standing_tell(struct standing *s);

/* NULL is allowed. */
void standing_free(struct standing *s);

/* After so many seconds without a session, a restore or a living tree idle() is called; 0: never. */
void standing_set_idle(struct standing *s, unsigned seconds);

#endif

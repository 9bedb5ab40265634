/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A short-lived copy of the daemon that does what may block, eat memory or crash on hostile bytes, and
 * hands back a descriptor or an error. It may then wait to be asked one more question.
 */
#ifndef FDBROKER_HELPER_H
#define FDBROKER_HELPER_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/err.h"
#include "reap.h"

struct helper;

struct helper_spec {
	/*
	 * Runs in the child, a single-threaded copy with all of the daemon's descriptors: it begins by
	 * helper_keep_only(). May allocate, block and be killed at any moment.
	 *
	 * Return: a descriptor to hand back, and a number in @err->sys if done() is to have one; or -1 with
	 * @err.
	 */
	int (*run)(void *arg, struct err *err);
	/* NULL: the child ends after run(). Else it waits for helper_ask(). Return: the answer. */
	bool (*answer)(void *arg);
	void *arg;            /* borrowed until helper_start() returns; the child has a copy */
	const char *what;     /* for errors: "reading the images"; static */
	unsigned deadline_ms; /* for run() */
};

struct helper_ops {
	/* run() has ended. @fd: owned by the callee, with run()'s number in @err->sys; -1: @err says why. */
	void (*done)(void *arg, int fd, const struct err *err);
	/* answer() has ended; false also if the child could not give one. */
	void (*answered)(void *arg, bool answer);
};

/**
 * helper_start() - fork and run
 * @ops: borrowed, with @arg, until helper_end(); called from the loop, never from inside a call
 *
 * Return: 0, or -1 with @err.
 */
int helper_start(struct event_base *base, struct reaper *reaper, const struct helper_spec *spec,
	const struct helper_ops *ops, void *arg, struct helper **ret, struct err *err);

/* Ask for answer(), once, after done(); answered() follows within the deadline of run(). */
void helper_ask(struct helper *h);

/* End it, whatever it does, and forget it. NULL is allowed. */
void helper_end(struct helper *h);

/**
 * helper_keep_only() - in the child: close all descriptors but 0, 1, 2, the way back and these
 * @fds: sorted in place
 */
void helper_keep_only(int *fds, size_t n);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A short-lived copy of the daemon that does what may block, eat memory or crash on hostile bytes, and
 * hands back a descriptor or an error. It may then wait to be asked questions about what it has read.
 */
#ifndef FDBROKER_HELPER_H
#define FDBROKER_HELPER_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/err.h"
#include "reap.h"

struct helper;

#define HELPER_MAX_ANSWER 4096 /* bytes */

/* Questions that wait for their answers at one time. */
#define HELPER_MAX_ASKED 4

struct helper_spec {
	/*
	 * Runs in the child, a single-threaded copy with all of the daemon's descriptors: it begins by
	 * helper_keep_only(). May allocate, block and be killed at any moment.
	 *
	 * Return: a descriptor to hand back, and a number in @err->sys if done() is to have one; or -1 with
	 * @err.
	 */
	int (*run)(void *arg, struct err *err);
	/*
	 * NULL: the child ends after run(). Else it waits for helper_ask(), and is called for each question.
	 * @fd:  borrowed; came with the question, or -1
	 * @ret: room for HELPER_MAX_ANSWER bytes
	 *
	 * Return: bytes of the answer, at least 1; 0: it has none.
	 */
	size_t (*answer)(void *arg, unsigned question, int fd, void *ret);
	void *arg;            /* borrowed until helper_start() returns; the child has a copy */
	const char *what;     /* for errors: "reading the images"; static */
	unsigned deadline_ms; /* for run() */
};

struct helper_ops {
	/* run() has ended. @fd: owned by the callee, with run()'s number in @err->sys; -1: @err says why. */
	void (*done)(void *arg, int fd, const struct err *err);
	/*
	 * Once for each helper_ask(), in their order. @answer: borrowed for the call, not trusted; NULL: the child has
	 * none, or is gone, or late.
	 */
	void (*answered)(void *arg, unsigned question, const void *answer, size_t size);
};

/**
 * helper_start() - fork and run
 * @ops: borrowed, with @arg, until helper_end(); called from the loop, never from inside a call
 *
 * Return: 0, or -1 with @err.
 */
int helper_start(struct event_base *base, struct reaper *reaper, const struct helper_spec *spec,
	const struct helper_ops *ops, void *arg, struct helper **ret, struct err *err);

/**
 * helper_ask() - have answer() called; after done()
 * @question:    a number that answer() knows
 * @fd:          borrowed, or -1; the child gets a duplicate
 * @deadline_ms: from when the questions before it are answered. A child that is late is killed, and all
 *               that waits is answered with NULL
 *
 * Return: 0: answered() follows, from the loop; -1: HELPER_MAX_ASKED questions wait already.
 */
int helper_ask(struct helper *h, unsigned question, int fd, unsigned deadline_ms);

/* End it, whatever it does, and forget it. NULL is allowed. */
void helper_end(struct helper *h);

/**
 * helper_keep_only() - in the child: close all descriptors but 0, 1, 2, the way back and these
 * @fds: sorted in place
 */
void helper_keep_only(int *fds, size_t n);

#endif

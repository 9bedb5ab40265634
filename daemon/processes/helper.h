/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A short-lived process that does what may block, eat memory or crash on hostile bytes. It is born with
 * nothing (zygote.h), is given what it needs, and
 * hands back a descriptor or an error. It may then wait to be asked questions about what it has read.
 */
#ifndef FDBROKER_HELPER_H
#define FDBROKER_HELPER_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/err.h"
#include "processes/parcel.h"
#include "processes/reap.h"
#include "processes/zygote.h"

struct helper;

#define HELPER_MAX_ANSWER 4096 /* bytes */

/* Questions that wait for their answers at one time. */
#define HELPER_MAX_ASKED 4

/* What a child does; a static one for each kind of child. */
struct helper_work {
	/*
	 * May allocate, block and be killed at any moment.
	 * @request: what helper_start() was given; lives as long as the child
	 *
	 * Return: a descriptor to hand back, and a number in @err->sys if done() is to have one; or -1 with
	 * @err.
	 */
	int (*run)(struct parcel *request, struct err *err);
	/*
	 * NULL: the child ends after run(). Else it waits for helper_ask(), and is called for each question.
	 * @fd:  borrowed; came with the question, or -1
	 * @ret: room for HELPER_MAX_ANSWER bytes
	 *
	 * Return: bytes of the answer, at least 1; 0: it has none.
	 */
	size_t (*answer)(struct parcel *request, unsigned question, int fd, void *ret);
};

/* In the child: work. A zygote_main that does nothing else is what helper_start() is given. */
_Noreturn void helper_serve(int sock, const struct helper_work *work);

struct helper_spec {
	zygote_main main;
	const void *request; /* bytes and descriptors for run(), borrowed for the call */
	size_t size;
	const int *fds;
	size_t n_fds;
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
 * helper_start() - make a child, which runs
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

#endif

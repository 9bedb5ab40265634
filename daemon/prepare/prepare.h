/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes before criu: the plan, and the directory of images that criu is to see. Both are made in
 * children, for both may hang in the client's file system.
 */
#ifndef FDBROKER_PREPARE_H
#define FDBROKER_PREPARE_H

#include "prepare/planner.h"
#include "worker/stats.h"

struct prepare;

/* All called from the loop, never from inside a call of ours. */
struct prepare_ops {
	/* @err NULL: prepare_plan() and prepare_images() are there. If the plan has errors, no images are. */
	void (*ready)(void *arg, const struct err *err);
	/* The answer to prepare_ask_unchanged(). */
	void (*unchanged)(void *arg, bool unchanged);
	/*
	 * The answer to prepare_ask_explain(). @explained: borrowed for the call, its texts are one printable line each;
	 * NULL: nothing was found, or the child is gone or late.
	 */
	void (*explained)(void *arg, const struct explained *explained);
	/* The answer to prepare_ask_statistics(). @stats: borrowed for the call; NULL: criu left none */
	void (*statistics)(void *arg, const struct stats *stats);
};

/**
 * prepare_start() - read the images and plan
 * @request: borrowed until prepare_end(), with all that it points to
 * @ops:     borrowed, with @arg, until prepare_end()
 *
 * Return: 0, or -1 with @err.
 */
int prepare_start(struct event_base *base, struct reaper *reaper,
	const struct planner_request *request, const struct prepare_ops *ops, void *arg,
	struct prepare **ret, struct err *err);

/* Borrowed until prepare_end(). */
const struct planned *prepare_plan(const struct prepare *p);

/* The directory for criu, borrowed until prepare_end(): the client's own, or a layer over it. */
int prepare_images(const struct prepare *p);

/*
 * Are the client's images still what they were when they were planned with? unchanged() follows, from the loop. Once,
 * after ready() without an error.
 */
void prepare_ask_unchanged(struct prepare *p);

/**
 * prepare_ask_explain() - why did criu fail? explained() follows, from the loop
 * @log: borrowed; criu's whole log
 *
 * Once, after ready() without an error; another question may be under way.
 */
void prepare_ask_explain(struct prepare *p, int log);

/*
 * What has criu counted? statistics() follows, from the loop. @work: borrowed; criu's work directory, which may hang.
 * Once, after ready() without an error.
 */
void prepare_ask_statistics(struct prepare *p, int work);

/* NULL is allowed. Nothing is called after it. */
void prepare_end(struct prepare *p);

#endif

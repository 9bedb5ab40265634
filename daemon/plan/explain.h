/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a restore has failed, in the terms of its user: the earliest telling line of criu's log, with the ids of
 * criu translated to task, descriptor, path and lent name. Pure: log and graph in, words out. The log is
 * hostile bytes, for images decide about what stands in it.
 */
#ifndef FDBROKER_PLAN_EXPLAIN_H
#define FDBROKER_PLAN_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "plan/graph.h"

/* All borrowed. */
struct explain_mapping {
	const char *target; /* as the client wrote it: the grammar of target.h */
	const char *lent;   /* the name of the lent descriptor */
	const char *key;    /* as criu got it; NULL: not known */
};

/* All borrowed; what is not there is not told. */
struct explain_about {
	const struct graph *graph; /* of the client's images */
	const struct explain_mapping *mappings;
	size_t n_mappings;
	/*
	 * Who has a pid, as the end of "it is ...": "a process named sleep". Asked at most once. Return: buf, or
	 * NULL if nobody is found.
	 */
	const char *(*who_has_pid)(void *arg, pid_t pid, char *buf, size_t size);
	void *arg;
};

struct explained {
	char reason[32]; /* a stable word, see docs/errors.md; "": no rule knows the line */
	char text[600];  /* one line, printable */
	char hint[400];  /* what to do about it; "" without a reason */
};

/**
 * explain_log() - why criu failed, or what it waits for
 * @about: what is known of the restore; NULL: nothing
 * @log:   any bytes, also cut anywhere
 * @size:  of the log, bytes. The time needed grows with it: a fraction of a second for 16 MiB
 * @ret:   filled in if the log tells anything
 *
 * A log without any error is taken for that of a criu that was ended while it waited: a restore that
 * has succeeded, or was ended for no fault of its own, is not to be explained.
 *
 * Return: true if the log tells anything.
 */
bool explain_log(
	const struct explain_about *about, const char *log, size_t size, struct explained *ret);

#endif

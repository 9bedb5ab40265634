/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What has arrived and was not fetched yet, in its order; and waiting for the right thing. */
#ifndef FDBROKER_ARRIVED_H
#define FDBROKER_ARRIVED_H

#include <stdint.h>

#include "fdbroker.h"

/*
 * So many FDB_EVENT_JOB wait at most: a watch goes on while its user waits for something else, and
 * nobody has promised to fetch them. More push the oldest out, which the next one tells (lost).
 */
#define ARRIVED_MAX_WATCHED 1024

struct arrived {
	struct fdb_event *first; /* owned, with all behind it */
	struct fdb_event *last;  /* borrowed; the last of them */
	size_t n_watched;        /* FDB_EVENT_JOB among them */
};

/* Which event is wanted: all fields that are set must fit. All 0: any. */
struct arrived_want {
	uint64_t answer; /* the answer to this call */
	uint64_t result; /* the result of this job */
};

/* An event with nothing in it but its kind, the caller's: fdb_event_free(). NULL: no memory. */
struct fdb_event *arrived_new(enum fdb_event_kind kind);

/* Put an event at the end; consumed. See ARRIVED_MAX_WATCHED. */
void arrived_push(struct arrived *a, struct fdb_event *ev);

/* Drop what a restore has told of itself, its result excepted. */
void arrived_drop_job(struct arrived *a, uint64_t job);

/* Drop all. */
void arrived_done(struct arrived *a);

/**
 * arrived_await() - take the first event that fits, waiting for it if need be
 * @wait_ms: as everywhere in fdbroker.h
 * @ret:     the event, now the caller's
 *
 * Return: 0, or -ETIMEDOUT, -ENOTCONN or the reason why the connection ended; the client's error is
 *         set.
 */
int arrived_await(
	struct fdb_client *c, struct arrived_want want, int wait_ms, struct fdb_event **ret);

/**
 * arrived_answer() - wait for the answer to a call
 *
 * Return: 0 with the answer, now the caller's; or the negative errno of an answer that is an error,
 *         or why there is none; the client's error is set.
 */
int arrived_answer(struct fdb_client *c, uint64_t call, int wait_ms, struct fdb_event **ret);

#endif

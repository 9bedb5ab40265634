/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is counted from the daemon's start on, and how long each stage of a restore took: plain data, pure. As text:
 * metrics_text.c. What is there at this moment is not counted but read when somebody asks: calls/metrics.c.
 */
#ifndef FDBROKER_METRICS_H
#define FDBROKER_METRICS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "jobs/record.h"
#include "policy/users.h"

/* The stages of a restore; one is counted when it has come to its end, and the next begins. */
enum metrics_stage {
	METRICS_PLANNING,  /* accepted -> planned; the wait for a planner is in it */
	METRICS_QUEUED,    /* planned -> its turn */
	METRICS_STARTING,  /* its turn -> criu runs and has been asked */
	METRICS_RESTORING, /* -> criu has restored it */
	METRICS_ENDING,    /* of one that fails: the failure -> nothing of it is left */
	METRICS_STAGES,
};

#define METRICS_BUCKETS 18

/* Upper bounds of the buckets, microseconds, rising: 1 ms .. 10 min. What is longer is in the count alone. */
extern const uint64_t metrics_bounds_us[METRICS_BUCKETS];

struct metrics_times {
	uint64_t buckets[METRICS_BUCKETS]; /* each for itself, not those below it too */
	uint64_t count;
	uint64_t sum_us;
};

/* How the root task of a restored tree has ended. */
enum metrics_end {
	METRICS_EXITED_ZERO,
	METRICS_EXITED_NONZERO,
	METRICS_SIGNAL,
	METRICS_END_UNKNOWN,
	METRICS_ENDS,
};

/* Zeroed at the start. */
struct metrics {
	uint64_t accepted;
	uint64_t outcomes[ERR_CODES]; /* results; [0]: restored */
	uint64_t refused
		[ERR_CODES]; /* calls, connections and packets that were answered with an error */
	uint64_t ends[METRICS_ENDS];
	uint64_t events_lost; /* by clients that watch and do not read */
	struct metrics_times stages[METRICS_STAGES];
	struct metrics_times restored, failed; /* accepted -> the result */
};

/* "planning" and so on; static. */
const char *metrics_stage_name(enum metrics_stage stage);

/* "exited_zero" and so on; static. */
const char *metrics_end_name(enum metrics_end end);

/* Count one time. */
void metrics_time(struct metrics_times *times, uint64_t us);

/* A call, a packet or a connection was answered with this error. */
void metrics_refused(struct metrics *m, enum err_code code);

/**
 * metrics_entered() - a job has entered record->state
 *
 * To be told of each state of each job once. Of jobs of a daemon before us only outcomes and ends are counted: in
 * their times is the time in which there was no daemon.
 */
void metrics_entered(struct metrics *m, const struct record *record);

/* ---- users ---- */

#define METRICS_MAX_USERS 100 /* that are shown */

struct metrics_user {
	uid_t uid;
	uint64_t used[USERS_WHATS];
};

/* Those who use most. Zeroed at the start. */
struct metrics_users {
	struct metrics_user list[METRICS_MAX_USERS];
	size_t n;        /* in list */
	size_t left_out; /* users for whom there was no room */
};

/**
 * metrics_add_user() - put one in
 *
 * Of more than METRICS_MAX_USERS those stay who have most jobs under way, then lent descriptors, then all else in the
 * order of enum users_what; of equals those with the lower uid.
 */
void metrics_add_user(struct metrics_users *users, const struct metrics_user *user);

/* In the order of uids: so that the text does not depend on where they were found. */
void metrics_sort_users(struct metrics_users *users);

#endif

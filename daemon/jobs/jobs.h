/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All jobs: those under way, the restored trees that live, and those that have ended and are kept for a
 * while so that their outcome can be asked for.
 */
#ifndef FDBROKER_JOBS_H
#define FDBROKER_JOBS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "trees/cgroup.h"
#include "jobs/keep.h"
#include "jobs/queue.h"
#include "processes/reap.h"
#include "policy/users.h"

struct config;
struct job;
struct job_observer;

/* How much is kept of jobs that have ended; the oldest go first. Per user: users.h. */
struct jobs_limits {
	unsigned max_under_way;         /* restores without a result */
	size_t max_kept;                /* jobs */
	uint64_t max_log_bytes;         /* of all logs */
	uint64_t max_job_log_bytes;     /* of one log that is kept: more is cut out of its middle */
	uint64_t max_growing_log_bytes; /* of a log that criu still writes: more ends the restore */
};

/* What all jobs need, and the jobs there are. Owned by the broker, which fills in the first part. */
struct jobs {
	struct event_base *base;     /* borrowed */
	const struct config *config; /* borrowed; may change at any time */
	struct reaper *reaper;       /* borrowed */
	const char *criu;            /* borrowed; absolute path */
	const char *fault;           /* borrowed; CRIU_FAULT, NULL: none */
	struct cgroup_parent cgroup; /* owned; fd -1: none */
	int scratch;                 /* owned; from scratch_open() */
	int highest;                 /* highest number in criu's table */
	struct keep keep;            /* owned */
	struct users *users;         /* borrowed */
	struct scopes *scopes;       /* owned; NULL: systemd does not manage this machine */
	struct queue planning, workers;
	struct jobs_limits limits;

	uint64_t last_id;
	uint64_t done, failed;          /* results so far */
	unsigned under_way;             /* without a result yet */
	unsigned trees;                 /* restored trees that live */
	size_t lent;                    /* descriptors that restores hold until criu has them */
	size_t kept;                    /* jobs that have ended */
	uint64_t log_bytes;             /* of logs that are kept */
	bool draining;                  /* nothing new is accepted */
	struct event *soon;             /* owned; what is put off until no job is at work */
	struct event *tick;             /* owned; while there is something to look after */
	TAILQ_HEAD(job_list, job) list; /* by number */
	LIST_HEAD(, job_observer) observers; /* of all jobs */
	void (*idle)(void *arg);             /* called when under_way has become 0 */
	void *idle_arg;
};

/* Zeroed before. Return: 0 or -ENOMEM. jobs_done() ends it. */
int jobs_init(struct jobs *jobs, struct event_base *base);

/**
 * jobs_abandon() - forget every job; at the daemon's end
 *
 * Restored trees live on. Restores under way should have been cancelled. What is kept stays.
 */
void jobs_abandon(struct jobs *jobs);

struct sysd_kept;

/**
 * jobs_recover() - take up what a daemon before us has left in jobs->keep; before any job is started
 * @kept: pidfds of roots that systemd has held; all are consumed
 *
 * What becomes of each job: job_recover.c.
 *
 * Return: 0 or -errno.
 */
int jobs_recover(struct jobs *jobs, struct sysd_kept *kept, size_t n_kept);

/* Return: the job, or NULL. */
struct job *jobs_find(const struct jobs *jobs, uint64_t id);

/* The job with the lowest number above @id, or NULL. */
struct job *jobs_after(const struct jobs *jobs, uint64_t id);

/* Hear of all jobs, those to come too; let go by job_unobserve(). */
void jobs_observe(struct jobs *jobs, struct job_observer *observer);

/* job_cancel() for all. */
void jobs_cancel_all(struct jobs *jobs, const char *why);

/* Look whether something that jobs wait for has happened; to be called when children were reaped. */
void jobs_poll(struct jobs *jobs);

/* For job.c: let as many start as may. */
void jobs_start_next(struct jobs *jobs);

/* For job.c: the same and what else follows from an end, when the loop comes to it. */
void jobs_schedule(struct jobs *jobs);

/* For job.c: one has ended; forget the oldest if there are too many. */
void jobs_one_ended(struct jobs *jobs, struct job *job);

/* For job.c: look after them, every second or more often, from now on. */
void jobs_look_after(struct jobs *jobs);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One restore, from the accepted request to the end of the restored root task. Jobs know nothing of
 * sessions: whoever wants to hear of one observes it, and may stop at any time.
 */
#ifndef FDBROKER_JOB_H
#define FDBROKER_JOB_H

#include <sys/queue.h>

#include "jobs/job_spec.h"
#include "jobs/jobs.h"
#include "jobs/record.h"

struct job;

/* What comes with a result for whoever has asked for the restore. Borrowed for the call. */
struct job_handles {
	int pidfd; /* of the restored root; -1: none */
	int log;   /* criu's, for reading from its start; -1: criu was never started */
};

struct job_observer;

/*
 * Called from the loop, never from inside a call of ours. The observer may go in any of them, and is let
 * go after the state JOB_ENDED.
 */
struct job_observer_ops {
	/* NULL: not of interest. fd: borrowed; a descriptor that belongs to the stage, or -1 */
	void (*stage)(
		struct job_observer *o, struct job *job, const struct job_stage *stage, int fd);
	/* NULL: not of interest. Once: before JOB_RUNNING, or before JOB_ENDED. */
	void (*result)(struct job_observer *o, struct job *job, const struct job_handles *handles);
	/* NULL: not of interest. It has entered job_record()->state. */
	void (*state)(struct job_observer *o, struct job *job);
};

struct job_observer {
	const struct job_observer_ops *ops; /* borrowed; NULL: observes nothing */
	LIST_ENTRY(job_observer) entry;
};

/* Who wants it. */
struct job_client {
	uid_t uid;
	pid_t pid;     /* when it connected */
	bool carry_on; /* recorded; what it means is the caller's business */
};

/**
 * job_start() - accept a restore
 * @spec:     on 0 moved into the job, and empty; on -1 untouched
 * @observer: borrowed; NULL: nobody listens
 *
 * Return: 0 and it will come to a result; or -1 with @err: nothing was started.
 */
int job_start(struct jobs *jobs, struct job_spec *spec, const struct job_client *client,
	struct job_observer *observer, struct job **ret, struct err *err);

/**
 * job_take_lent() - give a lent descriptor to the job that uses it
 * @fd: consumed; one that its mappings name. To be called for each of them right after job_start()
 *
 * It is closed when criu has its own, or at the job's end. It counts as lent by the user until then.
 */
void job_take_lent(struct job *job, int fd);

/* Borrowed; it changes while the loop runs. */
const struct record *job_record(const struct job *job);

uint64_t job_id(const struct job *job);

/* For log_about.by: whose lines are limited. Root's are not. */
const uid_t *job_by(const struct job *job);

/* Its place in the queue, 1 being next; 0: it is not in it. */
size_t job_position(const struct job *job);

/* Tasks that criu has made so far; -1: not known, or it does not restore. */
int job_tasks_made(const struct job *job);

/* criu has ended, so its log grows no more. */
bool job_log_is_complete(const struct job *job);

/* Of its log now, while it grows too. */
uint64_t job_log_bytes(const struct job *job);

/* Descriptors are lent to it that criu does not have yet. */
size_t job_lent(const struct job *job);

void job_observe(struct job *job, struct job_observer *observer);

/* Not observing: nothing happens. */
void job_unobserve(struct job_observer *observer);

/**
 * job_cancel() - end a restore that has no result yet
 *
 * Until criu's post-restore it is told to give up and cleans up itself; after that the tree is killed.
 * The result (CANCELLED) comes when nothing is left.
 *
 * Return: 0, also if it is ending already; -EALREADY: it has its result.
 */
int job_cancel(struct job *job, const char *why);

#endif

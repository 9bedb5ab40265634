/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One restore, from the accepted request to the end of the restored tree. Jobs know nothing of
 * sessions: whoever starts one hears of it by callbacks, and may stop listening.
 */
#ifndef FDBROKER_JOB_H
#define FDBROKER_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/fdset.h"
#include "cgroup.h"
#include "job_spec.h"
#include "prepare.h"
#include "reap.h"

struct job;

/* What all jobs need, and the jobs there are. Owned by the broker. */
struct jobs {
	struct event_base *base;     /* borrowed */
	struct reaper *reaper;       /* borrowed */
	const char *criu;            /* borrowed; absolute path */
	const char *fault;           /* borrowed; CRIU_FAULT, NULL: none */
	struct cgroup_parent cgroup; /* owned; fd -1: none */
	int scratch;                 /* owned; from scratch_open() */
	int highest;                 /* highest number in criu's table */
	uint64_t last_id;
	uint64_t done, failed; /* results so far */
	unsigned restoring;    /* without a result yet */
	unsigned trees;        /* restored trees that live */
	size_t lent;           /* descriptors that restores hold until criu has them */
	LIST_HEAD(, job) list;
};

#define JOB_MAX_STAGES                                                                             \
	32 /* criu sends at most nine notifications; more are passed on, not recorded */

enum job_stage_kind {
	JOB_PLANNED,  /* nothing speaks against the mappings */
	JOB_STARTED,  /* criu runs and has been asked to restore */
	JOB_NOTIFIED, /* criu has reached one of its notifications */
};

struct job_stage {
	enum job_stage_kind kind;
	char name[64];  /* JOB_NOTIFIED: criu's name of the notification */
	uint64_t at_us; /* microseconds since job_start() */
};

struct job_result {
	bool success;
	struct err err; /* without success */
	pid_t pid;      /* with success */
	int pidfd;      /* with success; borrowed for the call */
	int log; /* borrowed for the call; open for reading at its start; -1: criu never ran */
	const struct job_stage *stages;
	size_t n_stages;
	uint64_t total_us;
	const int *numbers; /* one for each mapping, once criu was started; else none */
	size_t n_numbers;
	const struct planner_problem *problems; /* what the plan has found */
	size_t n_problems;
};

/* Called from the loop, never from inside a call of ours. */
struct job_ops {
	/* fd: borrowed; a descriptor that belongs to the stage, or -1 */
	void (*event)(void *arg, struct job *job, const struct job_stage *stage, int fd);
	/* Once, the last call. The job may be gone after it. */
	void (*result)(void *arg, struct job *job, const struct job_result *result);
};

/**
 * job_start() - start a restore
 * @spec: on 0 moved into the job, and empty; on -1 untouched
 *
 * Return: 0 and events will come; or -1 with @err: nothing was started.
 */
int job_start(struct jobs *jobs, struct job_spec *spec, const struct job_ops *ops, void *arg,
	struct job **ret, struct err *err);

/**
 * job_take_lent() - give a lent descriptor to the job that uses it
 * @fd: consumed; one that its mappings name. To be called for each of them right after job_start()
 *
 * It is closed when criu has its own, or at the job's end.
 */
void job_take_lent(struct job *job, int fd);

uint64_t job_id(const struct job *job);

/* No callback comes any more; the restore goes on. */
void job_unlisten(struct job *job);

/**
 * job_cancel() - end a restore that has no result yet; else nothing happens
 *
 * Until criu's post-restore it is told to give up and cleans up itself; after that the tree is killed.
 * The result (CANCELLED) comes when nothing is left.
 */
void job_cancel(struct job *job, const char *why);

/* job_cancel() for all. */
void jobs_cancel_all(struct jobs *jobs, const char *why);

/* Look whether something that jobs wait for has happened; to be called when children were reaped. */
void jobs_poll(struct jobs *jobs);

/**
 * jobs_abandon() - forget every job; at the daemon's end
 *
 * Restored trees live on, in the daemon's own cgroup. Restores under way should have been cancelled.
 */
void jobs_abandon(struct jobs *jobs);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a job is made of, and what its parts say to each other: for job*.c alone. */
#ifndef FDBROKER_JOB_STRUCT_H
#define FDBROKER_JOB_STRUCT_H

#include <time.h>

#include "base/fdset.h"
#include "processes/guard.h"
#include "jobs/job.h"
#include "service/log.h"
#include "prepare/prepare.h"
#include "service/scope.h"
#include "trees/sweep.h"
#include "trees/tree.h"
#include "worker/worker.h"

#define JOB_GRACE_MS 2000 /* for criu to clean up after itself before everything is killed */
#define JOB_TICK_MS  50   /* how often an end that does not come by itself is looked after */

struct job {
	TAILQ_ENTRY(job) entry;
	struct jobs *jobs; /* borrowed */
	struct record record;
	struct user *user; /* held */
	LIST_HEAD(, job_observer) observers;

	bool charged[USERS_WHATS]; /* to the user, one of each */
	uint64_t charged_log;      /* bytes of it */

	/* Until the result. */
	struct job_spec spec;
	struct fdset lent; /* until criu has them */
	struct planner_mapping
		*wishes; /* owned; the mappings as the planner wants them, into spec */
	struct planner_request request; /* for the planner, into spec */
	struct queue_item place;        /* in jobs->planning, then in jobs->workers */
	struct queue *queue;            /* where place is; NULL: nowhere */
	struct prepare *prepare;        /* owned */
	struct worker *worker;          /* owned by itself; NULL: not started, or reaped */
	int own_work;        /* owned; criu's work directory if the client gave none; -1 */
	int log;             /* owned; what criu writes to; -1 */
	struct event *timer; /* owned; the deadline, then the ticks of JOB_ENDING */
	uint64_t kill_at_us; /* JOB_ENDING: when criu's time to clean up is over; monotonic */
	struct guard *
		guard; /* owned; from post-restore until pre-resume, if criu works as its client; NULL */
	bool rights_good; /* pre-resume has been heard, and no task had more than its client; see job_rights.c */
	bool asked;      /* whether the images are unchanged; criu's post-restore waits for it */
	bool replied;    /* criu has: it may end */
	bool hung_up;    /* criu closed its socket without an answer */
	bool killed;     /* by us */
	bool explaining; /* JOB_ENDING: nothing is left, the log is being read */

	/* Until the last task is gone. */
	struct tree tree;
	bool counted;        /* in jobs->trees */
	struct scope *scope; /* owned; asked for, and systemd is at work */
};

/* ---- job_observe.c ---- */

uint64_t job_clock_us(clockid_t clock);
uint64_t job_age_us(const struct job *job); /* since it was accepted */

static inline struct log_about job_about(const struct job *job)
{
	return (struct log_about){ .job = job->record.id, .by = job_by(job) };
}

/* The record is in this state from now on; nobody is told yet. */
void job_enter(struct job *job, enum job_state state);

/* Tell those who observe. */
void job_tell_state(struct job *job);
void job_tell_result(struct job *job, const struct job_handles *handles);

/* Record a stage and tell of it. @name: of a notification, else ""; @fd: borrowed, or -1 */
void job_stage(struct job *job, enum job_stage_kind kind, const char *name, int fd);

/* Write the record down. Return: 0 or -errno. */
int job_save(struct job *job);

/* The same where what happens cannot be undone: only the next daemon would miss it. */
void job_save_or_warn(struct job *job);

/* ---- job_means.c ---- */

/* A job without anything. Return: NULL: no memory. job_free() ends it. */
struct job *job_new(struct jobs *jobs, uid_t uid);

/* Before it is planned. Return: 0, or -1 with @err; then job_free() is due. */
int job_prepare_to_plan(struct job *job, struct job_spec *spec, struct err *err);

/* Before criu: log, work directory, cgroup; and write them down. Return: 0, or -1 with @err. */
int job_make_room(struct job *job, struct err *err);

int job_start_worker(struct job *job, const struct worker_ops *ops, struct err *err);

/* What came from the client and is in criu's hands now, or in nobody's. */
void job_drop_lent(struct job *job);

void job_leave_queue(struct job *job);

/* All that is of use until the result only. */
void job_drop_means(struct job *job);

/* It counts as one more of these of its user, whatever the limit is. */
void job_charge_anyway(struct job *job, enum users_what what);

/* No longer; if it did. */
void job_discharge(struct job *job, enum users_what what);

/* criu has ended: bring its log to the size that is kept, and count it. */
void job_close_log(struct job *job);

/* ---- job_rights.c ---- */

/**
 * job_guard() - criu shall be told to go on from post-restore: see to it that its tasks do not run unseen
 *
 * Return: 0: should we end before job_check_rights(), all will be killed; or criu works as root anyway; -1 with @err.
 */
int job_guard(struct job *job, struct err *err);

/**
 * job_check_rights() - criu says pre-resume: do the tasks have no more rights than the client?
 *
 * Return: 0: they have not, or criu works as root anyway; -1 with @err: all must be killed.
 */
int job_check_rights(struct job *job, struct err *err);

/* criu says that it is done: was it found before that they have no more? Return: 0, or -1 with @err. */
int job_know_rights(const struct job *job, struct err *err);

/* ---- job_log.c ---- */

void job_log_result(const struct job *job);
void job_log_end(const struct job *job);

/* ---- job_scope.c ---- */

/* criu has ended, the tree runs: ask systemd for a scope for it, if there is systemd. */
void job_ask_scope(struct job *job);

/* ---- job_end.c ---- */

/* Of job->timer. */
void job_timer_fired(evutil_socket_t none, short what, void *arg);
void job_set_timer(struct job *job, uint64_t ms);

/* @grace_ms: how long criu may take to clean up by itself; 0: everything is killed now. */
void job_begin_end(struct job *job, const struct err *err, uint64_t grace_ms);

/* Ends criu and all it has made, at once: criu killed alone at the wrong moment lets the tree run. */
void job_kill_everything(struct job *job);

/* Of prepare.h: what the log says of a failure. */
void job_explained(void *arg, const struct explained *explained);

/* The result. @state: JOB_RUNNING or JOB_ENDED. The record has all but when, and whether it is a success. */
void job_conclude(struct job *job, enum job_state state);

/* For jobs.c: has what it waits for come? */
void job_poll(struct job *job);

/* For jobs.c: every second. */
void job_look_after(struct job *job);

/* ---- job.c ---- */

/* Of tree.h: the root task is gone. */
void job_root_ended(struct tree *tree, bool known, int status, const struct rusage *usage);

/* criu has succeeded, and shall end by itself soon; else it is killed. */
void job_await_criu(struct job *job);

/* For jobs.c: begin what the queues have let through. */
void job_begin_planning(struct job *job);
void job_begin_restoring(struct job *job);

/* For jobs.c: forget it; its tasks, if there are any, live on. @keep: its record and log stay */
void job_free(struct job *job, bool keep);

#endif

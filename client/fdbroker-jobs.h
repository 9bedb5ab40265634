/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: jobs by their numbers, of this connection or of another: asking, waiting,
 * watching, ending; and the broker itself: how it is, draining.
 *
 * The rules for the whole library stand at the top of fdbroker.h, which includes this header.
 */
#ifndef FDBROKER_JOBS_H
#define FDBROKER_JOBS_H

#include "fdbroker.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Who may restore as root sees the jobs of all users, everybody else those of the own user. A job that one
 * may not see is -ESRCH, as one that does not exist or is not kept any more.
 *
 * Of each call there is a form that waits and one that does not, fdb_start_...(): see "event loops"
 * in fdbroker.h. When wait_ms is over the call goes on: fdb_error_call() is the one whose answer will
 * then come as an event. All return -ENOTCONN, -EPIPE, -ENOMEM too, and those that wait -ETIMEDOUT
 * and -EPROTO (the broker's answer is none to this call).
 */

/* ---- what is known of a job --------------------------------------------------------------- */

/** enum fdb_job_state - where a job is: the numbers of fdbroker.v1.JobState */
enum fdb_job_state {
	FDB_JOB_ACCEPTED = 1,  /* its images are being read */
	FDB_JOB_PLANNED = 2,   /* nothing speaks against its mappings */
	FDB_JOB_QUEUED = 3,    /* waits for its turn */
	FDB_JOB_STARTING = 4,  /* criu is being started */
	FDB_JOB_RESTORING = 5, /* criu restores */
	FDB_JOB_ENDING = 6,    /* it has failed; what there is of it is being ended */
	FDB_JOB_RUNNING = 7,   /* restored: the tree runs, and the job has a result */
	FDB_JOB_ENDED = 8      /* failed and nothing is left, or the restored root task is gone */
};

/** fdb_job_state_name() - "RUNNING" and the like; "UNKNOWN" for a number that is not listed. */
const char *fdb_job_state_name(enum fdb_job_state state);

/** enum fdb_job_end - how the restored root task has ended */
enum fdb_job_end {
	FDB_END_NONE = 0,    /* it has not, or there never was one */
	FDB_END_UNKNOWN = 1, /* nobody knows: the broker was not there, or not its parent */
	FDB_END_EXITED = 2,  /* by itself: fdb_job_exit_code() */
	FDB_END_SIGNAL = 3   /* a signal has ended it: fdb_job_signal() */
};

/** fdb_job_free() - end a job as it was told, not the job; NULL is allowed. */
void fdb_job_free(struct fdb_job *job);

/*
 * What is in a job. The result is borrowed until it is freed; one that is taken is yours.
 *
 *   number            of the job
 *   state             see above; a newer broker may have numbers that are not listed
 *   uid               of the client
 *   client_pid        of the client when it connected; it may be another's by now
 *   accepted_us       when it was accepted, microseconds since 1970-01-01 00:00 UTC
 *   age_us            microseconds since then; of an ended job, until its end
 *   deadline_ms       of its restore, milliseconds
 *   when_client_gone  as in its request
 *   position          FDB_JOB_QUEUED: its place in the queue, 1 being next; else 0
 *   tasks             in its images; -1: not read yet
 *   tasks_made        FDB_JOB_RESTORING: so many exist by now; -1: not known
 *   has_log           criu's log is kept: fdb_log()
 *   log_bytes         and is so long
 *   recovered         the broker has been started anew since it was accepted
 *   result            from FDB_JOB_RUNNING on, and of one that has failed; without descriptors. Else
 *                     NULL. In a list and in FDB_EVENT_JOB: success and the error alone
 *   transition_...    the state that it entered i-th, and when, microseconds since it was accepted.
 *                     No such i: 0. n_transitions: 0 in a list and in FDB_EVENT_JOB
 *   end               see above
 *   exit_code         FDB_END_EXITED: 0 .. 255; else -1
 *   signal            FDB_END_SIGNAL: 1 .. 64; else 0
 *   core_dumped       FDB_END_SIGNAL: and it dumped core
 *   has_usage         the following are known, as getrusage(2) has them, of the root task and of
 *                     those of its children that it had waited for, since they were restored; else 0
 *   user_us, system_us            microseconds
 *   max_rss_kib                   KiB
 *   minor_faults, major_faults
 */
uint64_t fdb_job_number(const struct fdb_job *job);
enum fdb_job_state fdb_job_state(const struct fdb_job *job);
uid_t fdb_job_uid(const struct fdb_job *job);
pid_t fdb_job_client_pid(const struct fdb_job *job);
uint64_t fdb_job_accepted_us(const struct fdb_job *job);
uint64_t fdb_job_age_us(const struct fdb_job *job);
uint32_t fdb_job_deadline_ms(const struct fdb_job *job);
enum fdb_gone fdb_job_when_client_gone(const struct fdb_job *job);
uint32_t fdb_job_position(const struct fdb_job *job);
int fdb_job_tasks(const struct fdb_job *job);
int fdb_job_tasks_made(const struct fdb_job *job);
bool fdb_job_has_log(const struct fdb_job *job);
uint64_t fdb_job_log_bytes(const struct fdb_job *job);
bool fdb_job_recovered(const struct fdb_job *job);
const struct fdb_result *fdb_job_result(const struct fdb_job *job);
struct fdb_result *fdb_job_take_result(struct fdb_job *job);
size_t fdb_job_n_transitions(const struct fdb_job *job);
enum fdb_job_state fdb_job_transition_state(const struct fdb_job *job, size_t i);
uint64_t fdb_job_transition_at_us(const struct fdb_job *job, size_t i);
enum fdb_job_end fdb_job_end(const struct fdb_job *job);
int fdb_job_exit_code(const struct fdb_job *job);
int fdb_job_signal(const struct fdb_job *job);
bool fdb_job_core_dumped(const struct fdb_job *job);
bool fdb_job_has_usage(const struct fdb_job *job);
uint64_t fdb_job_user_us(const struct fdb_job *job);
uint64_t fdb_job_system_us(const struct fdb_job *job);
uint64_t fdb_job_max_rss_kib(const struct fdb_job *job);
uint64_t fdb_job_minor_faults(const struct fdb_job *job);
uint64_t fdb_job_major_faults(const struct fdb_job *job);

/* ---- asking, waiting, ending -------------------------------------------------------------- */

/**
 * fdb_show() - everything about one job
 * @job: its number
 * @ret: the job as it is now, yours: fdb_job_free()
 *
 * Return: 0, or -ESRCH.
 */
int fdb_show(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_job **ret);
int fdb_start_show(struct fdb_client *c, uint64_t job, uint64_t *ret_call);

/**
 * fdb_wait() - wait until a job has ended: until it failed, or its restored root task is gone
 * @job: its number; of this connection, of another, of one to the broker before it was started anew
 * @ret: the job at its end, yours: fdb_job_free()
 *
 * What a restore of this connection has to tell, events and its result, comes besides, as ever. For
 * the end of the restore alone: fdb_wait_result(). A wait that has timed out goes on in the broker
 * and counts among the 256 that one connection may have.
 *
 * Return: 0, or -ESRCH, -EDQUOT (256 wait already).
 */
int fdb_wait(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_job **ret);
int fdb_start_wait(struct fdb_client *c, uint64_t job, uint64_t *ret_call);

/**
 * fdb_cancel() - end a restore that has no result yet
 * @ret: the job when nothing of it is left, yours: fdb_job_free(); its result tells what was done.
 *       NULL is allowed
 *
 * Waits as fdb_wait() does; one that has timed out cancels none the less.
 *
 * Return: 0, or -ESRCH, -EDQUOT, -EALREADY: it has its result; a restored tree is its own master.
 */
int fdb_cancel(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_job **ret);
int fdb_start_cancel(struct fdb_client *c, uint64_t job, uint64_t *ret_call);

/**
 * fdb_log() - criu's log of one job
 * @ret_fd:       the log, yours: a file to read from its start
 * @ret_complete: criu has ended; false: the file grows. NULL is allowed
 *
 * Return: 0, or -ESRCH, -EALREADY (there is none: criu was not started for it, or not yet).
 */
int fdb_log(struct fdb_client *c, uint64_t job, int wait_ms, int *ret_fd, bool *ret_complete);
int fdb_start_log(struct fdb_client *c, uint64_t job, uint64_t *ret_call);

/** Instead of a user: all of them. */
#define FDB_ANY_USER     ((uid_t)-1)
/** One state, for fdb_list(): FDB_STATE(FDB_JOB_QUEUED) | FDB_STATE(FDB_JOB_RESTORING) */
#define FDB_STATE(state) (1U << (state))

/**
 * fdb_list() - which jobs are there?
 * @states: only those in one of these states, FDB_STATE() of each; 0: all
 * @uid:    only those of this user; FDB_ANY_USER: all
 * @ret:    the jobs by their numbers, yours: fdb_job_list_free(). It may be empty
 *
 * Asks again until it has all of them; jobs that come meanwhile may be among them or not.
 * fdb_start_list() asks once, for those with a number above @after: when fdb_job_list_more() of the
 * answer is true, ask for the next part with the last number of this one.
 *
 * Return: 0. After -ETIMEDOUT one part may still come as an event; what came before it is dropped.
 */
int fdb_list(
	struct fdb_client *c, unsigned states, uid_t uid, int wait_ms, struct fdb_job_list **ret);
int fdb_start_list(
	struct fdb_client *c, unsigned states, uid_t uid, uint64_t after, uint64_t *ret_call);

/** fdb_job_list_free() - end a list and its jobs; NULL is allowed. */
void fdb_job_list_free(struct fdb_job_list *list);
/** fdb_job_list_n() - how many jobs are in it. */
size_t fdb_job_list_n(const struct fdb_job_list *list);
/** fdb_job_list_get() - job i, borrowed until the list is freed; NULL: no such i. */
const struct fdb_job *fdb_job_list_get(const struct fdb_job_list *list, size_t i);
/** fdb_job_list_more() - it is one part, and there are more. */
bool fdb_job_list_more(const struct fdb_job_list *list);

/**
 * fdb_pidfd_status() - how has a task ended whose parent is somebody else?
 * @pidfd:      borrowed; of the task, opened before it ended: fdb_result_pidfd()
 * @ret_status: as of waitpid(2): WIFEXITED(), WTERMSIG() and so on
 *
 * Asks the kernel, not the broker: works without a connection. The pidfd is readable (poll(2)) when
 * the task has ended; the status can be had when its parent has waited for it too, which is a moment
 * later.
 *
 * Return: 0, or -EAGAIN (it has not ended, or was not waited for yet), -ESRCH (the kernel has not kept
 *         how: Linux before 6.15, or no pidfd was open when it ended), -ENOTTY or -ENOSYS (Linux
 *         before 6.13, or no pidfd), -EBADF.
 */
int fdb_pidfd_status(int pidfd, int *ret_status);

/* ---- watching ----------------------------------------------------------------------------- */

/**
 * fdb_watch() - from now on, tell what happens to jobs, as FDB_EVENT_JOB
 * @job:         only this one; 0: all that one may see
 * @uid:         only those of this user; FDB_ANY_USER: all
 * @states_only: only new states, not criu's notifications
 *
 * A connection has one watch, another one replaces it. Events come besides those of the own restores.
 * Who fetches them too slowly loses some, the oldest that wait here and any in the broker:
 * fdb_event_lost(); what a job is then, fdb_show() tells.
 *
 * Return: 0, or -ESRCH (@job).
 */
int fdb_watch(struct fdb_client *c, uint64_t job, uid_t uid, bool states_only, int wait_ms);
int fdb_start_watch(
	struct fdb_client *c, uint64_t job, uid_t uid, bool states_only, uint64_t *ret_call);

/**
 * fdb_unwatch() - no more of that; events that have come can still be fetched
 *
 * Return: 0.
 */
int fdb_unwatch(struct fdb_client *c, int wait_ms);
int fdb_start_unwatch(struct fdb_client *c, uint64_t *ret_call);

/* ---- the broker --------------------------------------------------------------------------- */

/** enum fdb_drain - what becomes of restores that are asked for from now on */
enum fdb_drain {
	FDB_DRAIN_OFF = 0, /* they are taken again */
	FDB_DRAIN_ON = 1,  /* they are refused, FDB_DRAINING; those that were accepted go on */
	FDB_DRAIN_WAIT =
		2 /* the same, and the answer comes when no restore is under way any more */
};

/**
 * fdb_drain() - have the broker take no more restores; for those who may restore as root
 * @ret_draining:  it takes none now; after FDB_DRAIN_WAIT false if somebody has switched it off
 *                 meanwhile. NULL is allowed
 * @ret_jobs_left: restores still under way. NULL is allowed
 *
 * Return: 0, or -EPERM, -EDQUOT (FDB_DRAIN_WAIT, where too many calls wait already: MaxWaitingPerSession).
 */
int fdb_drain(struct fdb_client *c, enum fdb_drain how, int wait_ms, bool *ret_draining,
	uint32_t *ret_jobs_left);
int fdb_start_drain(struct fdb_client *c, enum fdb_drain how, uint64_t *ret_call);

/**
 * fdb_metrics() - the broker's figures for a monitoring system; for those who may restore as root
 * @ret: OpenMetrics 1.0 text, yours: free(3). docs/operations.md lists what is in it
 *
 * Return: 0, or -EPERM; -EOPNOTSUPP: the broker is older than this call.
 */
int fdb_metrics(struct fdb_client *c, int wait_ms, char **ret);
int fdb_start_metrics(struct fdb_client *c, uint64_t *ret_call);

/**
 * fdb_event_take_metrics() - the answer to fdb_start_metrics()
 *
 * Return: the text, yours: free(3); NULL: the event is none, or has been asked before.
 */
char *fdb_event_take_metrics(struct fdb_event *ev);

/**
 * fdb_status() - ask how the broker is
 * @ret: the report, yours: fdb_report_free()
 *
 * Return: 0, or -ENOTCONN, -ETIMEDOUT, -EPIPE, -ENOMEM.
 */
int fdb_status(struct fdb_client *c, int wait_ms, struct fdb_report **ret);

/** fdb_report_free() - end a report; NULL is allowed. */
void fdb_report_free(struct fdb_report *rep);

/*
 * What is in a report. Strings are borrowed until it is freed.
 *
 *   version       of the broker
 *   pid           of the broker, in its own pid namespace
 *   criu_path     the criu that restores run; "": none
 *   criu_usable   it exists and may be executed
 *   criu_fault    CRIU_FAULT in criu's environment; NULL: none
 *   sessions      connections now, this one included
 *   lent          descriptors lent now, by all connections
 *   jobs_running  restores under way
 *   trees         restored trees that live and whose parent the broker is
 *   jobs_done     restores that succeeded since the broker started
 *   jobs_failed   and those that did not
 *   uptime_ms     milliseconds since it started
 *   cgroup        where the control groups of jobs are made; NULL: no cgroup v2
 *   jobs_queued   of jobs_running: accepted, and criu not yet started for them
 *   max_workers   restores that may run criu at one time
 *   draining      no restores are taken now: fdb_drain()
 *   jobs_kept     ended jobs that can still be asked for
 *   log_bytes     bytes of criu's logs that are kept
 *   state_dir     where jobs are remembered; NULL: a broker that is started anew knows none of them
 *   warning       what an administrator should know, one sentence; NULL: no such i
 */
const char *fdb_report_version(const struct fdb_report *rep);
pid_t fdb_report_pid(const struct fdb_report *rep);
const char *fdb_report_criu_path(const struct fdb_report *rep);
bool fdb_report_criu_usable(const struct fdb_report *rep);
const char *fdb_report_criu_fault(const struct fdb_report *rep);
uint32_t fdb_report_sessions(const struct fdb_report *rep);
uint32_t fdb_report_lent(const struct fdb_report *rep);
uint32_t fdb_report_jobs_running(const struct fdb_report *rep);
uint32_t fdb_report_trees(const struct fdb_report *rep);
uint64_t fdb_report_jobs_done(const struct fdb_report *rep);
uint64_t fdb_report_jobs_failed(const struct fdb_report *rep);
uint64_t fdb_report_uptime_ms(const struct fdb_report *rep);
const char *fdb_report_cgroup(const struct fdb_report *rep);
uint32_t fdb_report_jobs_queued(const struct fdb_report *rep);
uint32_t fdb_report_max_workers(const struct fdb_report *rep);
bool fdb_report_draining(const struct fdb_report *rep);
uint32_t fdb_report_jobs_kept(const struct fdb_report *rep);
uint64_t fdb_report_log_bytes(const struct fdb_report *rep);
const char *fdb_report_state_dir(const struct fdb_report *rep);
size_t fdb_report_n_warnings(const struct fdb_report *rep);
const char *fdb_report_warning(const struct fdb_report *rep, size_t i);

#ifdef __cplusplus
}
#endif

#endif

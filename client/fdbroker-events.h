/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: what the broker tells: events, and the results of restores.
 *
 * The rules for the whole library stand at the top of fdbroker.h, which includes this header.
 */
#ifndef FDBROKER_EVENTS_H
#define FDBROKER_EVENTS_H

#include "fdbroker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- events ------------------------------------------------------------------------------- */

enum fdb_event_kind {
	FDB_EVENT_OTHER = 0,    /* a stage that this library does not know yet: fdb_event_stage() */
	FDB_EVENT_STARTED = 1,  /* criu runs and has been asked to restore */
	FDB_EVENT_NOTIFIED = 2, /* criu has reached a moment of its own: fdb_event_notification() */
	FDB_EVENT_RESULT = 3,   /* the job has ended: fdb_event_result() */
	FDB_EVENT_ANSWER = 4,   /* to fdb_start_...(), or to a call whose wait was over before */
	FDB_EVENT_PLANNED = 5,  /* the images were read, and nothing speaks against the mappings */
	FDB_EVENT_QUEUED = 6,   /* waits: as many restores run as may, fdb_report_max_workers() */
	FDB_EVENT_STARTING = 7, /* its turn has come */
	FDB_EVENT_JOB = 8       /* of any job, for fdb_watch(): fdb_event_job_report() */
};

/**
 * fdb_next_event() - the next thing that the broker tells, of any job
 * @ret: the event, yours: fdb_event_free()
 *
 * Return: 0, -ETIMEDOUT (none within wait_ms), -EPIPE (the broker is gone and no event is left),
 *         -ENOTCONN, -ENOMEM.
 */
int fdb_next_event(struct fdb_client *c, int wait_ms, struct fdb_event **ret);

/** fdb_event_free() - end an event, and the result in it if nobody took that; NULL is allowed. */
void fdb_event_free(struct fdb_event *ev);

/*
 * What is in an event. Strings, results, jobs and descriptors are borrowed until it is freed; those
 * that are taken are yours from then on.
 *
 *   kind          see above
 *   stage         number of fdbroker.v1.Stage; 0 for a result, an answer, and a FDB_EVENT_JOB that
 *                 tells of a new state
 *   job           number of the job; of an answer: of the job that it is about, else 0
 *   at_us         microseconds since the job was accepted; 0 for an answer
 *   notification  FDB_EVENT_NOTIFIED: criu's own name of the moment ("post-restore"); else "". Of a
 *                 FDB_EVENT_JOB too
 *   descriptor    what came with "orphan-pts-master": the master of the tree's terminal; it is in the
 *                 event alone, not in the stages of the result. In the answer to fdb_start_log(): the
 *                 log. Else -1
 *   result        FDB_EVENT_RESULT: the result, until it is taken; else NULL
 *   job_report    FDB_EVENT_JOB, and the answer to Wait, Cancel or Show: the job, until it is taken;
 *                 else NULL. Also NULL in a FDB_EVENT_JOB that tells of nothing but losses
 *   lost          FDB_EVENT_JOB: so many of its kind were dropped right before it, by the broker or
 *                 by this library, since they were not fetched in time; else 0
 *   call          FDB_EVENT_ANSWER: the number of the call, from fdb_start_...() or
 *                 fdb_error_call(); else 0
 *   status        FDB_EVENT_ANSWER: what the blocking form would return, 0 or a negative errno
 *   error_...     if that is negative, as fdb_error_...()
 *
 * In the answer to one call only; else NULL, false or 0:
 *
 *   job_list      fdb_start_list(): one part of the jobs, until it is taken
 *   log_complete  fdb_start_log(): as fdb_log()
 *   draining      fdb_start_drain(): as fdb_drain()
 *   jobs_left     fdb_start_drain(): as fdb_drain()
 */
enum fdb_event_kind fdb_event_kind(const struct fdb_event *ev);
int fdb_event_stage(const struct fdb_event *ev);
uint64_t fdb_event_job(const struct fdb_event *ev);
uint64_t fdb_event_at_us(const struct fdb_event *ev);
const char *fdb_event_notification(const struct fdb_event *ev);
int fdb_event_descriptor(const struct fdb_event *ev);
int fdb_event_take_descriptor(struct fdb_event *ev);
const struct fdb_result *fdb_event_result(const struct fdb_event *ev);
struct fdb_result *fdb_event_take_result(struct fdb_event *ev);
const struct fdb_job *fdb_event_job_report(const struct fdb_event *ev);
struct fdb_job *fdb_event_take_job_report(struct fdb_event *ev);
uint64_t fdb_event_lost(const struct fdb_event *ev);
uint64_t fdb_event_call(const struct fdb_event *ev);
int fdb_event_status(const struct fdb_event *ev);
enum fdb_code fdb_event_error_code(const struct fdb_event *ev);
int fdb_event_error_errno(const struct fdb_event *ev);
const char *fdb_event_error_field(const struct fdb_event *ev);
const char *fdb_event_error_text(const struct fdb_event *ev);
const char *fdb_event_error_reason(const struct fdb_event *ev);
const char *fdb_event_error_hint(const struct fdb_event *ev);
const struct fdb_job_list *fdb_event_job_list(const struct fdb_event *ev);
struct fdb_job_list *fdb_event_take_job_list(struct fdb_event *ev);
bool fdb_event_log_complete(const struct fdb_event *ev);
bool fdb_event_draining(const struct fdb_event *ev);
uint32_t fdb_event_jobs_left(const struct fdb_event *ev);

/* ---- results ------------------------------------------------------------------------------ */

/** fdb_result_free() - end a result and close the descriptors that nobody took; NULL is allowed. */
void fdb_result_free(struct fdb_result *res);

/** enum fdb_cleanup - what was done about a restore that has failed; the numbers of the protocol */
enum fdb_cleanup {
	FDB_CLEANUP_NONE = 0,    /* criu never ran, or has succeeded */
	FDB_CRIU_CLEANED_UP = 1, /* criu ended its tasks and itself */
	FDB_TREE_KILLED = 2      /* the broker killed criu and every task that it had made */
};

/*
 * What is in a result. The result of a job that was asked for by its number (fdbroker-jobs.h) has no
 * descriptors: pidfd and log are -1. Strings and descriptors are borrowed until it is freed; those that are taken
 * are yours from then on.
 *
 *   job                       its number
 *   success                   true: the tree runs. False: nothing of it is left, and:
 *   code, errno, field, text, reason, hint
 *                             why, as fdb_error_...(); 0 and "" with success
 *   pid                       of the root task, as the broker sees it; 0 without success
 *   pidfd                     of the root task, taken while it could not have gone; -1: none
 *   log                       criu's whole log, open for reading at its start; -1: criu never ran
 *   number                    of mapping i of the request: its descriptor in criu's table; -1: no
 *                             such i. n_numbers: all mappings, or 0 if it never came to that
 *   stage                     stage i that the job has reached, in their order; NULL: no such i
 *   total_us                  microseconds from acceptance to the result
 *   cleanup                   without success, once criu ran: what was done to be rid of the tree
 *   has_statistics            criu has left its own figures of a success; else all of these are 0:
 *   pages_compared            pages that it compared with those of the parent task
 *   pages_skipped_cow         of those, the same, and so shared
 *   pages_restored            pages that it filled
 *   forking_us                microseconds until all tasks were made
 *   restore_us                microseconds in all
 *   problem_...               of problem i that the plan has found: its stable code ("wrong-kind"), is
 *                             it an error (which refused the restore) or a warning, the mapping of
 *                             the request (-1: none), a line for people. No such i: NULL, false, -1
 *   problems_left_out         problems that the broker had no room for, besides
 */
uint64_t fdb_result_job(const struct fdb_result *res);
bool fdb_result_success(const struct fdb_result *res);
enum fdb_code fdb_result_code(const struct fdb_result *res);
int fdb_result_errno(const struct fdb_result *res);
const char *fdb_result_field(const struct fdb_result *res);
const char *fdb_result_text(const struct fdb_result *res);
const char *fdb_result_reason(const struct fdb_result *res);
const char *fdb_result_hint(const struct fdb_result *res);
pid_t fdb_result_pid(const struct fdb_result *res);
int fdb_result_pidfd(const struct fdb_result *res);
int fdb_result_take_pidfd(struct fdb_result *res);
int fdb_result_log(const struct fdb_result *res);
int fdb_result_take_log(struct fdb_result *res);
size_t fdb_result_n_numbers(const struct fdb_result *res);
int fdb_result_number(const struct fdb_result *res, size_t i);
size_t fdb_result_n_stages(const struct fdb_result *res);
const struct fdb_event *fdb_result_stage(const struct fdb_result *res, size_t i);
uint64_t fdb_result_total_us(const struct fdb_result *res);
enum fdb_cleanup fdb_result_cleanup(const struct fdb_result *res);
bool fdb_result_has_statistics(const struct fdb_result *res);
uint64_t fdb_result_pages_compared(const struct fdb_result *res);
uint64_t fdb_result_pages_skipped_cow(const struct fdb_result *res);
uint64_t fdb_result_pages_restored(const struct fdb_result *res);
uint64_t fdb_result_forking_us(const struct fdb_result *res);
uint64_t fdb_result_restore_us(const struct fdb_result *res);
size_t fdb_result_n_problems(const struct fdb_result *res);
const char *fdb_result_problem_code(const struct fdb_result *res, size_t i);
bool fdb_result_problem_is_error(const struct fdb_result *res, size_t i);
int fdb_result_problem_mapping(const struct fdb_result *res, size_t i);
const char *fdb_result_problem_text(const struct fdb_result *res, size_t i);
uint32_t fdb_result_problems_left_out(const struct fdb_result *res);

#ifdef __cplusplus
}
#endif

#endif

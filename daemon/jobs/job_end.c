/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job's result, and the way to it of a restore that fails: by criu's failure, the deadline, a cancel. From ENDING,
 * where criu may still clean up after itself, to ENDED, when no task is left and the log has been read. The states
 * are drawn in job.c.
 */
#include <signal.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "jobs/job_struct.h"
#include "service/log.h"
#include "jobs/outcome.h"
#include "service/sysd.h"

void job_set_timer(struct job *job, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	(void)event_add(job->timer, &tv);
}

void job_conclude(struct job *job, enum job_state state)
{
	struct record *r = &job->record;
	struct job_handles handles = { .pidfd = state == JOB_RUNNING ? job->tree.pidfd : -1 };

	handles.log = r->has_log ? keep_log_open(&job->jobs->keep, r->id) : -1;
	r->has_result = true;
	r->success = state == JOB_RUNNING;
	r->total_us = job_age_us(job);
	if (!job->worker)
		job_close_log(job);
	job_enter(job, state);
	job_save_or_warn(job);
	if (r->success)
		job->jobs->done++;
	else
		job->jobs->failed++;
	job_log_result(job);
	job_tell_result(job, &handles);
	cleanup_fd(&handles.log);
	job_drop_means(job);
	job->jobs->under_way--;
	job_discharge(job, USERS_JOBS);
	job_discharge(job, USERS_OWN_JOBS);
	job_tell_state(job);
	if (state == JOB_ENDED)
		jobs_one_ended(job->jobs, job);
	jobs_schedule(job->jobs);
}

void job_kill_everything(struct job *job)
{
	/* What criu has killed itself may wait for us to reap it: that is no force of ours. */
	if (tree_count(&job->tree, false) != 0)
		job->killed = true;
	tree_kill(&job->tree, job->worker ? worker_pid(job->worker) : 0);
}

void job_begin_end(struct job *job, const struct err *err, uint64_t grace_ms)
{
	bool started = job->worker;

	job->record.err = *err;
	job->kill_at_us = job_clock_us(CLOCK_MONOTONIC) + grace_ms * 1000;
	job_enter(job, JOB_ENDING);
	if (started)
		job_save_or_warn(job); /* why, should we be killed before nothing is left */
	if (grace_ms == 0)
		job_kill_everything(job);
	if (!started) /* else criu may live for a while yet, and has its place until then */
		job_leave_queue(job);
	job_set_timer(job, started ? JOB_TICK_MS : 0);
	job_tell_state(job);
}

static void hang_up(struct job *job)
{
	if (job->worker)
		worker_hang_up(job->worker);
}

static void failed(struct job *job)
{
	if (job->record.criu.pid)
		job->record.cleanup = job->killed ? JOB_TREE_KILLED : JOB_CRIU_CLEANED_UP;
	job_conclude(job, JOB_ENDED);
	if (job->record.root.pid)
		sysd_forget_fd(job->record.id);
}

void job_explained(void *arg, const struct explained *e)
{
	struct job *job = arg;

	outcome_explain(&job->record, e, job->log);
	failed(job);
}

/* Nothing is left: what was the reason? */
static void explain(struct job *job)
{
	if (job->explaining)
		return;
	job->explaining = true;
	(void)event_del(job->timer);
	if (job->prepare && job->log >= 0 && outcome_is_criu(&job->record.err))
		prepare_ask_explain(job->prepare, job->log);
	else
		failed(job);
}

static void release_tree(struct job *job)
{
	struct log_about what = job_about(job);

	scope_forget(TAKE_PTR(job->scope));
	/* Nobody is in it: that was to be proved. */
	if (tree_done(&job->tree, false) < 0)
		log_line(LOG_WARNING, &what, "its cgroup %s cannot be removed", job->record.cgroup);
	if (job->counted)
		job->jobs->trees--;
	job->counted = false;
	job_discharge(job, USERS_OWN_TREES);
}

void job_poll(struct job *job)
{
	enum job_state state = job->record.state;

	if ((state != JOB_ENDING && state != JOB_ENDED) || job->explaining || job->worker ||
		(state == JOB_ENDED && !job->counted) || tree_is_left(&job->tree))
		return;
	release_tree(job);
	if (state == JOB_ENDING)
		explain(job);
}

void job_look_after(struct job *job)
{
	struct err err;
	struct stat st;

	job_poll(job);
	if (job->record.state != JOB_RESTORING || fstat(job->log, &st) < 0 ||
		(uint64_t)st.st_size <= job->jobs->limits.max_growing_log_bytes)
		return;
	err_set(&err, ERR_LIMIT, 0, NULL,
		"criu's log is over %lu bytes, the broker's limit (MaxGrowingLogSize)",
		(unsigned long)job->jobs->limits.max_growing_log_bytes);
	hang_up(job);
	job_begin_end(job, &err, 0);
}

static bool is_before_result(const struct job *job)
{
	return job->record.state < JOB_ENDING;
}

void job_timer_fired(evutil_socket_t none, short what, void *arg)
{
	struct job *job = arg;
	struct err err;

	(void)none, (void)what;
	if (is_before_result(job)) {
		err_set(&err, ERR_DEADLINE, 0, NULL, "the deadline was over after %lu ms; %s",
			(unsigned long)(job_age_us(job) / 1000),
			job->worker                       ? "criu and its tasks were killed"
			: job->record.state == JOB_QUEUED ? "it was still queued"
							  : "criu had not been started");
		hang_up(job);
		job_begin_end(job, &err, 0);
	} else if (job->record.state == JOB_ENDING) {
		if (job_clock_us(CLOCK_MONOTONIC) >= job->kill_at_us)
			job_kill_everything(job);
		job_set_timer(job, JOB_TICK_MS);
		job_poll(job);
	} else if (job->worker) {
		worker_kill(job->worker); /* it answered long ago and does not end */
	} else {
		tree_signal(&job->record.criu, SIGKILL); /* the same, of a daemon before us */
	}
}

int job_cancel(struct job *job, const char *why)
{
	struct err err;

	if (job->record.state == JOB_ENDING)
		return 0;
	if (!is_before_result(job))
		return -EALREADY;
	err_set(&err, ERR_CANCELLED, 0, NULL, "cancelled: %s", why);
	hang_up(job);
	/* After post-restore was acknowledged criu would let the tree run when we hang up. */
	job_begin_end(job, &err, job->worker && !job->record.root.pid ? JOB_GRACE_MS : 0);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One restore, from its plan to the end of its tree. Read downwards, in the order in which things happen.
 *
 *   ACCEPTED --plan--> PLANNED --> QUEUED --its turn--> STARTING --> RESTORING --success--> RUNNING
 *       |                 `------a worker is free---------^  |           |                    |
 *       | the plan has errors; deadline; cancel              |           | criu fails, dies;  | the root task ends
 *       |                                                    |           | deadline; cancel   v
 *       `----------------> ENDING <--------------------------'-----------'                  ENDED
 *                            `--nothing is left: no task, no criu; the log is read-----------^
 *
 * The result is told on entering RUNNING, or, of a failure, on entering ENDED: when it is certain that no task,
 * cgroup or descriptor of it is left. Each state is written down before anybody hears of it, as far as a daemon
 * that is started after a crash needs it (job_recover.c).
 *
 * Not here: all ways into ENDING and out of it, and the result (job_end.c), its acceptance and what it has in its
 * hands (job_means.c), the plan (prepare.c), criu's process and its RPC (worker.c), where its tasks are and how
 * they are killed (tree.c), the words of an outcome (outcome.c), the set of all jobs (jobs.c).
 */
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "jobs/job_struct.h"
#include "jobs/outcome.h"
#include "service/sysd.h"

/* ---- the restored tree ---- */

void job_root_ended(struct tree *tree, bool known, int status, const struct rusage *usage)
{
	struct job *job = (struct job *)((char *)tree - offsetof(struct job, tree));
	struct record *r = &job->record;

	/* Between post-restore and success it ends by our hand, or criu's answer is about to come. */
	r->end_known = known;
	r->end_status = status;
	r->has_usage = usage != NULL;
	if (usage)
		r->usage = *usage;
	if (r->state != JOB_RUNNING)
		return;
	job_enter(job, JOB_ENDED);
	job_save_or_warn(job);
	sysd_forget_fd(r->id);
	job_log_end(job);
	job_tell_state(job);
	jobs_one_ended(job->jobs, job);
}

void job_await_criu(struct job *job)
{
	job_set_timer(job, JOB_GRACE_MS);
}

static void succeed(struct job *job)
{
	job_await_criu(job);
	job->counted = true;
	job->jobs->trees++;
	job_conclude(job, JOB_RUNNING);
	/* Its requester has a duplicate: a tree that lives for months shall cost one descriptor, its cgroup's. */
	cleanup_fd(&job->tree.pidfd);
	if (!tree_has_root(&job->tree)) /* it has ended meanwhile */
		job_root_ended(&job->tree, job->record.end_known, job->record.end_status,
			job->record.has_usage ? &job->record.usage : NULL);
}

static void statistics(void *arg, const struct stats *stats)
{
	struct job *job = arg;

	if (job->record.state != JOB_RESTORING)
		return;
	job->record.has_stats = stats != NULL;
	if (stats)
		job->record.stats = *stats;
	succeed(job);
}

/* criu has restored it. What has it counted? In a directory that is the client's only a child may look. */
static void count(struct job *job)
{
	struct stats stats;

	job->replied = true;
	if (job->own_work < 0 || job->record.own)
		prepare_ask_statistics(
			job->prepare, job->own_work < 0 ? job->spec.work : job->own_work);
	else
		statistics(job, stats_read(job->own_work, &stats) == 0 ? &stats : NULL);
}

/* ---- the way there ---- */

static enum worker_answer notified(void *arg, const char *script, pid_t pid, int fd)
{
	struct job *job = arg;
	struct record *r = &job->record;
	autofd int owned = fd;
	struct err err;

	if (r->state != JOB_RESTORING)
		return WORKER_GIVE_UP;
	if (job->asked) {
		err_set(&err, ERR_CRIU_BROKE, 0, NULL,
			"criu went on before its post-restore was answered");
		job_begin_end(job, &err, 0);
		return WORKER_GIVE_UP;
	}
	/* A refusal would change nothing any more: criu would only log it. */
	if (!strcmp(script, "pre-resume") && job_check_rights(job, &err) < 0) {
		job_begin_end(job, &err, 0);
		return WORKER_GIVE_UP;
	}
	if (strcmp(script, "post-restore") != 0 || r->root.pid) {
		job_stage(job, JOB_STAGE_NOTIFIED, script, owned);
		return WORKER_GO_ON;
	}
	/* The root can neither run nor end between post-restore and our answer: its pid is certain now. */
	if (tree_adopt(&job->tree, pid, &err) < 0) {
		job_begin_end(job, &err, JOB_GRACE_MS);
		return WORKER_GIVE_UP; /* up to here a refusal makes criu end all tasks */
	}
	r->root = job->tree.root;
	/* criu has read the images: were they those that were planned with? */
	job->asked = true;
	prepare_ask_unchanged(job->prepare);
	return WORKER_WAIT;
}

/* From the answer on the tree may run: the next daemon must know whose it is. */
static int commit(struct job *job, struct err *err)
{
	int r = job_save(job);

	if (r < 0)
		return err_set(err, ERR_INTERNAL, -r, NULL, "the job's state cannot be written");
	sysd_keep_fd(job->record.id, job->tree.pidfd);
	return 0;
}

static void unchanged(void *arg, bool yes)
{
	struct job *job = arg;
	struct err err;

	if (job->record.state != JOB_RESTORING)
		return;
	job->asked = false;
	if (!yes)
		err_set(&err, ERR_BAD_IMAGES, 0, "images_dir",
			"images_dir: its files were changed, or could no longer be looked at, while they were restored from");
	yes = yes && job_guard(job, &err) == 0 && commit(job, &err) == 0;
	if (yes)
		job_stage(job, JOB_STAGE_NOTIFIED, "post-restore", -1);
	else
		job_begin_end(job, &err, JOB_GRACE_MS);
	if (job->worker)
		worker_answer(job->worker, yes);
}

static void replied(void *arg, const struct swrk_reply *reply)
{
	struct job *job = arg;
	struct err err;

	if (job->record.state != JOB_RESTORING)
		return;
	if (!reply->success) {
		err_set(&err, ERR_CRIU_FAILED, 0, NULL, "criu failed and gave no reason");
		err.sys = reply->cr_errno;
		job_begin_end(job, &err, JOB_GRACE_MS);
	} else if (!job->record.root.pid || reply->pid != job->record.root.pid || job->asked) {
		err_set(&err, ERR_CRIU_BROKE, 0, NULL,
			"criu reported success for task %d without the post-restore of it",
			reply->pid);
		job_begin_end(job, &err, 0);
	} else if (job_know_rights(job, &err) < 0) {
		job_begin_end(job, &err, 0);
	} else {
		count(job);
	}
}

static void broke(void *arg, const struct err *err)
{
	struct job *job = arg;
	struct err hung_up;

	if (job->record.state != JOB_RESTORING)
		return;
	job->hung_up = !err;
	err_set(&hung_up, ERR_CRIU_BROKE, 0, NULL, "criu closed its socket before it answered");
	/* Not killed at once: a criu that ended by itself leaves its status and its last words. */
	job_begin_end(job, err ?: &hung_up, JOB_TICK_MS);
}

static void worker_ended(void *arg, int status, const struct spawn_report *report)
{
	struct job *job = arg;
	struct err err;

	job->worker = NULL;
	outcome_of_criu(job->jobs->criu, status, report, &err);
	if (job->record.state == JOB_RESTORING && !job->replied)
		job_begin_end(job, &err, 0);
	else if (job->hung_up && !job->killed)
		job->record.err = err; /* how it ended says more than that its socket was closed */
	if (job->record.has_result)
		job_close_log(job);
	if (job->record.state == JOB_RUNNING)
		job_ask_scope(job);
	/* criu is gone: what it has left behind has nobody to clean up after it. */
	if (job->record.state == JOB_ENDING && tree_is_left(&job->tree))
		job_kill_everything(job);
	/* job_poll() follows when the batch of children is reaped. */
}

static const struct worker_ops worker_ops = {
	.notified = notified,
	.replied = replied,
	.broke = broke,
	.ended = worker_ended,
};

void job_begin_restoring(struct job *job)
{
	struct record *r = &job->record;
	struct err err;

	job_enter(job, JOB_STARTING);
	job_tell_state(job);
	if (r->at_us[JOB_QUEUED])
		job_stage(job, JOB_STAGE_STARTING, "", -1);
	if (job_make_room(job, &err) < 0 || job_start_worker(job, &worker_ops, &err) < 0) {
		job_begin_end(job, &err, 0);
		return;
	}
	r->criu = tree_task(worker_pid(job->worker));
	job->tree.marks.session = r->criu.pid; /* spawn.c */
	job_enter(job, JOB_RESTORING);
	if (job->tree.cgroup.fd < 0)
		job_save_or_warn(job); /* criu's pid is all that the next daemon could find it by */
	job_drop_lent(job);
	job_stage(job, JOB_STAGE_STARTED, "", -1);
	job_tell_state(job);
}

/* Planned: at once, or when others are done. */
static void wait_for_turn(struct job *job)
{
	struct err err;

	job_enter(job, JOB_PLANNED);
	job_stage(job, JOB_STAGE_PLANNED, "", -1);
	job_tell_state(job);
	if (queue_add(&job->jobs->workers, &job->place, job->record.uid, job->record.own, &err) <
		0) {
		job_begin_end(job, &err, 0);
		return;
	}
	job->queue = &job->jobs->workers;
	jobs_start_next(job->jobs);
	if (job->record.state != JOB_PLANNED)
		return;
	job_enter(job, JOB_QUEUED);
	job_stage(job, JOB_STAGE_QUEUED, "", -1);
	job_tell_state(job);
}

static void ready(void *arg, const struct err *failed)
{
	struct job *job = arg;
	const struct planned *planned = prepare_plan(job->prepare);
	struct err err;

	if (job->record.state != JOB_ACCEPTED)
		return;
	job_leave_queue(job);
	if (failed) {
		job_begin_end(job, failed, 0);
		return;
	}
	job->record.tasks = planned->n_tasks;
	job->tree.marks = (struct sweep_marks){ .pids = planned->pids, .n_pids = planned->n_pids };
	if (outcome_of_plan(&job->record, planned, &err) < 0)
		job_begin_end(job, &err, 0);
	else
		wait_for_turn(job);
}

static const struct prepare_ops prepare_ops = {
	.ready = ready, .unchanged = unchanged, .explained = job_explained, .statistics = statistics
};

void job_begin_planning(struct job *job)
{
	struct err err;

	if (prepare_start(job->jobs->base, job->jobs->reaper, &job->request, &prepare_ops, job,
		    &job->prepare, &err) < 0)
		job_begin_end(job, &err, 0);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One restore. Read downwards, in the order in which things happen.
 *
 *   RESTORING --criu succeeds--> RUNNING --tree gone--> freed
 *       |
 *       `--criu fails, breaks, dies; deadline; cancel--> ENDING --nothing is left--> freed
 *
 * The result is told on entering RUNNING and on leaving ENDING: a failure is reported when it is
 * certain that no task, cgroup or descriptor of it is left.
 *
 * Not here: criu's process and its RPC (worker.c), how a tree is killed (cgroup.c, sweep.c).
 */
#include "job.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "log.h"
#include "reason.h"
#include "scratch.h"
#include "sweep.h"

#define GRACE_MS 2000 /* for criu to clean up after itself before everything is killed */
#define TICK_MS  50   /* how often an end that does not come by itself is looked after */

enum job_state { RESTORING, ENDING, RUNNING };

struct job {
	LIST_ENTRY(job) entry;
	struct jobs *jobs; /* borrowed */
	uint64_t id;
	enum job_state state;
	uint64_t started_us, kill_at_us; /* monotonic */
	struct worker *worker;           /* owned by itself; NULL once criu is reaped */
	struct cgroup cgroup;            /* owned; fd -1: none */
	struct reap_watch root; /* the restored root, from post-restore until it is reaped */
	pid_t root_pid;
	int root_pidfd;            /* owned */
	int log;                   /* owned */
	struct event *timer;       /* owned; the deadline, then the ticks of ENDING */
	struct err err;            /* ENDING: why */
	bool hung_up;              /* criu closed its socket without an answer */
	bool killed;               /* by us */
	const struct job_ops *ops; /* borrowed; NULL: nobody listens */
	void *arg;
	struct job_stage stages[JOB_MAX_STAGES];
	size_t n_stages;
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void set_timer(struct job *job, uint64_t ms)
{
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	(void)event_add(job->timer, &tv);
}

static struct log_about about(const struct job *job)
{
	return (struct log_about){ .job = job->id };
}

static void job_free(struct job *job)
{
	LIST_REMOVE(job, entry);
	if (job->timer)
		event_free(job->timer);
	reap_forget(&job->root);
	cleanup_fd(&job->root_pidfd);
	cleanup_fd(&job->log);
	scratch_remove(job->jobs->scratch, job->id);
	free(job);
}

/* ---- the end ---- */

static void tell_result(struct job *job, bool success)
{
	const struct job_ops *ops = job->ops;
	struct job_result result = {
		.success = success,
		.err = job->err,
		.pid = job->root_pid,
		.pidfd = job->root_pidfd,
		.log = job->log,
		.stages = job->stages,
		.n_stages = job->n_stages,
		.total_us = now_us() - job->started_us,
	};
	struct log_about what = about(job);

	job->jobs->restoring--;
	if (success) {
		job->jobs->done++;
		job->jobs->trees++;
		log_line(LOG_INFO, &what, "restored, root task is %d", job->root_pid);
	} else {
		job->jobs->failed++;
		log_line(LOG_NOTICE, &what, "failed: %s: %s", err_code_name(job->err.code),
			job->err.text);
	}
	job->ops = NULL;
	if (ops)
		ops->result(job->arg, job, &result);
	/* The client has duplicates; a tree that lives for months shall cost one descriptor, its cgroup's. */
	cleanup_fd(&job->log);
	cleanup_fd(&job->root_pidfd);
}

/* Ends criu and all it has made, at once: criu killed alone at the wrong moment lets the tree run. */
static void kill_everything(struct job *job)
{
	job->killed = true;
	if (job->cgroup.fd >= 0 && cgroup_kill(&job->cgroup) == 0)
		return;
	if (job->root.pid)
		sweep_tree(job->root.pid);
	if (job->worker)
		sweep_tree(worker_pid(job->worker));
}

/*
 * @grace_ms: how long criu may take to clean up by itself; 0: everything is killed now.
 */
static void begin_end(struct job *job, const struct err *err, uint64_t grace_ms)
{
	job->state = ENDING;
	job->err = *err;
	job->kill_at_us = now_us() + grace_ms * 1000;
	if (grace_ms == 0)
		kill_everything(job);
	set_timer(job, TICK_MS);
}

static void fill_reason(struct job *job)
{
	char reason[300], before[sizeof(job->err.text)];
	int sys = job->err.sys;

	if (job->err.code != ERR_CRIU_FAILED && job->err.code != ERR_CRIU_BROKE)
		return;
	if (!reason_find(job->log, reason, sizeof(reason)))
		return;
	snprintf(before, sizeof(before), "%s", job->err.text);
	if (job->err.code == ERR_CRIU_FAILED)
		err_set(&job->err, ERR_CRIU_FAILED, 0, NULL, "criu: %s", reason);
	else
		err_set(&job->err, ERR_CRIU_BROKE, 0, NULL, "%.100s; its log says: %s", before,
			reason);
	job->err.sys = sys; /* for the client; the text has its own words */
}

/* Has what this job waits for come? The job may be freed. */
static void poll_job(struct job *job)
{
	if (job->state == RESTORING || job->worker || job->root.pid)
		return;
	if (job->cgroup.fd >= 0 &&
		(cgroup_populated(&job->cgroup) || cgroup_release(&job->cgroup, false) < 0))
		return;
	if (job->state == ENDING) {
		fill_reason(job);
		tell_result(job, false);
	} else {
		job->jobs->trees--;
	}
	job_free(job);
}

static void timer_fired(evutil_socket_t none, short what, void *arg)
{
	struct job *job = arg;
	struct err err;

	(void)none, (void)what;
	if (job->state == RESTORING) {
		err_set(&err, ERR_DEADLINE, 0, NULL,
			"the deadline was over after %lu ms; criu and its tasks were killed",
			(unsigned long)((now_us() - job->started_us) / 1000));
		worker_hang_up(job->worker);
		begin_end(job, &err, 0);
		return;
	}
	if (job->state == RUNNING) {
		if (job->worker)
			worker_kill(job->worker); /* it answered long ago and does not end */
		return;
	}
	if (now_us() >= job->kill_at_us)
		kill_everything(job);
	set_timer(job, TICK_MS);
	poll_job(job);
}

void job_cancel(struct job *job, const char *why)
{
	struct err err;

	if (job->state != RESTORING)
		return;
	err_set(&err, ERR_CANCELLED, 0, NULL, "cancelled: %s", why);
	worker_hang_up(job->worker);
	/* After post-restore was acknowledged criu would let the tree run when we hang up. */
	begin_end(job, &err, job->root_pid ? 0 : GRACE_MS);
}

/* ---- the way there ---- */

static void stage(struct job *job, const char *name, bool is_notification, int fd)
{
	struct job_stage s = { .is_notification = is_notification,
		.at_us = now_us() - job->started_us };

	snprintf(s.name, sizeof(s.name), "%s", name);
	if (job->n_stages < JOB_MAX_STAGES)
		job->stages[job->n_stages++] = s;
	if (job->ops)
		job->ops->event(job->arg, job, &s, fd);
}

static void root_ended(struct reap_watch *watch, int status)
{
	struct job *job = (struct job *)((char *)watch - offsetof(struct job, root));
	struct log_about what = about(job);

	if (job->state == ENDING)
		return;
	if (WIFEXITED(status))
		log_line(LOG_INFO, &what, "root task %d exited with %d", job->root_pid,
			WEXITSTATUS(status));
	else
		log_line(LOG_INFO, &what, "root task %d was ended by signal %d", job->root_pid,
			WTERMSIG(status));
}

/*
 * The root task can neither run nor end between post-restore and our answer: now its pid is certain to
 * be its own. It must be our child (rst_sibling); a criu that names another's pid is not believed.
 */
static int adopt(struct job *job, pid_t pid, struct err *err)
{
	autofd int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	siginfo_t si = { 0 };

	if (pidfd < 0 || waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
		return err_set(err, ERR_CRIU_BROKE, 0, NULL,
			"criu named %d as the restored root task, which is no child of the broker",
			pid);
	job->root_pid = pid;
	job->root_pidfd = TAKE_FD(pidfd);
	job->root.ended = root_ended;
	reap_watch(job->jobs->reaper, &job->root, pid);
	return 0;
}

static bool notified(void *arg, const char *script, pid_t pid, int fd)
{
	struct job *job = arg;
	autofd int owned = fd;
	struct err err;

	if (!strcmp(script, "post-restore") && !job->root_pid && adopt(job, pid, &err) < 0) {
		begin_end(job, &err, GRACE_MS);
		return false; /* up to here a refusal makes criu end all tasks */
	}
	stage(job, script, true, owned);
	return true;
}

static void replied(void *arg, const struct swrk_reply *reply)
{
	struct job *job = arg;
	struct err err;

	if (job->state != RESTORING)
		return;
	if (!reply->success) {
		err_set(&err, ERR_CRIU_FAILED, 0, NULL, "criu failed and gave no reason");
		err.sys = reply->cr_errno;
		begin_end(job, &err, GRACE_MS);
	} else if (!job->root_pid || reply->pid != job->root_pid) {
		err_set(&err, ERR_CRIU_BROKE, 0, NULL,
			"criu reported success for task %d without the post-restore of it",
			reply->pid);
		begin_end(job, &err, 0);
	} else {
		job->state = RUNNING;
		set_timer(job, GRACE_MS);
		tell_result(job, true);
	}
}

static void broke(void *arg, const struct err *err)
{
	struct job *job = arg;
	struct err hung_up;

	if (job->state != RESTORING)
		return;
	job->hung_up = !err;
	err_set(&hung_up, ERR_CRIU_BROKE, 0, NULL, "criu closed its socket before it answered");
	/* Not killed at once: a criu that ended by itself leaves its status and its last words. */
	begin_end(job, err ?: &hung_up, TICK_MS);
}

static void explain_end(
	struct job *job, int status, const struct spawn_report *report, struct err *err)
{
	switch (report->stage) {
	case SPAWN_IMAGES:
		err_set(err, ERR_BAD_IMAGES, report->sys, "images_dir",
			"images_dir: no inventory.img that can be read in it");
		return;
	case SPAWN_EXEC:
		err_set(err, ERR_NO_CRIU, report->sys, NULL, "cannot execute criu at %s",
			job->jobs->criu);
		return;
	case SPAWN_CWD:
		err_set(err, ERR_BAD_REQUEST, report->sys, "work_dir", "work_dir: cannot enter it");
		return;
	case SPAWN_LIMITS:
	case SPAWN_PLACE:
		err_set(err, ERR_INTERNAL, report->sys, NULL, "cannot place criu's descriptors");
		return;
	case SPAWN_DONE:
		break;
	}
	if (WIFSIGNALED(status))
		err_set(err, ERR_CRIU_BROKE, 0, NULL,
			"criu was ended by signal %d (SIG%s) before it answered", WTERMSIG(status),
			sigabbrev_np(WTERMSIG(status)) ?: "?");
	else
		err_set(err, ERR_CRIU_BROKE, 0, NULL,
			"criu ended with status %d before it answered", WEXITSTATUS(status));
}

static void worker_ended(void *arg, int status, const struct spawn_report *report)
{
	struct job *job = arg;
	struct err err;

	job->worker = NULL;
	explain_end(job, status, report, &err);
	if (job->state == RESTORING)
		begin_end(job, &err, 0);
	else if (job->hung_up && !job->killed)
		job->err = err; /* how it ended says more than that its socket was closed */
	/* criu is gone: what it has left behind has nobody to clean up after it. */
	if (job->state == ENDING)
		kill_everything(job);
	/* poll_job() follows when the batch of children is reaped. */
}

static const struct worker_ops worker_ops = {
	.notified = notified,
	.replied = replied,
	.broke = broke,
	.ended = worker_ended,
};

static int prepare(struct job *job, const struct job_spec *spec, int *ret_work, struct err *err)
{
	struct log_about what = about(job);
	int r;

	/* Both ends of criu's log: its standard output and error. Read by us, and lent on to the client. */
	job->log = memfd_create("criu.log", MFD_CLOEXEC);
	job->timer = evtimer_new(job->jobs->base, timer_fired, job);
	if (job->log < 0 || !job->timer || fcntl(job->log, F_SETFL, O_APPEND) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot prepare a job");
	if (spec->work < 0) {
		*ret_work = scratch_make(job->jobs->scratch, job->id);
		if (*ret_work < 0)
			return err_set(err, ERR_INTERNAL, -*ret_work, NULL,
				"cannot make a work directory");
	}
	if (job->jobs->cgroup.fd >= 0) {
		r = cgroup_make(&job->jobs->cgroup, job->id, &job->cgroup);
		if (r < 0)
			log_line(LOG_WARNING, &what, "no cgroup for it: %s", strerrordesc_np(-r));
	}
	return 0;
}

static int start_worker(struct job *job, const struct job_spec *spec, struct err *err)
{
	autofd int own_work = -1;
	struct worker_spec worker;

	if (prepare(job, spec, &own_work, err) < 0)
		return -1;
	worker = (struct worker_spec){
		.criu = job->jobs->criu,
		.fault = job->jobs->fault,
		.images = spec->images,
		.work = spec->work >= 0 ? spec->work : own_work,
		.log = job->log,
		.cgroup = job->cgroup.fd,
		.highest = job->jobs->highest,
		.mappings = spec->mappings,
		.n_mappings = spec->n_mappings,
		.opts = spec->opts,
		.n_opts = spec->n_opts,
	};
	return worker_start(
		&worker, job->jobs->base, job->jobs->reaper, &worker_ops, job, &job->worker, err);
}

int job_start(struct jobs *jobs, const struct job_spec *spec, const struct job_ops *ops, void *arg,
	struct job **ret, struct err *err)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a job");
	job->jobs = jobs;
	job->id = ++jobs->last_id;
	job->root_pidfd = job->log = job->cgroup.fd = -1;
	job->started_us = now_us();
	LIST_INSERT_HEAD(&jobs->list, job, entry);
	if (start_worker(job, spec, err) < 0) {
		(void)cgroup_release(&job->cgroup, false);
		job_free(job);
		return -1;
	}
	stage(job, "started", false, -1);
	job->ops = ops;
	job->arg = arg;
	jobs->restoring++;
	set_timer(job, spec->deadline_ms);
	*ret = job;
	return 0;
}

uint64_t job_id(const struct job *job)
{
	return job->id;
}

const struct job_stage *job_last_stage(const struct job *job)
{
	return &job->stages[job->n_stages - 1];
}

void job_unlisten(struct job *job)
{
	job->ops = NULL;
}

void jobs_cancel_all(struct jobs *jobs, const char *why)
{
	struct job *job;

	LIST_FOREACH(job, &jobs->list, entry)
		job_cancel(job, why);
}

void jobs_poll(struct jobs *jobs)
{
	for (struct job *job = LIST_FIRST(&jobs->list), *next; job; job = next) {
		next = LIST_NEXT(job, entry);
		poll_job(job);
	}
}

void jobs_abandon(struct jobs *jobs)
{
	for (struct job *job; (job = LIST_FIRST(&jobs->list));) {
		if (job->worker)
			worker_abandon(job->worker);
		(void)cgroup_release(&job->cgroup, true);
		cleanup_fd(&job->cgroup.fd);
		job_free(job);
	}
}

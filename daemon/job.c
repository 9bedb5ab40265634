/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One restore. Read downwards, in the order in which things happen.
 *
 *   PLANNING --good--> RESTORING --criu succeeds--> RUNNING --tree gone--> freed
 *       |                  |
 *       `-refused----------`-criu fails, breaks, dies; deadline; cancel--> ENDING --nothing is left--> freed
 *
 * The result is told on entering RUNNING and on leaving ENDING: a failure is reported when it is
 * certain that no task, cgroup or descriptor of it is left.
 *
 * Not here: the plan (prepare.c), criu's process and its RPC (worker.c), how a tree is killed (cgroup.c, sweep.c).
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
#include "discard.h"
#include "log.h"
#include "outcome.h"
#include "scratch.h"
#include "sweep.h"
#include "worker.h"

#define GRACE_MS 2000 /* for criu to clean up after itself before everything is killed */
#define TICK_MS  50   /* how often an end that does not come by itself is looked after */

enum job_state { PLANNING, RESTORING, ENDING, RUNNING };

struct job {
	LIST_ENTRY(job) entry;
	struct jobs *jobs; /* borrowed */
	uint64_t id;
	enum job_state state;
	uint64_t started_us, kill_at_us; /* monotonic */
	struct job_spec spec;
	struct fdset lent; /* the lent descriptors, until criu has them */
	struct planner_mapping
		*wishes; /* owned; the mappings as the planner wants them, into spec */
	struct planner_request request; /* for the planner, into spec */
	struct prepare *prepare;        /* owned; until criu has reached post-restore */
	struct worker *worker;          /* owned by itself; NULL: not started, or reaped */
	int *numbers;                   /* owned; of the mappings, once criu is started */
	struct cgroup cgroup;           /* owned; fd -1: none */
	struct reap_watch root; /* the restored root, from post-restore until it is reaped */
	pid_t root_pid;
	int root_pidfd;      /* owned */
	int log;             /* owned */
	struct event *timer; /* owned; the deadline, then the ticks of ENDING */
	struct err err;      /* ENDING: why */
	bool asked;   /* whether the images are unchanged; criu's post-restore waits for it */
	bool hung_up; /* criu closed its socket without an answer */
	bool killed;  /* by us */
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

/* What came from the client and is in criu's hands now, or in nobody's. */
static void drop_lent(struct job *job)
{
	job->jobs->lent -= job->lent.n;
	discard_fdset(&job->lent);
}

static void job_free(struct job *job)
{
	LIST_REMOVE(job, entry);
	drop_lent(job);
	prepare_end(job->prepare);
	job_spec_done(&job->spec);
	free(job->wishes);
	free(job->numbers);
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
		.numbers = job->numbers,
		.n_numbers = job->numbers ? job->request.n_mappings : 0,
	};
	struct log_about what = about(job);

	if (job->prepare) {
		result.problems = prepare_plan(job->prepare)->problems;
		result.n_problems = prepare_plan(job->prepare)->n_problems;
	}
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
	prepare_end(TAKE_PTR(job->prepare));
	job_spec_done(&job->spec);
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
	set_timer(job, job->worker ? TICK_MS : 0);
}

static void hang_up(struct job *job)
{
	if (job->worker)
		worker_hang_up(job->worker);
}

/* Has what this job waits for come? The job may be freed. */
static void poll_job(struct job *job)
{
	if (job->state == PLANNING || job->state == RESTORING || job->worker || job->root.pid)
		return;
	if (job->cgroup.fd >= 0 && cgroup_populated(&job->cgroup))
		return;
	if (cgroup_release(&job->cgroup, false) < 0) {
		struct log_about what = about(job);

		/* Nobody is in it: that was to be proved. */
		log_line(LOG_WARNING, &what, "its cgroup %s cannot be removed", job->cgroup.name);
		cleanup_fd(&job->cgroup.fd);
	}
	if (job->state == ENDING) {
		outcome_add_reason(job->log, &job->err);
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
	if (job->state == PLANNING || job->state == RESTORING) {
		err_set(&err, ERR_DEADLINE, 0, NULL, "the deadline was over after %lu ms; %s",
			(unsigned long)((now_us() - job->started_us) / 1000),
			job->worker ? "criu and its tasks were killed"
				    : "criu had not been started");
		hang_up(job);
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

	if (job->state != PLANNING && job->state != RESTORING)
		return;
	err_set(&err, ERR_CANCELLED, 0, NULL, "cancelled: %s", why);
	hang_up(job);
	/* After post-restore was acknowledged criu would let the tree run when we hang up. */
	begin_end(job, &err, job->worker && !job->root_pid ? GRACE_MS : 0);
}

/* ---- the way there ---- */

static void stage(struct job *job, enum job_stage_kind kind, const char *name, int fd)
{
	struct job_stage s = { .kind = kind, .at_us = now_us() - job->started_us };

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

	/* Nor is a child that we know as something else: criu itself, another job's root. */
	if (pidfd < 0 || reap_is_watched(job->jobs->reaper, pid) ||
		waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED | WNOHANG | WNOWAIT) < 0)
		return err_set(err, ERR_CRIU_BROKE, 0, NULL,
			"criu named %d as the restored root task, which is no child of the broker",
			pid);
	job->root_pid = pid;
	job->root_pidfd = TAKE_FD(pidfd);
	job->root.ended = root_ended;
	reap_watch(job->jobs->reaper, &job->root, pid);
	return 0;
}

static enum worker_answer notified(void *arg, const char *script, pid_t pid, int fd)
{
	struct job *job = arg;
	autofd int owned = fd;
	struct err err;

	if (job->state != RESTORING)
		return WORKER_GIVE_UP;
	if (job->asked) {
		err_set(&err, ERR_CRIU_BROKE, 0, NULL,
			"criu went on before its post-restore was answered");
		begin_end(job, &err, 0);
		return WORKER_GIVE_UP;
	}
	if (strcmp(script, "post-restore") != 0 || job->root_pid) {
		stage(job, JOB_NOTIFIED, script, owned);
		return WORKER_GO_ON;
	}
	if (adopt(job, pid, &err) < 0) {
		begin_end(job, &err, GRACE_MS);
		return WORKER_GIVE_UP; /* up to here a refusal makes criu end all tasks */
	}
	/* criu has read the images: were they those that were planned with? */
	job->asked = true;
	prepare_ask_unchanged(job->prepare);
	return WORKER_WAIT;
}

static void unchanged(void *arg, bool yes)
{
	struct job *job = arg;
	struct err err;

	if (job->state != RESTORING)
		return;
	job->asked = false;
	if (yes) {
		stage(job, JOB_NOTIFIED, "post-restore", -1);
	} else {
		err_set(&err, ERR_BAD_IMAGES, 0, "images_dir",
			"images_dir: its files were changed, or could no longer be looked at, while they were restored from");
		begin_end(job, &err, GRACE_MS);
	}
	if (job->worker)
		worker_answer(job->worker, yes);
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
	} else if (!job->root_pid || reply->pid != job->root_pid || job->asked) {
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

static void worker_ended(void *arg, int status, const struct spawn_report *report)
{
	struct job *job = arg;
	struct err err;

	job->worker = NULL;
	outcome_of_criu(job->jobs->criu, status, report, &err);
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

static int make_room(struct job *job, int *ret_work, struct err *err)
{
	struct log_about what = about(job);
	int r;

	/* Both ends of criu's log: its standard output and error. Read by us, and lent on to the client. */
	job->log = memfd_create("criu.log", MFD_CLOEXEC);
	if (job->log < 0 || fcntl(job->log, F_SETFL, O_APPEND) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot prepare criu's log");
	if (job->spec.work < 0) {
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

static int start_worker(struct job *job, struct err *err)
{
	const struct job_spec *spec = &job->spec;
	autofree struct worker_mapping *mappings = calloc(spec->n_mappings + 1, sizeof(*mappings));
	autofd int own_work = -1;
	struct worker_spec worker;

	job->numbers = calloc(spec->n_mappings + 1, sizeof(*job->numbers));
	if (!mappings || !job->numbers)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			spec->n_mappings);
	if (make_room(job, &own_work, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->n_mappings; i++)
		mappings[i] = (struct worker_mapping){ prepare_plan(job->prepare)->keys[i],
			spec->mappings[i].fd, spec->mappings[i].number };
	worker = (struct worker_spec){
		.criu = job->jobs->criu,
		.fault = job->jobs->fault,
		.images = prepare_images(job->prepare),
		.work = spec->work >= 0 ? spec->work : own_work,
		.log = job->log,
		.cgroup = job->cgroup.fd,
		.highest = job->jobs->highest,
		.mappings = mappings,
		.n_mappings = spec->n_mappings,
		.opts = spec->opts,
		.n_opts = spec->n_opts,
	};
	if (worker_start(&worker, job->jobs->base, job->jobs->reaper, &worker_ops, job,
		    &job->worker, err) < 0)
		return -1;
	for (size_t i = 0; i < spec->n_mappings; i++)
		job->numbers[i] = mappings[i].number;
	return 0;
}

static void ready(void *arg, const struct err *failed)
{
	struct job *job = arg;
	struct err err;

	if (job->state != PLANNING)
		return;
	if (failed) {
		begin_end(job, failed, 0);
		return;
	}
	if (prepare_plan(job->prepare)->n_errors) {
		outcome_of_plan(prepare_plan(job->prepare), &err);
		begin_end(job, &err, 0);
		return;
	}
	stage(job, JOB_PLANNED, "", -1);
	job->state = RESTORING;
	if (start_worker(job, &err) < 0) {
		begin_end(job, &err, 0);
		return;
	}
	drop_lent(job);
	stage(job, JOB_STARTED, "", -1);
}

static const struct prepare_ops prepare_ops = { .ready = ready, .unchanged = unchanged };

static int start_planning(struct job *job, struct err *err)
{
	const struct job_spec *spec = &job->spec;

	job->wishes = job_spec_wishes(spec);
	job->timer = evtimer_new(job->jobs->base, timer_fired, job);
	if (!job->wishes || !job->timer || fdset_reserve(&job->lent, spec->n_mappings) < 0)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			spec->n_mappings);
	job->request = (struct planner_request){ PLANNER_FOR_CRIU, spec->images, job->wishes,
		spec->n_mappings, spec->at_own_risk };
	return prepare_start(job->jobs->base, job->jobs->reaper, &job->request, &prepare_ops, job,
		&job->prepare, err);
}

int job_start(struct jobs *jobs, struct job_spec *spec, const struct job_ops *ops, void *arg,
	struct job **ret, struct err *err)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a job");
	job->jobs = jobs;
	job->id = ++jobs->last_id;
	job->root_pidfd = job->log = job->cgroup.fd = -1;
	job->started_us = now_us();
	job->spec = *spec;
	LIST_INSERT_HEAD(&jobs->list, job, entry);
	if (start_planning(job, err) < 0) {
		job->spec = JOB_SPEC_NONE;
		job_free(job);
		return -1;
	}
	*spec = JOB_SPEC_NONE;
	job->ops = ops;
	job->arg = arg;
	jobs->restoring++;
	set_timer(job, job->spec.deadline_ms);
	*ret = job;
	return 0;
}

void job_take_lent(struct job *job, int fd)
{
	if (fdset_add(&job->lent, fd) >= 0) /* room was reserved */
		job->jobs->lent++;
}

uint64_t job_id(const struct job *job)
{
	return job->id;
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

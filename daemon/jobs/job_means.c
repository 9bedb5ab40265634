/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a job has in its hands until it has a result: what was lent to it, its place in a queue, its plan,
 * its room (log, work directory, cgroup), its criu. Made and given back here; when, is job.c's business.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "processes/discard.h"
#include "jobs/job_struct.h"
#include "service/log.h"
#include "worker/scratch.h"

void job_take_lent(struct job *job, int fd)
{
	if (fdset_add(&job->lent, fd) >= 0) /* room was reserved */
		job->jobs->lent++;
}

int job_prepare_to_plan(struct job *job, struct job_spec *spec, struct err *err)
{
	struct jobs *jobs = job->jobs;
	int r;

	job->wishes = job_spec_wishes(spec);
	if (!job->wishes || fdset_reserve(&job->lent, spec->n_mappings) < 0)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			spec->n_mappings);
	job->request = (struct planner_request){ PLANNER_FOR_CRIU, spec->images, job->wishes,
		spec->n_mappings, spec->at_own_risk, spec->run_as, jobs->config };
	if (queue_add(&jobs->planning, &job->place, job->record.uid, false, err) < 0)
		return -1;
	job->queue = &jobs->planning;
	r = job_save(job);
	if (r < 0)
		return err_set(err, ERR_INTERNAL, -r, NULL, "the job's state cannot be written");
	return 0;
}

int job_make_room(struct job *job, struct err *err)
{
	struct jobs *jobs = job->jobs;
	struct record *r = &job->record;
	const struct log_about what = { .job = r->id };
	int n;

	/* criu's standard output and error. */
	job->log = keep_log_make(&jobs->keep, r->id);
	if (job->log < 0)
		return err_set(
			err, ERR_INTERNAL, -job->log, NULL, "cannot make a file for criu's log");
	r->has_log = true;
	if (job->spec.work < 0) {
		const struct credentials *as = job->spec.run_as;

		job->own_work = as ? scratch_make_private(as->uid, as->gid)
				   : scratch_make(jobs->scratch, r->id);
		if (job->own_work < 0)
			return err_set(err, ERR_INTERNAL, -job->own_work, NULL,
				"cannot make a work directory");
	}
	/* Written down first: what a daemon that is killed has made, the next one must be able to find. */
	if (jobs->cgroup.fd >= 0)
		cgroup_path(&jobs->cgroup, r->id, r->cgroup);
	n = job_save(job);
	if (n < 0)
		return err_set(err, ERR_INTERNAL, -n, NULL, "the job's state cannot be written");
	n = jobs->cgroup.fd < 0 ? 0 : cgroup_make(&jobs->cgroup, r->id, &job->tree.cgroup);
	if (n < 0) {
		log_line(LOG_WARNING, &what, "no cgroup for it: %s", strerrordesc_np(-n));
		r->cgroup[0] = 0;
	}
	/* Its tasks are the client's own, and must be found by something that it cannot change. */
	if (job->tree.cgroup.fd < 0 && job->spec.run_as)
		return err_set(err, ERR_UNSUPPORTED, 0, NULL,
			"without cgroup v2 only class full can restore");
	return 0;
}

int job_start_worker(struct job *job, const struct worker_ops *ops, struct err *err)
{
	const struct job_spec *spec = &job->spec;
	const struct planned *planned = prepare_plan(job->prepare);
	autofree struct worker_mapping *mappings = calloc(spec->n_mappings + 1, sizeof(*mappings));
	struct record *r = &job->record;
	struct worker_spec worker;

	r->numbers = calloc(spec->n_mappings + 1, sizeof(*r->numbers));
	if (!mappings || !r->numbers)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			spec->n_mappings);
	for (size_t i = 0; i < spec->n_mappings; i++)
		mappings[i] = (struct worker_mapping){ planned->keys[i], spec->mappings[i].fd,
			spec->mappings[i].number };
	worker = (struct worker_spec){
		.criu = job->jobs->criu,
		.fault = job->jobs->fault,
		.images = prepare_images(job->prepare),
		.work = spec->work >= 0 ? spec->work : job->own_work,
		.log = job->log,
		.cgroup = job->tree.cgroup.fd,
		.highest = job->jobs->highest,
		.mappings = mappings,
		.n_mappings = spec->n_mappings,
		.opts = spec->opts,
		.n_opts = spec->n_opts,
		.run_as = spec->run_as,
	};
	if (worker_start(&worker, job->jobs->base, job->jobs->reaper, ops, job, &job->worker, err) <
		0)
		return -1;
	for (size_t i = 0; i < spec->n_mappings; i++)
		r->numbers[i] = mappings[i].number;
	r->n_numbers = spec->n_mappings;
	return 0;
}

/* What came from the client and is in criu's hands now, or in nobody's. */
void job_drop_lent(struct job *job)
{
	job->jobs->lent -= job->lent.n;
	user_discharge(job->user, USERS_LENT, job->lent.n);
	discard_fdset(&job->lent);
}

void job_leave_queue(struct job *job)
{
	if (!job->queue)
		return;
	queue_done(job->queue, &job->place);
	job->queue = NULL;
	jobs_schedule(job->jobs);
}

/* All that is of use until the result only. */
void job_drop_means(struct job *job)
{
	job_drop_lent(job);
	job_leave_queue(job);
	prepare_end(TAKE_PTR(job->prepare));
	guard_dismiss(TAKE_PTR(job->guard));
	job->tree.marks = (struct sweep_marks){ 0 }; /* the pids were the plan's */
	job_spec_done(&job->spec);
	cleanup_free(&job->wishes);
	job->wishes = NULL;
	cleanup_fd(&job->log);
	cleanup_fd(&job->own_work);
	scratch_remove(job->jobs->scratch, job->record.id);
}

void job_close_log(struct job *job)
{
	const struct jobs_limits *limits = &job->jobs->limits;
	int64_t bytes;

	if (!job->record.has_log)
		return;
	bytes = keep_log_trim(&job->jobs->keep, job->record.id, limits->max_job_log_bytes);
	job->record.log_bytes = bytes < 0 ? 0 : (uint64_t)bytes;
	job->jobs->log_bytes += job->record.log_bytes;
	job->charged_log = job->record.log_bytes;
	user_charge_anyway(job->user, USERS_LOG_BYTES, job->charged_log);
}

void job_charge_anyway(struct job *job, enum users_what what)
{
	user_charge_anyway(job->user, what, 1);
	job->charged[what] = true;
}

void job_discharge(struct job *job, enum users_what what)
{
	user_discharge(job->user, what, job->charged[what] ? 1 : 0);
	job->charged[what] = false;
}

/* Return: 0, or -1 with @err; some of it may be charged then. */
static int charge_new(struct job *job, struct err *err)
{
	static const enum users_what own[] = { USERS_JOBS, USERS_OWN_JOBS, USERS_OWN_TREES };

	for (size_t i = 0; i < (job->record.own ? 3 : 1); i++) {
		if (user_charge(job->user, own[i], 1, err) < 0)
			return -1;
		job->charged[own[i]] = true;
	}
	return 0;
}

static void put_user(struct job *job)
{
	for (enum users_what what = 0; what < USERS_WHATS; what++)
		job_discharge(job, what);
	user_discharge(job->user, USERS_LOG_BYTES, job->charged_log);
	user_put(job->user);
}

struct job *job_new(struct jobs *jobs, uid_t uid)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->jobs = jobs;
	job->own_work = job->log = -1;
	job->spec = JOB_SPEC_NONE;
	tree_init(&job->tree, jobs->reaper, job_root_ended);
	job->user = users_get(jobs->users, uid);
	job->timer = evtimer_new(jobs->base, job_timer_fired, job);
	if (job->user && job->timer)
		return job;
	job_free(job, true);
	return NULL;
}

void job_free(struct job *job, bool keep)
{
	struct jobs *jobs = job->jobs;

	/* The guard first: criu goes on when it sees its socket closed. */
	guard_leave(TAKE_PTR(job->guard));
	if (job->worker)
		worker_abandon(job->worker);
	job_drop_means(job);
	scope_forget(job->scope);
	/* Who comes after us finds them by their cgroups; if nobody does, they go into ours. */
	(void)tree_done(&job->tree, jobs->keep.dir < 0);
	if (job->timer)
		event_free(job->timer);
	if (!keep) {
		(void)keep_remove(&jobs->keep, job->record.id);
		(void)keep_log_remove(&jobs->keep, job->record.id);
	}
	if (job->user)
		put_user(job);
	record_done(&job->record);
	free(job);
}

int job_start(struct jobs *jobs, struct job_spec *spec, const struct job_client *client,
	struct job_observer *observer, struct job **ret, struct err *err)
{
	struct job *job;

	if (jobs->under_way >= jobs->limits.max_under_way)
		return err_set(err, ERR_LIMIT, 0, NULL,
			"%u restores are under way or queued, the broker's limit (MaxRestores)",
			jobs->under_way);
	job = job_new(jobs, client->uid);
	if (!job)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a job");
	job->record.id = jobs->last_id + 1;
	job->record.uid = client->uid;
	job->record.client = client->pid;
	job->record.carry_on = client->carry_on;
	job->record.own = spec->run_as;
	job->record.deadline_ms = spec->deadline_ms;
	job->record.accepted_us = job_clock_us(CLOCK_REALTIME);
	job->record.started_us = job_clock_us(CLOCK_MONOTONIC);
	job->record.state = JOB_ACCEPTED;
	if (charge_new(job, err) < 0) {
		job_free(job, true);
		return -1;
	}
	if (job_prepare_to_plan(job, spec, err) < 0) {
		job_free(job, false);
		return -1;
	}
	job->spec = *spec;
	*spec = JOB_SPEC_NONE;
	jobs->last_id++;
	jobs->under_way++;
	TAILQ_INSERT_TAIL(&jobs->list, job, entry);
	if (observer)
		job_observe(job, observer);
	job_set_timer(job, job->spec.deadline_ms);
	jobs_look_after(jobs);
	jobs_schedule(jobs);
	*ret = job;
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All jobs. See jobs.h. One job's life: job.c. */
#include "jobs/jobs.h"

#include <errno.h>

#include "jobs/job_struct.h"

#define TICK_MS      1000
#define FAST_TICK_MS 100 /* while criu writes logs, which may grow fast */

/* ---- whose turn it is ---- */

static struct job *job_of(struct queue_item *item)
{
	return (struct job *)((char *)item - offsetof(struct job, place));
}

void jobs_start_next(struct jobs *jobs)
{
	struct queue_item *item;

	while ((item = queue_next(&jobs->workers)))
		job_begin_restoring(job_of(item));
	while ((item = queue_next(&jobs->planning)))
		job_begin_planning(job_of(item));
}

/* ---- how many are kept ---- */

static bool is_kept(const struct job *job)
{
	return job->record.state == JOB_ENDED && !job->counted && !job->worker;
}

static void forget(struct jobs *jobs, struct job *job)
{
	TAILQ_REMOVE(&jobs->list, job, entry);
	jobs->kept--;
	jobs->log_bytes -= job->record.log_bytes;
	job_free(job, false);
}

static bool is_over(const struct job *job, enum users_what what)
{
	return user_used(job->user, what) > job->jobs->users->limits.max[what];
}

/* The newest job always stays: the next daemon takes the numbers on from it. */
static void forget_oldest(struct jobs *jobs)
{
	struct job *job, *next;

	for (job = TAILQ_FIRST(&jobs->list); job && TAILQ_NEXT(job, entry); job = next) {
		bool all_over = jobs->kept > jobs->limits.max_kept ||
				jobs->log_bytes > jobs->limits.max_log_bytes;

		next = TAILQ_NEXT(job, entry);
		if (is_kept(job) &&
			(all_over || is_over(job, USERS_KEPT) || is_over(job, USERS_LOG_BYTES)))
			forget(jobs, job);
	}
}

void jobs_one_ended(struct jobs *jobs, struct job *job)
{
	jobs->kept++;
	job_charge_anyway(job, USERS_KEPT);
	jobs_schedule(jobs);
}

/* ---- what is done from the loop ---- */

void jobs_schedule(struct jobs *jobs)
{
	event_active(jobs->soon, EV_TIMEOUT, 0);
}

static void soon(evutil_socket_t none, short what, void *arg)
{
	struct jobs *jobs = arg;

	(void)none, (void)what;
	jobs_start_next(jobs);
	forget_oldest(jobs);
	if (jobs->under_way == 0 && jobs->idle)
		jobs->idle(jobs->idle_arg);
}

static void tick(evutil_socket_t none, short what, void *arg)
{
	struct jobs *jobs = arg;
	struct job *job;

	(void)none, (void)what;
	reap_now(jobs->reaper);
	TAILQ_FOREACH(job, &jobs->list, entry)
		job_look_after(job);
	if (jobs->under_way || jobs->trees)
		jobs_look_after(jobs);
}

void jobs_look_after(struct jobs *jobs)
{
	unsigned ms = jobs->under_way ? FAST_TICK_MS : TICK_MS;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (!event_pending(jobs->tick, EV_TIMEOUT, NULL))
		(void)event_add(jobs->tick, &tv);
}

void jobs_poll(struct jobs *jobs)
{
	struct job *job;

	TAILQ_FOREACH(job, &jobs->list, entry)
		job_poll(job);
}

/* ---- the set ---- */

int jobs_init(struct jobs *jobs, struct event_base *base)
{
	TAILQ_INIT(&jobs->list);
	LIST_INIT(&jobs->observers);
	jobs->base = base;
	jobs->soon = evtimer_new(base, soon, jobs);
	jobs->tick = evtimer_new(base, tick, jobs);
	return jobs->soon && jobs->tick ? 0 : -ENOMEM;
}

void jobs_abandon(struct jobs *jobs)
{
	for (struct job *job; (job = TAILQ_FIRST(&jobs->list));) {
		TAILQ_REMOVE(&jobs->list, job, entry);
		job_free(job, true);
	}
	scopes_free(jobs->scopes);
	if (jobs->soon)
		event_free(jobs->soon);
	if (jobs->tick)
		event_free(jobs->tick);
	queue_clear(&jobs->planning);
	queue_clear(&jobs->workers);
}

struct job *jobs_after(const struct jobs *jobs, uint64_t id)
{
	struct job *job;

	TAILQ_FOREACH(job, &jobs->list, entry)
		if (job->record.id > id)
			break;
	return job;
}

struct job *jobs_find(const struct jobs *jobs, uint64_t id)
{
	struct job *job = id ? jobs_after(jobs, id - 1) : NULL;

	return job && job->record.id == id ? job : NULL;
}

void jobs_observe(struct jobs *jobs, struct job_observer *observer)
{
	LIST_INSERT_HEAD(&jobs->observers, observer, entry);
}

void jobs_cancel_all(struct jobs *jobs, const char *why)
{
	struct job *job;

	TAILQ_FOREACH(job, &jobs->list, entry)
		(void)job_cancel(job, why);
}

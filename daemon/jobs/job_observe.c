/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a job shows of itself, and who is told when that changes. See job.h. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "jobs/job_struct.h"
#include "jobs/kept.h"
#include "service/log.h"

uint64_t job_clock_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t job_age_us(const struct job *job)
{
	return job_clock_us(CLOCK_MONOTONIC) - job->record.started_us;
}

const struct record *job_record(const struct job *job)
{
	return &job->record;
}

const uid_t *job_by(const struct job *job)
{
	return job->record.uid ? &job->record.uid : NULL;
}

uint64_t job_id(const struct job *job)
{
	return job->record.id;
}

size_t job_position(const struct job *job)
{
	return job->record.state == JOB_QUEUED ? queue_position(job->queue, &job->place) : 0;
}

int job_tasks_made(const struct job *job)
{
	return job->record.state == JOB_RESTORING ? tree_count(&job->tree, job->worker) : -1;
}

bool job_log_is_complete(const struct job *job)
{
	return job->record.has_result && !job->worker;
}

uint64_t job_log_bytes(const struct job *job)
{
	struct stat st;

	if (job->log >= 0 && fstat(job->log, &st) == 0)
		return (uint64_t)st.st_size;
	return job->record.log_bytes;
}

size_t job_lent(const struct job *job)
{
	return job->lent.n;
}

void job_observe(struct job *job, struct job_observer *observer)
{
	LIST_INSERT_HEAD(&job->observers, observer, entry);
}

void job_unobserve(struct job_observer *observer)
{
	if (!observer->ops)
		return;
	observer->ops = NULL;
	LIST_REMOVE(observer, entry);
}

/* Those of this job, then those of all; each may go while it is told. */
#define FOREACH_OBSERVER(o, next, list)                                                            \
	for ((o) = LIST_FIRST(list); (o) && ((next) = LIST_NEXT((o), entry), true); (o) = (next))

static void tell_stage(struct job *job, const struct job_stage *stage, int fd)
{
	struct job_observer *o, *next;

	FOREACH_OBSERVER(o, next, &job->observers)
	if (o->ops->stage)
		o->ops->stage(o, job, stage, fd);
	FOREACH_OBSERVER(o, next, &job->jobs->observers)
	if (o->ops->stage)
		o->ops->stage(o, job, stage, fd);
}

void job_tell_result(struct job *job, const struct job_handles *handles)
{
	struct job_observer *o, *next;

	FOREACH_OBSERVER(o, next, &job->observers)
	if (o->ops->result)
		o->ops->result(o, job, handles);
}

void job_tell_state(struct job *job)
{
	struct job_observer *o, *next;

	FOREACH_OBSERVER(o, next, &job->observers)
	if (o->ops->state)
		o->ops->state(o, job);
	FOREACH_OBSERVER(o, next, &job->jobs->observers)
	if (o->ops->state)
		o->ops->state(o, job);
	while (job->record.state == JOB_ENDED && (o = LIST_FIRST(&job->observers)))
		job_unobserve(o);
}

void job_stage(struct job *job, enum job_stage_kind kind, const char *name, int fd)
{
	struct job_stage s = { .kind = kind, .at_us = job_age_us(job) };

	snprintf(s.name, sizeof(s.name), "%s", name);
	if (job->record.n_stages < JOB_MAX_STAGES)
		job->record.stages[job->record.n_stages++] = s;
	tell_stage(job, &s, fd);
}

int job_save(struct job *job)
{
	autofree uint8_t *bytes = NULL;
	size_t size = 0;
	int r = kept_pack(&job->record, &bytes, &size);

	return r < 0 ? r : keep_write(&job->jobs->keep, job->record.id, bytes, size);
}

/* Where what happens cannot be undone, only the next daemon would miss it. */
void job_save_or_warn(struct job *job)
{
	struct log_about what = { .job = job->record.id };
	int r = job_save(job);

	if (r < 0)
		log_line(LOG_ERR, &what,
			"its state cannot be written, a restart would forget it: %s",
			strerrordesc_np(-r));
}

void job_enter(struct job *job, enum job_state state)
{
	job->record.state = state;
	job->record.at_us[state] = job_age_us(job);
}

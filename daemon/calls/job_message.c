/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct record -> Event, Result, Job. See job_message.h. */
#include "calls/job_message.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "calls/message.h"
#include "config/config.h"

/* The record and the protocol name the same things by the same numbers. */
#define SAME(name)                                                                                 \
	_Static_assert((int)JOB_##name == (int)FDBROKER__V1__JOB_STATE__JOB_##name, #name)
SAME(ACCEPTED);
SAME(PLANNED);
SAME(QUEUED);
SAME(STARTING);
SAME(RESTORING);
SAME(ENDING);
SAME(RUNNING);
SAME(ENDED);
_Static_assert((int)JOB_CRIU_CLEANED_UP == (int)FDBROKER__V1__CLEANUP__CRIU_CLEANED_UP, "cleanup");
_Static_assert((int)JOB_TREE_KILLED == (int)FDBROKER__V1__CLEANUP__TREE_KILLED, "cleanup");

static Fdbroker__V1__Stage protocol_stage(enum job_stage_kind kind)
{
	switch (kind) {
	case JOB_STAGE_PLANNED:
		return FDBROKER__V1__STAGE__PLANNED;
	case JOB_STAGE_QUEUED:
		return FDBROKER__V1__STAGE__QUEUED;
	case JOB_STAGE_STARTING:
		return FDBROKER__V1__STAGE__STARTING;
	case JOB_STAGE_STARTED:
		return FDBROKER__V1__STAGE__STARTED;
	case JOB_STAGE_NOTIFIED:
		return FDBROKER__V1__STAGE__NOTIFIED;
	}
	return FDBROKER__V1__STAGE__STAGE_UNSPECIFIED;
}

void job_message_event(
	const struct record *record, const struct job_stage *stage, Fdbroker__V1__Event *ret)
{
	fdbroker__v1__event__init(ret);
	ret->has_job = true;
	ret->job = record->id;
	ret->has_stage = true;
	ret->stage = protocol_stage(stage->kind);
	ret->has_at_us = true;
	ret->at_us = stage->at_us;
	if (stage->kind == JOB_STAGE_NOTIFIED)
		ret->notification = (char *)stage->name;
}

/* ---- results ---- */

static void fill_stages(const struct record *r, struct result_parts *parts)
{
	for (size_t i = 0; i < r->n_stages; i++) {
		job_message_event(r, &r->stages[i], &parts->stages[i]);
		parts->stage_list[i] = &parts->stages[i];
	}
	parts->result.n_stages = r->n_stages;
	parts->result.stages = parts->stage_list;
}

static void fill_problem(const struct record_problem *from, Fdbroker__V1__Problem *to)
{
	fdbroker__v1__problem__init(to);
	to->code = from->code;
	to->has_error = true;
	to->error = from->error;
	to->has_mapping = from->mapping >= 0;
	to->mapping = (uint32_t)from->mapping;
	to->text = from->text;
}

/* Errors first, as far as a packet has room: thousands of mappings can have a problem each. */
static void fill_problems(const struct record *r, struct result_parts *parts)
{
	size_t n = 0, bytes = 0;

	parts->problems = calloc(r->n_problems + 1, sizeof(*parts->problems));
	parts->problem_list = calloc(r->n_problems + 1, sizeof(*parts->problem_list));
	for (int errors = 1; errors >= 0 && parts->problems && parts->problem_list; errors--) {
		for (size_t i = 0; i < r->n_problems; i++) {
			Fdbroker__V1__Problem *to = &parts->problems[n];

			if (r->problems[i].error != (errors == 1) ||
				bytes > CONFIG_MAX_PROBLEM_BYTES)
				continue;
			fill_problem(&r->problems[i], to);
			bytes += fdbroker__v1__problem__get_packed_size(to) + 4;
			parts->problem_list[n++] = to;
		}
	}
	parts->result.n_problems = n;
	parts->result.problems = parts->problem_list;
	parts->result.has_problems_left_out = true;
	parts->result.problems_left_out = (uint32_t)(r->n_problems - n);
}

static void fill_statistics(const struct record *r, struct result_parts *parts)
{
	Fdbroker__V1__Statistics *s = &parts->statistics;

	fdbroker__v1__statistics__init(s);
	s->has_pages_compared = s->has_pages_skipped_cow = true;
	s->has_pages_restored = r->stats.has_pages_restored;
	s->pages_compared = r->stats.pages_compared;
	s->pages_skipped_cow = r->stats.pages_skipped_cow;
	s->pages_restored = r->stats.pages_restored;
	s->has_forking_us = s->has_restore_us = true;
	s->forking_us = r->stats.forking_us;
	s->restore_us = r->stats.restore_us;
	parts->result.statistics = s;
}

static void fill_failure(const struct record *r, struct result_parts *parts)
{
	message_error(&r->err, &parts->error);
	parts->error.reason = r->reason[0] ? (char *)r->reason : NULL;
	parts->error.hint = r->hint[0] ? (char *)r->hint : NULL;
	parts->result.error = &parts->error;
	parts->result.has_cleanup = r->cleanup != JOB_CLEANUP_NONE;
	parts->result.cleanup = (Fdbroker__V1__Cleanup)r->cleanup;
}

void job_message_result(const struct record *r, bool whole, struct result_parts *ret)
{
	Fdbroker__V1__Result *result = &ret->result;

	*ret = (struct result_parts){ .problems = NULL };
	fdbroker__v1__result__init(result);
	result->has_job = result->has_success = result->has_total_us = true;
	result->job = r->id;
	result->success = r->success;
	result->total_us = r->total_us;
	result->has_pid = r->success;
	result->pid = r->root.pid;
	if (!r->success)
		fill_failure(r, ret);
	if (!whole)
		return;
	result->n_numbers = r->n_numbers;
	result->numbers = (int32_t *)r->numbers;
	if (r->has_stats)
		fill_statistics(r, ret);
	fill_stages(r, ret);
	fill_problems(r, ret);
}

void result_parts_done(struct result_parts *parts)
{
	free(parts->problems);
	free(parts->problem_list);
}

/* ---- jobs ---- */

static uint64_t us_of(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
}

static void fill_usage(const struct rusage *from, Fdbroker__V1__Usage *to)
{
	fdbroker__v1__usage__init(to);
	to->has_user_us = to->has_system_us = to->has_max_rss_kib = true;
	to->user_us = us_of(from->ru_utime);
	to->system_us = us_of(from->ru_stime);
	to->max_rss_kib = (uint64_t)from->ru_maxrss;
	to->has_minor_faults = to->has_major_faults = true;
	to->minor_faults = (uint64_t)from->ru_minflt;
	to->major_faults = (uint64_t)from->ru_majflt;
}

static void fill_end(const struct record *r, struct job_parts *parts)
{
	Fdbroker__V1__End *end = &parts->end;

	fdbroker__v1__end__init(end);
	end->has_known = true;
	end->known = r->end_known;
	end->has_exit_code = r->end_known && WIFEXITED(r->end_status);
	end->exit_code = WEXITSTATUS(r->end_status);
	end->has_signal = end->has_core = r->end_known && WIFSIGNALED(r->end_status);
	end->signal = WTERMSIG(r->end_status);
	end->core = WCOREDUMP(r->end_status);
	if (r->has_usage) {
		fill_usage(&r->usage, &parts->usage);
		end->usage = &parts->usage;
	}
	parts->job.end = end;
}

static void fill_transitions(const struct record *r, struct job_parts *parts)
{
	size_t n = 0;

	for (int state = JOB_ACCEPTED; state < JOB_N_STATES; state++) {
		Fdbroker__V1__Transition *t = &parts->transitions[n];

		if (r->at_us[state] == 0 && state != JOB_ACCEPTED)
			continue;
		fdbroker__v1__transition__init(t);
		t->has_state = t->has_at_us = true;
		t->state = (Fdbroker__V1__JobState)state;
		t->at_us = r->at_us[state];
		parts->transition_list[n++] = t;
	}
	parts->job.n_transitions = n;
	parts->job.transitions = parts->transition_list;
}

static uint64_t age_us(const struct record *r)
{
	struct timespec ts;

	if (r->state == JOB_ENDED)
		return r->at_us[JOB_ENDED];
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000 - r->started_us;
}

static void fill_progress(const struct job *job, Fdbroker__V1__Job *to)
{
	const struct record *r = job_record(job);
	int made = job_tasks_made(job);

	to->has_position = r->state == JOB_QUEUED;
	to->position = (uint32_t)job_position(job);
	to->has_tasks = r->tasks != 0;
	to->tasks = r->tasks;
	to->has_tasks_made = made >= 0;
	to->tasks_made = (uint32_t)made;
}

void job_message_fill(const struct job *job, bool whole, struct job_parts *ret)
{
	const struct record *r = job_record(job);
	Fdbroker__V1__Job *to = &ret->job;

	ret->result.problems = NULL;
	ret->result.problem_list = NULL;
	fdbroker__v1__job__init(to);
	to->has_job = to->has_state = to->has_uid = to->has_client_pid = true;
	to->job = r->id;
	to->state = (Fdbroker__V1__JobState)r->state;
	to->uid = r->uid;
	to->client_pid = r->client;
	to->has_accepted_us = to->has_age_us = to->has_deadline_ms = true;
	to->accepted_us = r->accepted_us;
	to->age_us = age_us(r);
	to->deadline_ms = r->deadline_ms;
	to->has_when_client_gone = to->has_log = to->has_log_bytes = to->has_recovered = true;
	to->when_client_gone = r->carry_on ? FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON
					   : FDBROKER__V1__WHEN_CLIENT_GONE__CANCEL;
	to->log = r->has_log;
	to->log_bytes = job_log_bytes(job);
	to->recovered = r->recovered;
	fill_progress(job, to);
	if (whole)
		fill_transitions(r, ret);
	if (r->has_result) {
		job_message_result(r, whole, &ret->result);
		to->result = &ret->result.result;
	}
	if (r->state == JOB_ENDED && r->success)
		fill_end(r, ret);
}

void job_parts_done(struct job_parts *parts)
{
	result_parts_done(&parts->result);
}

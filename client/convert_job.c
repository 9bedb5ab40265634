/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs as a broker tells of them -> structs. The rest of its messages: convert.c. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "convert.h"

#define MAX_EXIT_CODE 255 /* wait(2) */
#define MAX_SIGNAL    64  /* _NSIG - 1 */

static int count(protobuf_c_boolean known, uint32_t n)
{
	return !known ? -1 : n > INT_MAX ? INT_MAX : (int)n;
}

static int copy_transitions(struct fdb_job *job, const Fdbroker__V1__Job *from)
{
	job->transitions = calloc(from->n_transitions + 1, sizeof(*job->transitions));
	if (!job->transitions)
		return -ENOMEM;
	for (; job->n_transitions < from->n_transitions; job->n_transitions++) {
		const Fdbroker__V1__Transition *t = from->transitions[job->n_transitions];

		job->transitions[job->n_transitions] = (struct transition){
			.state = (enum fdb_job_state)t->state,
			.at_us = t->at_us,
		};
	}
	return 0;
}

static void copy_usage(struct fdb_job *job, const Fdbroker__V1__Usage *from)
{
	job->has_usage = true;
	job->user_us = from->user_us;
	job->system_us = from->system_us;
	job->max_rss_kib = from->max_rss_kib;
	job->minor_faults = from->minor_faults;
	job->major_faults = from->major_faults;
}

static void copy_end(struct fdb_job *job, const Fdbroker__V1__End *from)
{
	job->end = FDB_END_UNKNOWN;
	if (from->known && from->has_signal && from->signal > 0 && from->signal <= MAX_SIGNAL) {
		job->end = FDB_END_SIGNAL;
		job->signal = from->signal;
		job->core_dumped = from->core;
	} else if (from->known && from->has_exit_code && from->exit_code >= 0 &&
		   from->exit_code <= MAX_EXIT_CODE) {
		job->end = FDB_END_EXITED;
		job->exit_code = from->exit_code;
	}
	if (from->usage)
		copy_usage(job, from->usage);
}

/* In a list it has the error alone: without one it is a success. */
static int copy_result(struct fdb_job *job, const Fdbroker__V1__Result *from)
{
	job->result = convert_result(from, NULL);
	if (!job->result)
		return -ENOMEM;
	job->result->job = job->number;
	if (!from->has_success && !from->error) {
		job->result->success = true;
		job->result->err = (struct err){ 0 };
	}
	return 0;
}

struct fdb_job *convert_job(const Fdbroker__V1__Job *from)
{
	struct fdb_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	*job = (struct fdb_job){
		.number = from->job,
		.state = (enum fdb_job_state)from->state,
		.uid = from->uid,
		.client_pid = from->client_pid,
		.accepted_us = from->accepted_us,
		.age_us = from->age_us,
		.deadline_ms = from->deadline_ms,
		.gone = (enum fdb_gone)from->when_client_gone,
		.position = from->position,
		.tasks = count(from->has_tasks, from->tasks),
		.tasks_made = count(from->has_tasks_made, from->tasks_made),
		.has_log = from->log,
		.log_bytes = from->log_bytes,
		.recovered = from->recovered,
		.exit_code = -1,
	};
	if (from->end)
		copy_end(job, from->end);
	if (copy_transitions(job, from) == 0 &&
		(!from->result || copy_result(job, from->result) == 0))
		return job;
	fdb_job_free(job);
	return NULL;
}

struct fdb_job_list *convert_job_list(const Fdbroker__V1__JobList *from)
{
	struct fdb_job_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->more = from->more;
	list->jobs = calloc(from->n_jobs + 1, sizeof(struct fdb_job *));
	for (; list->jobs && list->n < from->n_jobs; list->n++) {
		list->jobs[list->n] = convert_job(from->jobs[list->n]);
		if (!list->jobs[list->n])
			break;
	}
	if (list->jobs && list->n == from->n_jobs)
		return list;
	fdb_job_list_free(list);
	return NULL;
}

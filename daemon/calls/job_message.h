/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a job -> messages of the protocol. They borrow from the record while they exist. */
#ifndef FDBROKER_CALLS_JOB_MESSAGE_H
#define FDBROKER_CALLS_JOB_MESSAGE_H

#include "fdbroker.pb-c.h"
#include "jobs/job.h"

struct result_parts {
	Fdbroker__V1__Result result; /* the message */
	Fdbroker__V1__Error error;
	Fdbroker__V1__Statistics statistics;
	Fdbroker__V1__Event stages[JOB_MAX_STAGES], *stage_list[JOB_MAX_STAGES];
	Fdbroker__V1__Problem *problems, **problem_list; /* owned */
};

struct job_parts {
	Fdbroker__V1__Job job; /* the message */
	Fdbroker__V1__Transition transitions[JOB_N_STATES], *transition_list[JOB_N_STATES];
	struct result_parts result;
	Fdbroker__V1__End end;
	Fdbroker__V1__Usage usage;
};

void job_message_event(
	const struct record *record, const struct job_stage *stage, Fdbroker__V1__Event *ret);

/**
 * job_message_result() - the result that a record has
 * @whole: with stages, numbers, problems; without: as in a list
 * @ret:   filled in; result_parts_done() ends it
 */
void job_message_result(const struct record *record, bool whole, struct result_parts *ret);
void result_parts_done(struct result_parts *parts);

/* @ret: filled in; job_parts_done() ends it */
void job_message_fill(const struct job *job, bool whole, struct job_parts *ret);
void job_parts_done(struct job_parts *parts);

#endif

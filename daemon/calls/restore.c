/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Restore: what a client asks for -> a job, and the job's events and result -> the client, for as long
 * as its session lives. How the request is checked: restore_check.c.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "calls/handlers.h"
#include "calls/message.h"
#include "calls/restore_check.h"
#include "discard.h"
#include "log.h"

/* The tie between a session and a job that it has started. Either end may go first. */
struct asked {
	struct session_watch watch;
	struct session *session; /* borrowed; told of its end by the watch */
	struct job *job;         /* borrowed; alive until its result, which ends this */
	bool carry_on;
};

static Fdbroker__V1__Stage protocol_stage(enum job_stage_kind kind)
{
	switch (kind) {
	case JOB_PLANNED:
		return FDBROKER__V1__STAGE__PLANNED;
	case JOB_STARTED:
		return FDBROKER__V1__STAGE__STARTED;
	case JOB_NOTIFIED:
		return FDBROKER__V1__STAGE__NOTIFIED;
	}
	return FDBROKER__V1__STAGE__STAGE_UNSPECIFIED;
}

/* The stages of a job and the events of the protocol are the same thing. */
static void fill_event(
	const struct job *job, const struct job_stage *stage, Fdbroker__V1__Event *ret)
{
	fdbroker__v1__event__init(ret);
	ret->has_job = true;
	ret->job = job_id(job);
	ret->has_stage = true;
	ret->stage = protocol_stage(stage->kind);
	ret->has_at_us = true;
	ret->at_us = stage->at_us;
	if (stage->kind == JOB_NOTIFIED)
		ret->notification = (char *)stage->name;
}

static void send_event(
	struct session *session, const struct job *job, const struct job_stage *stage, int fd)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	struct fdset fds = { 0 };
	Fdbroker__V1__Event event;
	int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	fill_event(job, stage, &event);
	if (copy >= 0 && fdset_add(&fds, copy) == 0)
		event.has_descriptor = true; /* index 0 */
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_EVENT;
	message.event = &event;
	message_send(session, &message, &fds);
}

static void on_event(void *arg, struct job *job, const struct job_stage *stage, int fd)
{
	struct asked *a = arg;

	send_event(a->session, job, stage, fd);
}

/* Adds a descriptor to the packet. Return: its index, or -1: the client goes without. */
static int attach(struct fdset *fds, int fd)
{
	return fd < 0 ? -1 : fdset_add(fds, fd);
}

static void attach_descriptors(
	const struct job_result *from, Fdbroker__V1__Result *to, struct fdset *fds)
{
	char path[32];
	int index;

	if (from->success) {
		index = attach(fds, fcntl(from->pidfd, F_DUPFD_CLOEXEC, 0));
		to->has_pidfd = index >= 0;
		to->pidfd = (uint32_t)index;
	}
	/* A reading end with a position of its own: the client shall not write to what we read reasons from. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", from->log);
	index = from->log < 0 ? -1 : attach(fds, open(path, O_RDONLY | O_CLOEXEC));
	to->has_log = index >= 0;
	to->log = (uint32_t)index;
}

static void fill_stages(const struct job *job, const struct job_result *from,
	Fdbroker__V1__Event *events, Fdbroker__V1__Event **list)
{
	for (size_t i = 0; i < from->n_stages; i++) {
		fill_event(job, &from->stages[i], &events[i]);
		list[i] = &events[i];
	}
}

/* Errors first, as far as a packet has room: thousands of mappings can have a problem each. */
static size_t fill_problems(
	const struct job_result *from, Fdbroker__V1__Problem *items, Fdbroker__V1__Problem **list)
{
	size_t n = 0, bytes = 0;

	for (int errors = 1; errors >= 0; errors--) {
		for (size_t i = 0; i < from->n_problems; i++) {
			const struct planner_problem *p = &from->problems[i];

			if (p->error != (errors == 1) || bytes > CONFIG_MAX_PROBLEM_BYTES)
				continue;
			fdbroker__v1__problem__init(&items[n]);
			items[n].code = (char *)p->code;
			items[n].has_error = true;
			items[n].error = p->error;
			items[n].has_mapping = p->mapping >= 0;
			items[n].mapping = (uint32_t)p->mapping;
			items[n].text = (char *)p->text;
			bytes += fdbroker__v1__problem__get_packed_size(&items[n]) + 4;
			list[n] = &items[n];
			n++;
		}
	}
	return n;
}

static void send_result(struct asked *a, const struct job *job, const struct job_result *from)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Result result = FDBROKER__V1__RESULT__INIT;
	Fdbroker__V1__Event events[JOB_MAX_STAGES], *stages[JOB_MAX_STAGES];
	autofree Fdbroker__V1__Problem *problems = calloc(from->n_problems + 1, sizeof(*problems));
	autofree Fdbroker__V1__Problem **list = calloc(from->n_problems + 1, sizeof(*list));
	Fdbroker__V1__Error error;
	struct fdset fds = { 0 };

	result.has_job = result.has_success = result.has_total_us = true;
	result.job = job_id(job);
	result.success = from->success;
	result.total_us = from->total_us;
	if (!from->success) {
		message_error(&from->err, &error);
		result.error = &error;
	}
	result.has_pid = from->success;
	result.pid = from->pid;
	result.n_numbers = from->n_numbers;
	result.numbers = (int32_t *)from->numbers;
	fill_stages(job, from, events, stages);
	result.n_stages = from->n_stages;
	result.stages = stages;
	if (problems && list) {
		result.n_problems = fill_problems(from, problems, list);
		result.problems = list;
		result.has_problems_left_out = true;
		result.problems_left_out = (uint32_t)(from->n_problems - result.n_problems);
	}
	attach_descriptors(from, &result, &fds);
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT;
	message.result = &result;
	message_send(a->session, &message, &fds);
}

static void on_result(void *arg, struct job *job, const struct job_result *result)
{
	struct asked *a = arg;

	send_result(a, job, result);
	session_remove_watch(&a->watch);
	free(a);
}

static const struct job_ops ops = { .event = on_event, .result = on_result };

static void session_gone(struct session_watch *watch)
{
	struct asked *a = (struct asked *)((char *)watch - offsetof(struct asked, watch));
	struct log_about about = { .job = job_id(a->job) };

	job_unlisten(a->job);
	if (a->carry_on)
		log_line(LOG_INFO, &about, "its client is gone; carrying on");
	else
		job_cancel(a->job, "its client is gone");
	free(a);
}

/* The lent descriptors that it names are the job's now, and their names are free again. */
static void use_up(const struct call *call, struct job *job)
{
	const Fdbroker__V1__Restore *restore = call->restore;

	for (size_t i = 0; i < restore->n_mappings; i++) {
		int fd = lent_take(&call->session->lent, restore->mappings[i]->lent);

		if (fd < 0)
			continue; /* another mapping has named it too */
		call->calls->lent--;
		job_take_lent(job, fd);
	}
}

static void accepted(const struct call *call, const struct job *job)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Accepted body = FDBROKER__V1__ACCEPTED__INIT;

	body.has_job = true;
	body.job = job_id(job);
	message.has_serial = true;
	message.serial = call->message->serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED;
	message.accepted = &body;
	message_send(call->session, &message, NULL);
}

static void log_accepted(const struct call *call, uint32_t deadline_ms, const struct job *job)
{
	const struct session *session = call->session;
	struct log_about about = { .job = job_id(job) };

	log_line(LOG_INFO, &about,
		"accepted from session %lu (uid %d, pid %d): %zu mappings, deadline %u ms",
		(unsigned long)session->id, (int)session->peer.uid, (int)session->peer.pid,
		call->restore->n_mappings, deadline_ms);
}

int restore_call(const struct call *call, struct err *err)
{
	autorestore struct restore_checked checked = { .spec = JOB_SPEC_NONE };
	struct asked *a;
	uint32_t deadline_ms;

	if (call->calls->jobs->restoring >= CONFIG_MAX_RESTORING)
		return err_set(err, ERR_LIMIT, 0, NULL,
			"%d restores are under way, the broker's limit", CONFIG_MAX_RESTORING);
	if (restore_check(call, &checked, err) < 0)
		return -1;
	a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a restore");
	a->session = call->session;
	a->carry_on = checked.carry_on;
	deadline_ms = checked.spec.deadline_ms; /* the job takes the rest */
	if (job_start(call->calls->jobs, &checked.spec, &ops, a, &a->job, err) < 0) {
		free(a);
		return -1;
	}
	log_accepted(call, deadline_ms, a->job);
	a->watch.gone = session_gone;
	session_add_watch(call->session, &a->watch);
	use_up(call, a->job);
	accepted(call, a->job);
	return 0;
}

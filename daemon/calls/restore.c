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
	int32_t *numbers; /* owned */
	size_t n_numbers;
};

static void asked_free(struct asked *a)
{
	free(a->numbers);
	free(a);
}

/* The stages of a job and the events of the protocol are the same thing. */
static void fill_event(
	const struct job *job, const struct job_stage *stage, Fdbroker__V1__Event *ret)
{
	fdbroker__v1__event__init(ret);
	ret->has_job = true;
	ret->job = job_id(job);
	ret->has_stage = true;
	ret->stage = stage->is_notification ? FDBROKER__V1__STAGE__NOTIFIED
					    : FDBROKER__V1__STAGE__STARTED;
	ret->has_at_us = true;
	ret->at_us = stage->at_us;
	if (stage->is_notification)
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

static void send_result(struct asked *a, const struct job *job, const struct job_result *from)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Result result = FDBROKER__V1__RESULT__INIT;
	Fdbroker__V1__Event events[JOB_MAX_STAGES], *list[JOB_MAX_STAGES];
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
	result.n_numbers = a->n_numbers;
	result.numbers = a->numbers;
	for (size_t i = 0; i < from->n_stages; i++) {
		fill_event(job, &from->stages[i], &events[i]);
		list[i] = &events[i];
	}
	result.n_stages = from->n_stages;
	result.stages = list;
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
	asked_free(a);
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
	asked_free(a);
}

/* The job has its own copies: the names are free again, and our duplicates can go. */
static void use_up(const struct call *call)
{
	const Fdbroker__V1__Restore *restore = call->message->restore;

	for (size_t i = 0; i < restore->n_mappings; i++) {
		int fd = lent_take(&call->session->lent, restore->mappings[i]->lent);

		if (fd >= 0) /* several mappings may name one */
			call->calls->lent--;
		discard_fd(fd);
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
	send_event(call->session, job, job_last_stage(job), -1);
}

static int start(
	const struct call *call, struct restore_checked *checked, struct asked *a, struct err *err)
{
	const struct session *session = call->session;
	struct log_about about = { 0 };

	a->numbers = calloc(checked->spec.n_mappings + 1, sizeof(*a->numbers));
	if (!a->numbers)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for %zu mappings",
			checked->spec.n_mappings);
	if (job_start(call->calls->jobs, &checked->spec, &ops, a, &a->job, err) < 0)
		return -1;
	a->n_numbers = checked->spec.n_mappings;
	for (size_t i = 0; i < a->n_numbers; i++)
		a->numbers[i] = checked->spec.mappings[i].number;
	about.job = job_id(a->job);
	log_line(LOG_INFO, &about,
		"accepted from session %lu (uid %d, pid %d): %zu mappings, deadline %u ms",
		(unsigned long)session->id, (int)session->peer.uid, (int)session->peer.pid,
		a->n_numbers, checked->spec.deadline_ms);
	return 0;
}

int restore_call(const struct call *call, struct err *err)
{
	autorestore struct restore_checked checked = { 0 };
	struct asked *a;

	if (restore_check(call, &checked, err) < 0)
		return -1;
	a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a restore");
	a->session = call->session;
	a->carry_on = checked.carry_on;
	if (start(call, &checked, a, err) < 0) {
		asked_free(a);
		return -1;
	}
	a->watch.gone = session_gone;
	session_add_watch(call->session, &a->watch);
	accepted(call, a->job);
	use_up(call);
	return 0;
}

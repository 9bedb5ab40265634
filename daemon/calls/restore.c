/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Restore: what a client asks for -> a job, and the job's events and result -> the client, for as long
 * as its session lives. How the request is checked: restore_check.c.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "calls/handlers.h"
#include "calls/job_message.h"
#include "calls/message.h"
#include "calls/restore_check.h"
#include "calls/who.h"
#include "jobs/job.h"
#include "service/log.h"
#include "service/messages.h"

/* The tie between a session and a job that it has started. Either end may go first. */
struct asked {
	struct session_watch watch;
	struct job_observer observer;
	struct session *session; /* borrowed; told of its end by the watch */
	struct job *job;         /* borrowed; alive until its result, which ends this */
	bool carry_on;
};

static struct asked *asked_of(struct job_observer *observer)
{
	return (struct asked *)((char *)observer - offsetof(struct asked, observer));
}

static void on_stage(
	struct job_observer *observer, struct job *job, const struct job_stage *stage, int fd)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	struct fdset fds = { 0 };
	Fdbroker__V1__Event event;
	int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	job_message_event(job_record(job), stage, &event);
	if (copy >= 0 && fdset_add(&fds, copy) == 0)
		event.has_descriptor = true; /* index 0 */
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_EVENT;
	message.event = &event;
	message_send(asked_of(observer)->session, &message, &fds);
}

/* Adds a duplicate to the packet. Return: its index, or -1: the client goes without. */
static int attach(struct fdset *fds, int fd)
{
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return copy < 0 ? -1 : fdset_add(fds, copy);
}

static void attach_handles(
	const struct job_handles *handles, Fdbroker__V1__Result *to, struct fdset *fds)
{
	int index = attach(fds, handles->pidfd);

	to->has_pidfd = index >= 0;
	to->pidfd = (uint32_t)index;
	index = attach(fds, handles->log);
	to->has_log = index >= 0;
	to->log = (uint32_t)index;
}

static void on_result(
	struct job_observer *observer, struct job *job, const struct job_handles *handles)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	struct asked *a = asked_of(observer);
	struct result_parts parts;
	struct fdset fds = { 0 };

	job_message_result(job_record(job), true, &parts);
	attach_handles(handles, &parts.result, &fds);
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT;
	message.result = &parts.result;
	message_send(a->session, &message, &fds);
	result_parts_done(&parts);
	job_unobserve(&a->observer);
	session_remove_watch(&a->watch);
	free(a);
}

static const struct job_observer_ops ops = { .stage = on_stage, .result = on_result };

static void session_gone(struct session_watch *watch)
{
	struct asked *a = (struct asked *)((char *)watch - offsetof(struct asked, watch));
	struct log_about about = { .job = job_id(a->job), .by = job_by(a->job) };

	job_unobserve(&a->observer);
	if (a->carry_on)
		log_line(LOG_INFO, &about, "its client is gone; carrying on");
	else
		(void)job_cancel(a->job, "its client is gone");
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
	struct who who;
	char from[48];
	const char *fields[] = { who.uid, who.pid, who.comm, who.class, from, NULL };
	struct log_about about = {
		.job = job_id(job), .by = job_by(job), .message = MESSAGE_ACCEPTED, .fields = fields
	};

	who_is(&session->peer, &who);
	snprintf(from, sizeof(from), "FDBROKER_SESSION=%lu", (unsigned long)session->id);
	log_line(LOG_INFO, &about,
		"accepted from session %lu (uid %u, %s): %zu mappings, deadline %u ms",
		(unsigned long)session->id, (unsigned)session->peer.uid, who.text,
		call->restore->n_mappings, deadline_ms);
}

int restore_call(const struct call *call, struct err *err)
{
	autorestore struct restore_checked checked = { .spec = JOB_SPEC_NONE };
	const struct policy_peer *peer = &call->session->peer;
	struct job_client client = { .uid = peer->uid, .pid = peer->pid };
	struct asked *a;
	uint32_t deadline_ms;

	if (call->calls->jobs->draining)
		return err_set(err, ERR_DRAINING, 0, NULL,
			"the broker takes no restores now, an administrator has said so");
	if (restore_check(call, &checked, err) < 0)
		return -1;
	a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a restore");
	a->session = call->session;
	a->observer.ops = &ops;
	a->carry_on = client.carry_on = checked.carry_on;
	deadline_ms = checked.spec.deadline_ms; /* the job takes the rest */
	if (job_start(call->calls->jobs, &checked.spec, &client, &a->observer, &a->job, err) < 0) {
		free(a);
		return -1;
	}
	call->calls->metrics.accepted++;
	log_accepted(call, deadline_ms, a->job);
	a->watch.gone = session_gone;
	session_add_watch(call->session, &a->watch);
	use_up(call, a->job);
	accepted(call, a->job);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watch: what happens to jobs -> a client that wants to know, for as long as its session lives. A client
 * that does not read in time loses events and is told how many; nobody waits for it.
 */
#include <stddef.h>
#include <stdlib.h>

#include "calls/handlers.h"
#include "calls/job_message.h"
#include "calls/message.h"
#include "jobs/job.h"

struct watcher {
	struct session_watch watch;
	struct job_observer observer;
	struct session *session; /* borrowed; told of its end by the watch */
	struct metrics *metrics; /* borrowed */
	uint64_t job;            /* only this one; 0: all */
	bool one_user, states;
	uint32_t uid;  /* only jobs of this user, if one_user */
	uint64_t lost; /* events that the client has not been told of */
};

static struct watcher *watcher_of(struct job_observer *observer)
{
	return (struct watcher *)((char *)observer - offsetof(struct watcher, observer));
}

static bool is_wanted(const struct watcher *w, const struct record *r)
{
	return (!w->job || w->job == r->id) && (!w->one_user || w->uid == r->uid) &&
	       policy_may_see(&w->session->peer, r->uid);
}

static void send_event(struct watcher *w, Fdbroker__V1__JobEvent *body)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;

	body->has_lost = w->lost != 0;
	body->lost = w->lost;
	w->lost = 0;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_EVENT;
	message.job_event = body;
	message_send(w->session, &message, NULL);
}

static void tell(struct watcher *w, struct job *job, Fdbroker__V1__Event *event)
{
	Fdbroker__V1__JobEvent body = FDBROKER__V1__JOB_EVENT__INIT;
	struct job_parts parts;

	if (!is_wanted(w, job_record(job)))
		return;
	if (w->session->out_bytes > w->session->config->max_watch_bytes) {
		w->lost++;
		w->metrics->events_lost++;
		return;
	}
	job_message_fill(job, false, &parts);
	body.job = &parts.job;
	body.event = event;
	send_event(w, &body);
	job_parts_done(&parts);
}

static void on_stage(
	struct job_observer *observer, struct job *job, const struct job_stage *stage, int fd)
{
	struct watcher *w = watcher_of(observer);
	Fdbroker__V1__Event event;

	(void)fd; /* it is for the one who restores */
	/* Other stages are changes of the state. */
	if (w->states || stage->kind != JOB_STAGE_NOTIFIED)
		return;
	job_message_event(job_record(job), stage, &event);
	tell(w, job, &event);
}

static void on_state(struct job_observer *observer, struct job *job)
{
	tell(watcher_of(observer), job, NULL);
}

static const struct job_observer_ops ops = { .stage = on_stage, .state = on_state };

/* The last events may have been among those that were lost: say so without waiting for another. */
static void drained(struct session_watch *watch)
{
	struct watcher *w = (struct watcher *)((char *)watch - offsetof(struct watcher, watch));
	Fdbroker__V1__JobEvent body = FDBROKER__V1__JOB_EVENT__INIT;

	if (w->lost)
		send_event(w, &body);
}

static void watcher_free(struct watcher *w)
{
	w->session->watcher = NULL;
	job_unobserve(&w->observer);
	free(w);
}

static void session_gone(struct session_watch *watch)
{
	watcher_free((struct watcher *)((char *)watch - offsetof(struct watcher, watch)));
}

static void stop(struct session *session)
{
	struct watcher *w = session->watcher;

	if (!w)
		return;
	session_remove_watch(&w->watch);
	watcher_free(w);
}

static int start(const struct call *call, struct err *err)
{
	const Fdbroker__V1__Watch *watch = call->message->watch;
	struct watcher *w;

	if (watch->job && !calls_find_job(call, watch->job, err))
		return -1;
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory to watch");
	stop(call->session);
	w->session = call->session;
	w->metrics = &call->calls->metrics;
	w->job = watch->job;
	w->one_user = watch->has_uid;
	w->uid = watch->uid;
	w->states = watch->states;
	w->observer.ops = &ops;
	w->watch.gone = session_gone;
	w->watch.drained = drained;
	call->session->watcher = w;
	jobs_observe(call->calls->jobs, &w->observer);
	session_add_watch(call->session, &w->watch);
	return 0;
}

int watch_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Watching watching = FDBROKER__V1__WATCHING__INIT;

	if (call->message->watch->off)
		stop(call->session);
	else if (start(call, err) < 0)
		return -1;
	message.has_serial = true;
	message.serial = call->message->serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_WATCHING;
	message.watching = &watching;
	message_send(call->session, &message, NULL);
	return 0;
}

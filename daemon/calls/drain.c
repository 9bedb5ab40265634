/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drain: no new restores, so that the broker can be stopped when those under way have ended. */
#include <stddef.h>
#include <stdlib.h>

#include "calls/handlers.h"
#include "calls/message.h"
#include "jobs/job.h"
#include "service/log.h"

/* A Drain that is answered when nothing is under way any more. */
struct drain_waiter {
	struct session_watch watch;
	struct session *session; /* borrowed; told of its end by the watch */
	uint64_t serial;
	LIST_ENTRY(drain_waiter) entry;
};

static void answer(const struct calls *calls, struct session *session, uint64_t serial)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Draining draining = FDBROKER__V1__DRAINING__INIT;

	draining.has_draining = draining.has_jobs = true;
	draining.draining = calls->jobs->draining;
	draining.jobs = calls->jobs->under_way;
	message.has_serial = true;
	message.serial = serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_DRAINING;
	message.draining = &draining;
	message_send(session, &message, NULL);
}

static void waiter_free(struct drain_waiter *w)
{
	w->session->waiting--;
	LIST_REMOVE(w, entry);
	free(w);
}

static void session_gone(struct session_watch *watch)
{
	waiter_free((struct drain_waiter *)((char *)watch - offsetof(struct drain_waiter, watch)));
}

void calls_idle(struct calls *calls)
{
	for (struct drain_waiter *w; (w = LIST_FIRST(&calls->drain_waiters));) {
		answer(calls, w->session, w->serial);
		session_remove_watch(&w->watch);
		waiter_free(w);
	}
}

static int wait_idle(const struct call *call, struct err *err)
{
	struct drain_waiter *w;

	if (call->session->waiting >= call->calls->config->max_waiting)
		return err_set(err, ERR_LIMIT, 0, NULL,
			"%u calls of this connection wait, its limit (MaxWaitingPerSession)",
			call->session->waiting);
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory to wait");
	w->session = call->session;
	w->serial = call->message->serial;
	w->watch.gone = session_gone;
	call->session->waiting++;
	LIST_INSERT_HEAD(&call->calls->drain_waiters, w, entry);
	session_add_watch(call->session, &w->watch);
	return 0;
}

int drain_call(const struct call *call, struct err *err)
{
	const Fdbroker__V1__Drain *drain = call->message->drain;
	struct jobs *jobs = call->calls->jobs;
	bool waits = drain->wait && !drain->off && jobs->under_way;
	struct log_about about = { .session = call->session->id };

	if (waits && wait_idle(call, err) < 0)
		return -1;
	jobs->draining = !drain->off;
	log_line(LOG_NOTICE, &about, "user %d: %s", (int)call->session->peer.uid,
		drain->off ? "restores are taken again" : "draining: no restores are taken");
	if (!waits)
		answer(call->calls, call->session, call->message->serial);
	return 0;
}

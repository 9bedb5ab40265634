/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue of events between the connection and its user. Whoever waits for one thing leaves all
 * others here in their order. Not here: how they come (pump.c, decode.c), what is in them (event.c,
 * result.c).
 */
#include "arrived.h"

#include <errno.h>
#include <stdlib.h>

#include "client.h"
#include "clock.h"
#include "event.h"
#include "pump.h"

struct fdb_event *arrived_new(enum fdb_event_kind kind)
{
	struct fdb_event *ev = calloc(1, sizeof(*ev));

	if (!ev)
		return NULL;
	ev->kind = kind;
	ev->descriptor = -1;
	return ev;
}

/* Takes *p out of the list; prev is the one before it or NULL. */
static struct fdb_event *unlink_event(
	struct arrived *a, struct fdb_event *prev, struct fdb_event *ev)
{
	if (prev)
		prev->next = ev->next;
	else
		a->first = ev->next;
	if (a->last == ev)
		a->last = prev;
	ev->next = NULL;
	a->n_watched -= ev->kind == FDB_EVENT_JOB;
	return ev;
}

/* The next of its kind gets its losses. */
static void drop_oldest_watched(struct arrived *a)
{
	struct fdb_event *prev = NULL, *ev = a->first, *next;

	for (; ev && ev->kind != FDB_EVENT_JOB; ev = ev->next)
		prev = ev;
	for (next = ev ? ev->next : NULL; next && next->kind != FDB_EVENT_JOB;)
		next = next->next;
	if (!next)
		return;
	next->lost += ev->lost + 1;
	fdb_event_free(unlink_event(a, prev, ev));
}

void arrived_push(struct arrived *a, struct fdb_event *ev)
{
	ev->next = NULL;
	if (a->last)
		a->last->next = ev;
	else
		a->first = ev;
	a->last = ev;
	a->n_watched += ev->kind == FDB_EVENT_JOB;
	if (a->n_watched > ARRIVED_MAX_WATCHED)
		drop_oldest_watched(a);
}

static bool fits(const struct fdb_event *ev, struct arrived_want want)
{
	if (want.answer && (ev->kind != FDB_EVENT_ANSWER || ev->call != want.answer))
		return false;
	if (want.result && (ev->kind != FDB_EVENT_RESULT || ev->job != want.result))
		return false;
	return true;
}

static struct fdb_event *take(struct arrived *a, struct arrived_want want)
{
	struct fdb_event *prev = NULL;

	for (struct fdb_event *ev = a->first; ev; prev = ev, ev = ev->next)
		if (fits(ev, want))
			return unlink_event(a, prev, ev);
	return NULL;
}

void arrived_drop_job(struct arrived *a, uint64_t job)
{
	struct fdb_event *prev = NULL, *ev = a->first;

	while (ev) {
		struct fdb_event *next = ev->next;

		if (ev->job == job && ev->kind != FDB_EVENT_RESULT &&
			ev->kind != FDB_EVENT_ANSWER && ev->kind != FDB_EVENT_JOB)
			fdb_event_free(unlink_event(a, prev, ev));
		else
			prev = ev;
		ev = next;
	}
}

void arrived_done(struct arrived *a)
{
	while (a->first)
		fdb_event_free(unlink_event(a, NULL, a->first));
}

int arrived_await(
	struct fdb_client *c, struct arrived_want want, int wait_ms, struct fdb_event **ret)
{
	int64_t end_ms = clock_end_ms(wait_ms);

	for (;;) {
		struct fdb_event *ev = take(&c->arrived, want);

		if (ev) {
			*ret = ev;
			return 0;
		}
		if (c->sock < 0 || c->gone)
			return client_fail_gone(c);
		if (!pump_turn(c) && pump_wait(c, end_ms) < 0)
			return client_fail(c, -ETIMEDOUT, NULL,
				"nothing from the broker within %d %s",
				wait_ms % 1000 ? wait_ms : wait_ms / 1000,
				wait_ms % 1000 ? "ms" : "s");
	}
}

int arrived_answer(struct fdb_client *c, uint64_t call, int wait_ms, struct fdb_event **ret)
{
	struct fdb_event *ev = NULL;
	int r = arrived_await(c, (struct arrived_want){ .answer = call }, wait_ms, &ev);

	if (r == -ETIMEDOUT)
		c->err_call = call;
	if (r < 0)
		return r;
	if (ev->status < 0) {
		r = client_fail_as(c, ev->status, &ev->err, &ev->advice);
		fdb_event_free(ev);
		return r;
	}
	*ret = ev;
	return 0;
}

/* ---- what users call ---- */

int fdb_next_event(struct fdb_client *c, int wait_ms, struct fdb_event **ret)
{
	int r = arrived_await(c, (struct arrived_want){ 0 }, wait_ms, ret);

	if (r == 0 && (*ret)->kind == FDB_EVENT_RESULT)
		client_job_forget(c, (*ret)->job);
	return r;
}

int fdb_wait_result(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_result **ret)
{
	struct fdb_event *ev = NULL;
	int r;

	if (!job || !client_job_known(c, job))
		return client_fail(c, -ESRCH, NULL, "job %llu is not under way on this connection",
			(unsigned long long)job);
	r = arrived_await(c, (struct arrived_want){ .result = job }, wait_ms, &ev);
	if (r < 0)
		return r;
	arrived_drop_job(&c->arrived, job);
	client_job_forget(c, job);
	*ret = fdb_event_take_result(ev);
	fdb_event_free(ev);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wait of `restore`, on the connection that began it, or by the job's number on another one.
 *
 * Calls are not awaited one by one: while an answer is to come, a result may, or ^C. See restore_wait.h.
 */
#include "restore_wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "dial.h"
#include "output.h"
#include "restore_report.h"

#define WHAT "restore"

/* What an event was good for. */
enum heard { HEARD_NOTHING, HEARD_RESULT, HEARD_END, HEARD_FAILURE };

struct hearing {
	struct fdb_result *res; /* HEARD_RESULT */
	struct fdb_job *job;    /* HEARD_END */
	int code;               /* HEARD_FAILURE: an exit code; told */
};

/* ---- what comes ---- */

static int tell_failure(struct restore_wait *w, const struct fdb_event *ev)
{
	struct out_error e = { .exit = out_exit_of(fdb_event_error_code(ev)),
		.code = fdb_code_name(fdb_event_error_code(ev)),
		.text = fdb_event_error_text(ev),
		.sys = fdb_event_error_errno(ev),
		.hint = fdb_event_error_hint(ev) };

	progress_clear(&w->progress);
	return out_error(w->ctl, WHAT, &e, NULL);
}

/* On another connection nobody sends the result: it is asked for until it is there. */
static enum heard take_show(struct restore_wait *w, struct fdb_event *ev, struct hearing *h)
{
	struct fdb_job *job = fdb_event_take_job_report(ev);
	enum heard heard = HEARD_NOTHING;

	w->show = 0;
	if (job)
		progress_heard(&w->progress, job);
	if (job && w->anew && (h->res = fdb_job_take_result(job)))
		heard = HEARD_RESULT;
	fdb_job_free(job);
	if (fdb_event_status(ev) == 0 || !w->anew)
		return heard;
	h->code = tell_failure(w, ev);
	return HEARD_FAILURE;
}

/* Of a success that was quicker the result is under way. */
static enum heard take_cancel(struct restore_wait *w, struct fdb_event *ev, struct hearing *h)
{
	w->cancel = 0;
	if (fdb_event_status(ev) == 0 || fdb_event_error_code(ev) == FDB_TOO_LATE)
		return HEARD_NOTHING;
	h->code = tell_failure(w, ev);
	return HEARD_FAILURE;
}

static enum heard take_end(struct restore_wait *w, struct fdb_event *ev, struct hearing *h)
{
	w->end = 0;
	h->job = fdb_event_take_job_report(ev);
	if (h->job)
		return HEARD_END;
	h->code = tell_failure(w, ev);
	return HEARD_FAILURE;
}

static enum heard take_event(struct restore_wait *w, struct fdb_event *ev, struct hearing *h)
{
	uint64_t call = fdb_event_call(ev);

	if (fdb_event_kind(ev) == FDB_EVENT_RESULT) {
		h->res = fdb_event_take_result(ev);
		return HEARD_RESULT;
	}
	if (fdb_event_kind(ev) != FDB_EVENT_ANSWER) {
		if (w->ctl->verbose) {
			progress_clear(&w->progress);
			restore_report_event(ev);
		}
		return HEARD_NOTHING;
	}
	if (call == w->show)
		return take_show(w, ev, h);
	if (call == w->cancel)
		return take_cancel(w, ev, h);
	return call == w->end ? take_end(w, ev, h) : HEARD_NOTHING;
}

/* Return: 0; a negative errno: the connection is gone. */
static int take_events(struct restore_wait *w, enum heard *ret_heard, struct hearing *h)
{
	struct fdb_event *ev;
	int r = 0;

	*ret_heard = HEARD_NOTHING;
	while (*ret_heard == HEARD_NOTHING && (r = fdb_next_event(w->c, 0, &ev)) == 0) {
		*ret_heard = take_event(w, ev, h);
		fdb_event_free(ev);
	}
	return r == -ETIMEDOUT ? 0 : r;
}

/* ---- what is done meanwhile ---- */

/* The user has given up waiting. Return: the exit code. */
static int leave(struct restore_wait *w, enum restore_left how, int sig)
{
	w->left = true;
	progress_clear(&w->progress);
	signals_unwatch(w->signals);
	return restore_report_left(w->ctl, how, sig, w->job);
}

/* How many tasks there are now is asked first: when they are ended, nobody knows any more. */
static int interrupt(struct restore_wait *w, int sig)
{
	if (w->sig || w->args->carry_on)
		return leave(w, w->sig ? RESTORE_LEFT_CANCELLING : RESTORE_LEFT_CARRYING_ON, sig);
	w->sig = sig;
	w->progress.doing = "cancelling";
	w->progress.keys = "^C again leaves at once";
	if (!w->show && fdb_start_show(w->c, w->job, &w->show) < 0)
		w->show = 0;
	if (fdb_start_cancel(w->c, w->job, &w->cancel) < 0)
		w->cancel = 0; /* the connection is gone, and found to be so next */
	return 0;
}

/* how: what to say of the job if the user does not want to wait for the broker. */
static int come_back(struct restore_wait *w, enum restore_left how)
{
	int r;

	progress_clear(&w->progress);
	if (w->ctl->verbose)
		out_line(stderr, "%s: trying again", fdb_error_text(w->c));
	w->anew = true;
	w->show = w->cancel = w->end = 0;
	w->progress.doing = "the broker has gone, waiting for it to come back";
	w->progress.keys = "^C leaves";
	progress_draw(&w->progress);
	r = dial_anew(w->ctl, WHAT, w->c, w->signals);
	progress_clear(&w->progress);
	w->progress.doing = w->sig ? "cancelling" : NULL;
	w->progress.keys = w->sig ? "^C again leaves at once" : PROGRESS_KEYS;
	if (r == -EINTR)
		return leave(w, how, signals_taken(w->signals));
	/* What was asked of the old one is asked anew. */
	if (r == 0 && w->sig && fdb_start_cancel(w->c, w->job, &w->cancel) < 0)
		w->cancel = 0;
	return r;
}

/* Until something can be read, a signal comes, or it is time to draw. */
static int rest(struct restore_wait *w, bool tick)
{
	struct pollfd p[] = { { .fd = fdb_fd(w->c), .events = fdb_poll_events(w->c) },
		{ .fd = w->signals->fd, .events = POLLIN } };

	(void)poll(p, 2, tick ? PROGRESS_TICK_MS : -1);
	return signals_taken(w->signals);
}

/* ---- the two waits ---- */

int restore_wait_result(struct restore_wait *w, struct fdb_result **ret)
{
	progress_begin(&w->progress, w->job);
	for (;;) {
		bool tick = w->progress.on || w->anew;
		struct hearing h = { 0 };
		enum heard heard;
		int sig, code = 0, r = take_events(w, &heard, &h);

		if (heard == HEARD_RESULT || heard == HEARD_FAILURE) {
			progress_clear(&w->progress);
			*ret = h.res;
			return h.res ? 0 : h.code;
		}
		if (r < 0)
			code = come_back(w, RESTORE_LEFT_ALONE);
		else if ((sig = rest(w, tick)))
			code = interrupt(w, sig);
		if (code != 0)
			return code;
		progress_draw(&w->progress);
		if (tick && !w->show && fdb_start_show(w->c, w->job, &w->show) < 0)
			w->show = 0;
	}
}

int restore_wait_end(struct restore_wait *w, struct fdb_job **ret)
{
	for (;;) {
		struct hearing h = { 0 };
		enum heard heard;
		int sig, code = 0, r;

		if (!w->end && fdb_start_wait(w->c, w->job, &w->end) < 0)
			w->end = 0;
		r = take_events(w, &heard, &h);
		fdb_result_free(h.res);
		if (heard == HEARD_END || heard == HEARD_FAILURE) {
			*ret = h.job;
			return h.job ? 0 : h.code;
		}
		if (r < 0)
			code = come_back(w, RESTORE_LEFT_RUNNING);
		else if ((sig = rest(w, false)))
			code = leave(w, RESTORE_LEFT_RUNNING, sig);
		if (code != 0)
			return code;
	}
}

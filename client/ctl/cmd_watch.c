/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `watch`: a line for everything that happens to jobs. */
#include <string.h>
#include <unistd.h>

#include "dial.h"
#include "figures.h"
#include "help.h"
#include "job_arg.h"
#include "job_json.h"
#include "line.h"
#include "options.h"
#include "output.h"
#include "text.h"
#include "words.h"

#include "base/cleanup.h"

#define WHAT "watch"

/* Where columns begin. */
#define JOB_COLUMN  14
#define USER_COLUMN 24
#define WHAT_COLUMN 34

enum { OPT_USER = OPTIONS_OWN, OPT_STATES };

struct watch {
	uint64_t job; /* 0: all */
	uid_t uid;    /* FDB_ANY_USER: all */
	bool states;
	struct screen screen;
};

/* ---- an event as a line ---- */

static void column(struct line *l, unsigned style, const char *text, unsigned next)
{
	autofree char *safe = text_printable(text);

	line_put(l, style, safe ? safe : "");
	/* A name that is too long moves the rest: it is not cut, for it says which. */
	if (l->columns >= next && next)
		line_put(l, LINE_PLAIN, " ");
	line_pad(l, next);
}

/* "queued, 3rd", "ended: exited 7", "criu is at post-restore". */
static const char *happened(char *buf, const struct fdb_event *ev, const struct fdb_job *job)
{
	char more[WORDS_SIZE], place[FIGURE_SIZE];
	const char *state = words_state(fdb_job_state(job));

	if (fdb_event_stage(ev))
		snprintf(buf, WORDS_SIZE, "  %s", words_stage(more, ev));
	else if (fdb_job_position(job))
		snprintf(buf, WORDS_SIZE, "%s, %s", state,
			figure_place(place, fdb_job_position(job)));
	else if (fdb_job_state(job) == FDB_JOB_ENDED)
		snprintf(buf, WORDS_SIZE, "%s: %.900s", state, words_outcome(more, job));
	else
		snprintf(buf, WORDS_SIZE, "%s", state);
	return buf;
}

static void put_line(const struct watch *w, const struct fdb_event *ev, const struct fdb_job *job)
{
	struct line l = { .screen = &w->screen };
	uint64_t at_us = fdb_event_stage(ev) ? fdb_event_at_us(ev) : fdb_job_age_us(job);
	char text[WORDS_SIZE];

	column(&l, LINE_DIM, figure_clock(text, fdb_job_accepted_us(job) + at_us), JOB_COLUMN);
	snprintf(text, sizeof(text), "job %llu", (unsigned long long)fdb_job_number(job));
	column(&l, LINE_PLAIN, text, USER_COLUMN);
	column(&l, LINE_PLAIN, words_user(text, fdb_job_uid(job)), WHAT_COLUMN);
	column(&l, fdb_event_stage(ev) ? LINE_DIM : words_style(job), happened(text, ev, job), 0);
	line_end(&l, stdout);
	line_done(&l);
}

static void put_json(const struct fdb_event *ev, const struct fdb_job *job)
{
	/* One text a line, however it was asked for: who reads them must know where one ends. */
	const struct ctl brief = { .format = CTL_JSON_SHORT };
	cJSON *json = job_json(job);
	char stage[WORDS_SIZE];

	if (fdb_event_stage(ev)) {
		out_json_text(json, "stage", words_stage(stage, ev));
		out_json_number(json, "at_us", fdb_event_at_us(ev));
	}
	if (fdb_event_lost(ev))
		out_json_number(json, "lost", fdb_event_lost(ev));
	out_json(&brief, json);
}

static void put_event(const struct ctl *ctl, const struct watch *w, const struct fdb_event *ev)
{
	const struct fdb_job *job = fdb_event_job_report(ev);

	if (ctl->format != CTL_TEXT) {
		put_json(ev, job);
		return;
	}
	if (fdb_event_lost(ev))
		out_line(stdout,
			"-- %llu events were lost: they came faster than they were read --",
			(unsigned long long)fdb_event_lost(ev));
	put_line(w, ev, job);
}

/* ---- all of them ---- */

/* A job that has ended before the watch began tells nothing more. Return: an exit code; -1: it has not. */
static int ended_before(const struct ctl *ctl, const struct watch *w, struct fdb_client *c)
{
	struct fdb_job *job;
	char text[WORDS_SIZE];
	bool ended;

	if (!w->job)
		return -1;
	if (fdb_show(c, w->job, CTL_WAIT_MS, &job) < 0)
		return out_client_error(ctl, WHAT, c);
	ended = fdb_job_state(job) == FDB_JOB_ENDED;
	if (ended && ctl->format != CTL_TEXT)
		out_json(&(struct ctl){ .format = CTL_JSON_SHORT }, job_json(job));
	else if (ended)
		out_line(stdout, "job %llu had ended already: %s", (unsigned long long)w->job,
			words_outcome(text, job));
	fdb_job_free(job);
	return ended ? CTL_DONE : -1;
}

static int watch(struct ctl *ctl, struct fdb_client *c, void *arg)
{
	const struct watch *w = arg;
	bool ended = false;
	int code;

	if (fdb_watch(c, w->job, w->uid, w->states, CTL_WAIT_MS) < 0)
		return out_client_error(ctl, WHAT, c);
	code = ended_before(ctl, w, c);
	if (code >= 0)
		return out_flush(ctl, WHAT, code);
	while (!ended) {
		struct fdb_event *ev;
		const struct fdb_job *job;

		if (fdb_next_event(c, -1, &ev) < 0)
			return out_client_error(ctl, WHAT, c);
		job = fdb_event_kind(ev) == FDB_EVENT_JOB ? fdb_event_job_report(ev) : NULL;
		if (job)
			put_event(ctl, w, ev);
		ended = job && w->job && fdb_job_state(job) == FDB_JOB_ENDED;
		fdb_event_free(ev);
		if (fflush(stdout) != 0)
			break;
	}
	return out_flush(ctl, WHAT, CTL_DONE);
}

static int take(const struct ctl *ctl, struct watch *w, int val)
{
	switch (val) {
	case OPT_USER:
		if (words_to_user(optarg, &w->uid) == 0)
			return 0;
		return out_usage(ctl, WHAT, "--user: there is no user '%s'", optarg);
	case OPT_STATES:
		w->states = true;
		return 0;
	default:
		return CTL_USAGE;
	}
}

int cmd_watch(struct ctl *ctl, int argc, char **argv)
{
	struct watch w = { .uid = FDB_ANY_USER };
	struct options o;
	size_t n;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	options_add(&o, "user", required_argument, OPT_USER);
	options_add(&o, "states", no_argument, OPT_STATES);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		if (val == OPTIONS_HELP)
			return help_show(WHAT);
		code = take(ctl, &w, val);
		if (code != 0)
			return code;
	}
	screen_look(&w.screen, STDOUT_FILENO);
	if (ctl->full)
		w.screen.width = 0;
	code = job_arg_read(ctl, WHAT, argc, argv, 1, &w.job, &n);
	return code ? code : dial_and(ctl, WHAT, watch, &w);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `cancel`: end restores that are under way, and say what became of them. */
#include <stdlib.h>

#include "dial.h"
#include "help.h"
#include "job_arg.h"
#include "job_json.h"
#include "options.h"
#include "output.h"
#include "words.h"

#define WHAT "cancel"

struct cancel {
	uint64_t jobs[JOB_ARG_MAX];
	uint64_t calls[JOB_ARG_MAX];
	size_t n;
};

typedef unsigned long long ull; /* of printf */

/* ---- one answer ---- */

static int tell_job(const struct ctl *ctl, const struct fdb_job *job)
{
	const struct fdb_result *res = fdb_job_result(job);
	char text[WORDS_SIZE];

	if (ctl->format != CTL_TEXT)
		out_json(ctl, job_json(job));
	else if (!res)
		out_line(stdout, "job %llu: ended", (ull)fdb_job_number(job));
	else if (fdb_result_code(res) == FDB_CANCELLED)
		out_line(stdout, "job %llu: cancelled: %s", (ull)fdb_job_number(job),
			words_cleanup(text, fdb_result_cleanup(res), -1));
	else
		out_line(stdout, "job %llu: was ending already: %s", (ull)fdb_job_number(job),
			words_outcome(text, job));
	return CTL_DONE;
}

static int tell_error(const struct ctl *ctl, uint64_t job, const struct fdb_event *ev)
{
	struct out_error e = { .exit = out_exit_of(fdb_event_error_code(ev)),
		.code = fdb_code_name(fdb_event_error_code(ev)),
		.text = fdb_event_error_text(ev),
		.sys = fdb_event_error_errno(ev),
		.hint = fdb_event_error_hint(ev) };
	cJSON *extra = NULL;

	if (ctl->format != CTL_TEXT) {
		extra = cJSON_CreateObject();
		out_json_number(extra, "job", job);
	}
	return out_error(ctl, WHAT, &e, extra);
}

/* ---- all of them ---- */

static int by_age(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/*
 * All at once, the youngest first: the end of one that restores makes room for one that is queued, which had
 * better be cancelled by then.
 */
static int send_all(struct ctl *ctl, struct fdb_client *c, struct cancel *list)
{
	qsort(list->jobs, list->n, sizeof(list->jobs[0]), by_age);
	for (size_t i = 0; i < list->n; i++)
		if (fdb_start_cancel(c, list->jobs[i], &list->calls[i]) < 0)
			return out_client_error(ctl, WHAT, c);
	return 0;
}

/* Return: an exit code; -1: it is the answer to none of the calls. */
static int take_answer(const struct ctl *ctl, const struct cancel *list, const struct fdb_event *ev)
{
	for (size_t i = 0; i < list->n; i++) {
		if (fdb_event_kind(ev) != FDB_EVENT_ANSWER || fdb_event_call(ev) != list->calls[i])
			continue;
		if (fdb_event_status(ev) < 0 || !fdb_event_job_report(ev))
			return tell_error(ctl, list->jobs[i], ev);
		return tell_job(ctl, fdb_event_job_report(ev));
	}
	return -1;
}

static int cancel(struct ctl *ctl, struct fdb_client *c, void *arg)
{
	struct cancel *list = arg;
	size_t answers = 0;
	int code = send_all(ctl, c, list);

	if (code != 0)
		return code;
	while (answers < list->n) {
		struct fdb_event *ev;
		int one;

		if (fdb_next_event(c, -1, &ev) < 0)
			return out_client_error(ctl, WHAT, c);
		one = take_answer(ctl, list, ev);
		fdb_event_free(ev);
		answers += one >= 0;
		code = code || one < 0 ? code : one;
	}
	return out_flush(ctl, WHAT, code);
}

int cmd_cancel(struct ctl *ctl, int argc, char **argv)
{
	struct cancel list;
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	val = options_next(&o, argc, argv);
	if (val == OPTIONS_HELP)
		return help_show(WHAT);
	if (val != OPTIONS_END)
		return CTL_USAGE;
	code = job_arg_read(ctl, WHAT, argc, argv, JOB_ARG_MAX, list.jobs, &list.n);
	if (code == 0 && list.n == 0)
		code = out_usage(ctl, WHAT, "which job?");
	return code ? code : dial_and(ctl, WHAT, cancel, &list);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words, and the JSON, of a restore. See restore_report.h. */
#include "restore_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "figures.h"
#include "logfile.h"
#include "output.h"

#define WHAT       "restore"
#define TAIL_LINES 20

/* For people: "criu started", "post-restore", "stage 7". */
static const char *stage_name(char *buf, size_t size, const struct fdb_event *ev)
{
	switch (fdb_event_kind(ev)) {
	case FDB_EVENT_STARTED:
		snprintf(buf, size, "criu started");
		break;
	case FDB_EVENT_PLANNED:
		snprintf(buf, size, "planned");
		break;
	case FDB_EVENT_NOTIFIED:
		snprintf(buf, size, "%s", fdb_event_notification(ev));
		break;
	default:
		snprintf(buf, size, "stage %d", fdb_event_stage(ev));
	}
	return buf;
}

void restore_report_event(const struct fdb_event *ev)
{
	char name[64], at[FIGURE_SIZE];

	out_line(stderr, "%10s  %s", figure_took(at, fdb_event_at_us(ev)),
		stage_name(name, sizeof(name), ev));
}

/* ---- JSON ---- */

static void json_stages(cJSON *json, const struct fdb_result *res)
{
	cJSON *list = cJSON_AddArrayToObject(json, "stages");
	uint64_t before = 0;

	for (size_t i = 0; i < fdb_result_n_stages(res); i++) {
		const struct fdb_event *ev = fdb_result_stage(res, i);
		cJSON *one = cJSON_CreateObject();
		char name[64];

		out_json_text(one, "stage", stage_name(name, sizeof(name), ev));
		cJSON_AddNumberToObject(one, "at_us", (double)fdb_event_at_us(ev));
		cJSON_AddNumberToObject(one, "took_us", (double)(fdb_event_at_us(ev) - before));
		before = fdb_event_at_us(ev);
		cJSON_AddItemToArray(list, one);
	}
	cJSON_AddNumberToObject(json, "total_us", (double)fdb_result_total_us(res));
}

static void json_mappings(
	cJSON *json, const struct restore_args *args, const struct fdb_result *res)
{
	cJSON *list = cJSON_AddArrayToObject(json, "mappings");

	for (size_t i = 0; i < args->mapping.n_maps; i++) {
		cJSON *one = cJSON_CreateObject();

		out_json_text(one, "target", args->mapping.maps[i].text);
		out_json_text(one, "lent", args->mapping.maps[i].name);
		if (i < fdb_result_n_numbers(res))
			cJSON_AddNumberToObject(one, "number", fdb_result_number(res, i));
		cJSON_AddItemToArray(list, one);
	}
}

static void json_problems(cJSON *json, const struct fdb_result *res)
{
	cJSON *list = cJSON_AddArrayToObject(json, "problems");

	for (size_t i = 0; i < fdb_result_n_problems(res); i++) {
		cJSON *one = cJSON_CreateObject();

		out_json_text(one, "code", fdb_result_problem_code(res, i));
		cJSON_AddBoolToObject(one, "error", fdb_result_problem_is_error(res, i));
		if (fdb_result_problem_mapping(res, i) >= 0)
			cJSON_AddNumberToObject(one, "mapping", fdb_result_problem_mapping(res, i));
		out_json_text(one, "text", fdb_result_problem_text(res, i));
		cJSON_AddItemToArray(list, one);
	}
}

static cJSON *json_result(const struct restore_args *args, const struct fdb_result *res)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "job", (double)fdb_result_job(res));
	json_mappings(json, args, res);
	json_problems(json, res);
	json_stages(json, res);
	return json;
}

/* ---- text ---- */

/* A key reads better as criu spells it. */
static const char *plain(const char *target)
{
	return strncmp(target, "key:", 4) == 0 ? target + 4 : target;
}

static void text_mappings(const struct restore_args *args, const struct fdb_result *res)
{
	for (size_t i = 0; i < args->mapping.n_maps; i++)
		out_line(stdout, "  %-28s <- %s, as criu's descriptor %d",
			plain(args->mapping.maps[i].text), args->mapping.maps[i].name,
			fdb_result_number(res, i));
}

static void text_stages(const struct fdb_result *res)
{
	uint64_t before = 0;
	char name[64], took[FIGURE_SIZE];

	for (size_t i = 0; i < fdb_result_n_stages(res); i++) {
		const struct fdb_event *ev = fdb_result_stage(res, i);

		out_line(stdout, "  %10s until %s", figure_took(took, fdb_event_at_us(ev) - before),
			stage_name(name, sizeof(name), ev));
		before = fdb_event_at_us(ev);
	}
	out_line(stdout, "  %10s until the result",
		figure_took(took, fdb_result_total_us(res) - before));
}

static void text_problems(const struct fdb_result *res)
{
	for (size_t i = 0; i < fdb_result_n_problems(res); i++)
		out_line(stderr, "%s: %s (%s)",
			fdb_result_problem_is_error(res, i) ? "error" : "warning",
			fdb_result_problem_text(res, i), fdb_result_problem_code(res, i));
}

/* ---- the end ---- */

/*
 * With a work directory always, else after a failure. Return: the path, the caller's, or NULL:
 * none.
 */
static char *keep_log(const struct restore_args *args, const struct fdb_result *res)
{
	struct err err;
	char *path = NULL;

	if (fdb_result_log(res) < 0 || (fdb_result_success(res) && !args->work))
		return NULL;
	if (logfile_keep(fdb_result_log(res), args->work, &path, &err) < 0)
		out_line(stderr, "fdbroker-ctl " WHAT ": %s", err.text);
	return path;
}

static int succeeded(const struct ctl *ctl, const struct restore_args *args,
	const struct fdb_result *res, const char *log)
{
	char total[FIGURE_SIZE];
	cJSON *json;

	if (ctl->format != CTL_TEXT) {
		json = json_result(args, res);
		cJSON_AddStringToObject(json, "outcome", "restored");
		cJSON_AddNumberToObject(json, "pid", fdb_result_pid(res));
		out_json_text(json, "log", log);
		out_json(ctl, json);
		return CTL_DONE;
	}
	out_line(stdout, "restored: task %d runs, after %s (job %llu)", (int)fdb_result_pid(res),
		figure_took(total, fdb_result_total_us(res)),
		(unsigned long long)fdb_result_job(res));
	text_mappings(args, res);
	text_problems(res);
	out_line(stdout, "it took");
	text_stages(res);
	if (log)
		out_line(stdout, "criu's log: %s", log);
	return CTL_DONE;
}

int restore_report_result(
	const struct ctl *ctl, const struct restore_args *args, const struct fdb_result *res)
{
	autofree char *log = keep_log(args, res);
	struct out_error e = {
		.exit = out_exit_of(fdb_result_code(res)),
		.code = fdb_code_name(fdb_result_code(res)),
		.field = fdb_result_field(res),
		.text = fdb_result_text(res),
		.sys = fdb_result_errno(res),
		.log = log,
	};

	if (fdb_result_success(res))
		return succeeded(ctl, args, res, log);
	/* One error is the text of the failure itself. */
	if (ctl->format == CTL_TEXT && fdb_result_n_problems(res) > 1)
		text_problems(res);
	if (ctl->verbose && fdb_result_log(res) >= 0) {
		out_line(stderr, "the last lines of criu's log:");
		logfile_tail(stderr, fdb_result_log(res), TAIL_LINES);
	}
	return out_error(ctl, WHAT, &e, ctl->format == CTL_TEXT ? NULL : json_result(args, res));
}

int restore_report_interrupted(
	const struct ctl *ctl, const struct restore_args *args, int sig, uint64_t job)
{
	struct out_error e = { .exit = CTL_CANCELLED, .code = "INTERRUPTED" };
	char text[160];

	if (args->carry_on)
		snprintf(text, sizeof(text),
			"interrupted by SIG%s; the broker carries on with job %llu",
			sigabbrev_np(sig), (unsigned long long)job);
	else
		snprintf(text, sizeof(text),
			"interrupted by SIG%s; the broker cancels job %llu and ends what it made",
			sigabbrev_np(sig), (unsigned long long)job);
	e.text = text;
	return out_error(ctl, WHAT, &e, NULL);
}

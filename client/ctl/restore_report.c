/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words, and the JSON, of a restore. See restore_report.h. */
#include "restore_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "figures.h"
#include "job_json.h"
#include "logfile.h"
#include "output.h"
#include "words.h"

#define WHAT       "restore"
#define TAIL_LINES 20

typedef unsigned long long ull; /* of printf */

void restore_report_event(const struct fdb_event *ev)
{
	char name[WORDS_SIZE], at[FIGURE_SIZE];

	out_line(stderr, "%10s  %s", figure_took(at, fdb_event_at_us(ev)), words_stage(name, ev));
}

/* ---- JSON ---- */

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

static cJSON *json_result(const struct restore_args *args, const struct fdb_result *res)
{
	cJSON *json = cJSON_CreateObject();

	out_json_number(json, "job", fdb_result_job(res));
	json_mappings(json, args, res);
	job_json_problems(json, res);
	job_json_stages(json, res);
	out_json_number(json, "total_us", fdb_result_total_us(res));
	job_json_statistics(json, res);
	job_json_cleanup(json, res);
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

/* Return: how many of them are errors. */
static unsigned text_problems(const struct fdb_result *res)
{
	unsigned errors = 0;

	for (size_t i = 0; i < fdb_result_n_problems(res); i++) {
		bool is_error = fdb_result_problem_is_error(res, i);
		int mapping = fdb_result_problem_mapping(res, i);
		char which[32] = "";

		if (is_error && mapping >= 0)
			snprintf(which, sizeof(which), "mappings[%d]: ", mapping);
		out_line(stderr, "%s: %s%s (%s)", is_error ? "error" : "warning", which,
			fdb_result_problem_text(res, i), fdb_result_problem_code(res, i));
		errors += is_error;
	}
	if (fdb_result_problems_left_out(res))
		out_line(stderr, "and %u more problems",
			(unsigned)fdb_result_problems_left_out(res));
	return errors;
}

/* ---- the end ---- */

/* criu's log, which the broker keeps, goes into a file only if the user has said where, or no broker stays. */
static char *keep_log(const struct ctl *ctl, const struct restore_args *args,
	const struct fdb_result *res, int log)
{
	struct err err;
	char *path = NULL;

	if (log < 0 || (!args->work && (fdb_result_success(res) || !ctl->local)))
		return NULL;
	if (logfile_keep(log, args->work, &path, &err) < 0)
		out_line(stderr, "fdbroker-ctl " WHAT ": %s", err.text);
	return path;
}

static void text_restored(const struct restore_args *args, const struct fdb_result *res)
{
	char total[FIGURE_SIZE];

	out_line(stdout, "restored: task %d runs, after %s (job %llu)", (int)fdb_result_pid(res),
		figure_took(total, fdb_result_total_us(res)), (ull)fdb_result_job(res));
	text_mappings(args, res);
	(void)text_problems(res);
}

int restore_report_success(const struct ctl *ctl, const struct restore_args *args,
	const struct fdb_result *res, int log, cJSON **ret_json)
{
	autofree char *path = keep_log(ctl, args, res, log);
	cJSON *json;

	*ret_json = NULL;
	if (ctl->format == CTL_TEXT) {
		text_restored(args, res);
		if (path)
			out_line(stdout, "criu's log: %s", path);
		return out_flush(ctl, WHAT, CTL_DONE);
	}
	json = json_result(args, res);
	cJSON_AddNumberToObject(json, "pid", fdb_result_pid(res));
	out_json_text(json, "log", path);
	if (args->wait) {
		*ret_json = json;
		return CTL_DONE;
	}
	cJSON_AddStringToObject(json, "outcome", "restored");
	out_json(ctl, json);
	return out_flush(ctl, WHAT, CTL_DONE);
}

int restore_report_failure(const struct ctl *ctl, const struct restore_args *args,
	const struct fdb_result *res, int log)
{
	autofree char *path = keep_log(ctl, args, res, log);
	char refused[80];
	struct out_error e = {
		.exit = out_exit_of(fdb_result_code(res)),
		.code = fdb_code_name(fdb_result_code(res)),
		.field = fdb_result_field(res),
		.text = fdb_result_text(res),
		.sys = fdb_result_errno(res),
		.reason = fdb_result_reason(res),
		.hint = fdb_result_hint(res),
		.log = path,
		.job = log >= 0 && !ctl->local ? fdb_result_job(res) : 0,
	};

	/* One problem alone is the text of the failure itself; of more that one would be told twice. */
	if (ctl->format == CTL_TEXT && fdb_result_n_problems(res) > 1) {
		unsigned errors = text_problems(res);

		if (e.exit == CTL_REFUSED && errors > 0) {
			snprintf(refused, sizeof(refused),
				"refused, for %u error%s; nothing was started", errors,
				errors == 1 ? "" : "s");
			e.text = refused;
			e.field = NULL;
		}
	}
	if (ctl->verbose && log >= 0) {
		out_line(stderr, "the last lines of criu's log:");
		logfile_tail(stderr, log, TAIL_LINES);
	}
	return out_error(ctl, WHAT, &e, ctl->format == CTL_TEXT ? NULL : json_result(args, res));
}

int restore_report_cancelled(const struct ctl *ctl, const struct restore_args *args,
	const struct fdb_result *res, int sig, int tasks)
{
	char words[WORDS_SIZE], text[WORDS_SIZE + 64];
	struct out_error e = { .exit = CTL_CANCELLED, .code = "CANCELLED", .text = text };

	if (fdb_result_cleanup(res) == FDB_CLEANUP_NONE)
		snprintf(text, sizeof(text),
			"interrupted by SIG%s: cancelled before criu was started",
			sigabbrev_np(sig));
	else
		snprintf(text, sizeof(text), "interrupted by SIG%s: %s", sigabbrev_np(sig),
			words_cleanup(words, fdb_result_cleanup(res), tasks));
	return out_error(ctl, WHAT, &e, ctl->format == CTL_TEXT ? NULL : json_result(args, res));
}

int restore_report_end(const struct ctl *ctl, const struct fdb_job *job, cJSON *json)
{
	char words[WORDS_SIZE], text[WORDS_SIZE + 64], age[FIGURE_SIZE];
	int status = words_shell_status(job);
	const struct fdb_result *res = fdb_job_result(job);

	snprintf(text, sizeof(text), "task %d %s", res ? (int)fdb_result_pid(res) : 0,
		words_end(words, job));
	if (status < 0)
		return out_error(
			ctl, WHAT, &(struct out_error){ .exit = CTL_FAILED, .text = text }, json);
	if (json) {
		out_json_text(json, "outcome", words_outcome_code(job));
		job_json_end(json, job);
		out_json(ctl, json);
	} else {
		out_line(stdout, "ended: %s, %s after the job was accepted", text,
			figure_age(age, fdb_job_age_us(job)));
	}
	return out_flush(ctl, WHAT, status);
}

int restore_report_detached(const struct ctl *ctl, uint64_t job)
{
	cJSON *json;

	if (ctl->format == CTL_TEXT) {
		out_line(stdout, "%llu", (ull)job);
	} else {
		json = cJSON_CreateObject();
		out_json_number(json, "job", job);
		cJSON_AddStringToObject(json, "outcome", "accepted");
		out_json(ctl, json);
	}
	return out_flush(ctl, WHAT, CTL_DONE);
}

int restore_report_left(const struct ctl *ctl, enum restore_left how, int sig, uint64_t job)
{
	static const char *const texts[] = {
		[RESTORE_LEFT_CARRYING_ON] = "the broker carries on with job",
		[RESTORE_LEFT_CANCELLING] = "the broker goes on cancelling job",
		[RESTORE_LEFT_ALONE] = "there is no broker now that could cancel job",
		[RESTORE_LEFT_RUNNING] = "the restored tree runs on, as job",
	};
	struct out_error e = { .exit = CTL_CANCELLED, .code = "INTERRUPTED" };
	char text[160], hint[160];

	snprintf(text, sizeof(text), "interrupted by SIG%s; %s %llu", sigabbrev_np(sig), texts[how],
		(ull)job);
	snprintf(hint, sizeof(hint), "fdbroker-ctl %s %llu",
		how == RESTORE_LEFT_RUNNING ? "wait" : "show", (ull)job);
	e.text = text;
	/* Nobody can ask a private broker. */
	e.hint = ctl->local ? NULL : hint;
	return out_error(ctl, WHAT, &e, NULL);
}

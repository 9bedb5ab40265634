/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See job_json.h. */
#include "job_json.h"

#include <signal.h>

#include "words.h"
#include "output.h"

/* ---- results ---- */

void job_json_problems(cJSON *json, const struct fdb_result *res)
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
	if (fdb_result_problems_left_out(res))
		out_json_number(json, "problems_left_out", fdb_result_problems_left_out(res));
}

void job_json_stages(cJSON *json, const struct fdb_result *res)
{
	cJSON *list = cJSON_AddArrayToObject(json, "stages");
	uint64_t before = 0;

	for (size_t i = 0; i < fdb_result_n_stages(res); i++) {
		const struct fdb_event *ev = fdb_result_stage(res, i);
		cJSON *one = cJSON_CreateObject();
		char name[WORDS_SIZE];

		out_json_text(one, "stage", words_stage(name, ev));
		out_json_number(one, "at_us", fdb_event_at_us(ev));
		out_json_number(one, "took_us", fdb_event_at_us(ev) - before);
		before = fdb_event_at_us(ev);
		cJSON_AddItemToArray(list, one);
	}
}

void job_json_statistics(cJSON *json, const struct fdb_result *res)
{
	cJSON *one;

	if (!fdb_result_has_statistics(res))
		return;
	one = cJSON_AddObjectToObject(json, "statistics");
	out_json_number(one, "pages_compared", fdb_result_pages_compared(res));
	out_json_number(one, "pages_skipped_cow", fdb_result_pages_skipped_cow(res));
	out_json_number(one, "pages_restored", fdb_result_pages_restored(res));
	out_json_number(one, "forking_us", fdb_result_forking_us(res));
	out_json_number(one, "restore_us", fdb_result_restore_us(res));
}

void job_json_cleanup(cJSON *json, const struct fdb_result *res)
{
	if (fdb_result_cleanup(res) == FDB_CRIU_CLEANED_UP)
		out_json_text(json, "cleanup", "criu-cleaned-up");
	else if (fdb_result_cleanup(res) == FDB_TREE_KILLED)
		out_json_text(json, "cleanup", "tree-killed");
}

static void error(cJSON *json, const struct fdb_result *res)
{
	cJSON *one = cJSON_AddObjectToObject(json, "error");

	out_json_text(one, "code", fdb_code_name(fdb_result_code(res)));
	if (fdb_result_field(res)[0])
		out_json_text(one, "field", fdb_result_field(res));
	out_json_text(one, "text", fdb_result_text(res));
	if (fdb_result_errno(res))
		cJSON_AddNumberToObject(one, "errno", fdb_result_errno(res));
	if (fdb_result_reason(res)[0])
		out_json_text(one, "reason", fdb_result_reason(res));
	if (fdb_result_hint(res)[0])
		out_json_text(one, "hint", fdb_result_hint(res));
}

static void result(cJSON *json, const struct fdb_result *res)
{
	if (fdb_result_success(res)) {
		if (fdb_result_pid(res))
			cJSON_AddNumberToObject(json, "pid", fdb_result_pid(res));
	} else {
		error(json, res);
	}
	if (fdb_result_n_numbers(res)) {
		cJSON *list = cJSON_AddArrayToObject(json, "numbers");

		for (size_t i = 0; i < fdb_result_n_numbers(res); i++)
			cJSON_AddItemToArray(list, cJSON_CreateNumber(fdb_result_number(res, i)));
	}
	if (fdb_result_n_problems(res))
		job_json_problems(json, res);
	if (fdb_result_n_stages(res))
		job_json_stages(json, res);
	if (fdb_result_total_us(res))
		out_json_number(json, "total_us", fdb_result_total_us(res));
	job_json_statistics(json, res);
	job_json_cleanup(json, res);
}

/* ---- jobs ---- */

static void transitions(cJSON *json, const struct fdb_job *job)
{
	cJSON *list;

	if (!fdb_job_n_transitions(job))
		return;
	list = cJSON_AddArrayToObject(json, "transitions");
	for (size_t i = 0; i < fdb_job_n_transitions(job); i++) {
		cJSON *one = cJSON_CreateObject();

		out_json_text(one, "state", words_state(fdb_job_transition_state(job, i)));
		out_json_number(one, "at_us", fdb_job_transition_at_us(job, i));
		cJSON_AddItemToArray(list, one);
	}
}

void job_json_end(cJSON *json, const struct fdb_job *job)
{
	char text[WORDS_SIZE];
	cJSON *one;

	if (fdb_job_end(job) == FDB_END_NONE)
		return;
	one = cJSON_AddObjectToObject(json, "end");
	cJSON_AddBoolToObject(one, "known", fdb_job_end(job) != FDB_END_UNKNOWN);
	if (fdb_job_end(job) == FDB_END_EXITED)
		cJSON_AddNumberToObject(one, "exit_code", fdb_job_exit_code(job));
	if (fdb_job_end(job) == FDB_END_SIGNAL) {
		cJSON_AddNumberToObject(one, "signal", fdb_job_signal(job));
		out_json_text(one, "signal_name", words_signal(text, fdb_job_signal(job)));
		cJSON_AddBoolToObject(one, "core_dumped", fdb_job_core_dumped(job));
	}
	if (words_shell_status(job) >= 0)
		cJSON_AddNumberToObject(one, "status", words_shell_status(job));
	if (!fdb_job_has_usage(job))
		return;
	out_json_number(one, "user_us", fdb_job_user_us(job));
	out_json_number(one, "system_us", fdb_job_system_us(job));
	out_json_number(one, "max_rss_kib", fdb_job_max_rss_kib(job));
	out_json_number(one, "minor_faults", fdb_job_minor_faults(job));
	out_json_number(one, "major_faults", fdb_job_major_faults(job));
}

/* How far it is, while it is under way. */
static void progress(cJSON *json, const struct fdb_job *job)
{
	if (fdb_job_position(job))
		out_json_number(json, "position", fdb_job_position(job));
	if (fdb_job_tasks(job) >= 0)
		cJSON_AddNumberToObject(json, "tasks", fdb_job_tasks(job));
	if (fdb_job_tasks_made(job) >= 0)
		cJSON_AddNumberToObject(json, "tasks_made", fdb_job_tasks_made(job));
}

cJSON *job_json(const struct fdb_job *job)
{
	cJSON *json = cJSON_CreateObject();
	char user[WORDS_SIZE];

	out_json_number(json, "job", fdb_job_number(job));
	out_json_text(json, "state", words_state(fdb_job_state(job)));
	out_json_text(json, "outcome", words_outcome_code(job));
	out_json_number(json, "uid", fdb_job_uid(job));
	out_json_text(json, "user", words_user(user, fdb_job_uid(job)));
	if (fdb_job_client_pid(job))
		cJSON_AddNumberToObject(json, "client_pid", fdb_job_client_pid(job));
	out_json_number(json, "accepted_us", fdb_job_accepted_us(job));
	out_json_number(json, "age_us", fdb_job_age_us(job));
	if (fdb_job_deadline_ms(job))
		out_json_number(json, "deadline_ms", fdb_job_deadline_ms(job));
	out_json_text(json, "when_client_gone",
		fdb_job_when_client_gone(job) == FDB_CARRY_ON ? "carry-on" : "cancel");
	progress(json, job);
	if (fdb_job_result(job))
		result(json, fdb_job_result(job));
	transitions(json, job);
	job_json_end(json, job);
	cJSON_AddBoolToObject(json, "log_kept", fdb_job_has_log(job));
	if (fdb_job_has_log(job))
		out_json_number(json, "log_bytes", fdb_job_log_bytes(job));
	cJSON_AddBoolToObject(json, "recovered", fdb_job_recovered(job));
	return json;
}

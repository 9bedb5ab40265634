/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results as their users see them. Who fills them in: convert.c. */
#include "base/cleanup.h"
#include "event.h"

void fdb_result_free(struct fdb_result *res)
{
	if (!res)
		return;
	for (size_t i = 0; i < res->n_stages; i++)
		fdb_event_free(res->stages[i]);
	free(res->stages);
	for (size_t i = 0; i < res->n_problems; i++) {
		free(res->problems[i].code);
		free(res->problems[i].text);
	}
	free(res->problems);
	free(res->numbers);
	cleanup_fd(&res->pidfd);
	cleanup_fd(&res->log);
	free(res);
}

uint64_t fdb_result_job(const struct fdb_result *res)
{
	return res->job;
}

bool fdb_result_success(const struct fdb_result *res)
{
	return res->success;
}

enum fdb_code fdb_result_code(const struct fdb_result *res)
{
	return (enum fdb_code)res->err.code;
}

int fdb_result_errno(const struct fdb_result *res)
{
	return res->err.sys;
}

const char *fdb_result_field(const struct fdb_result *res)
{
	return res->err.field;
}

const char *fdb_result_text(const struct fdb_result *res)
{
	return res->err.text;
}

const char *fdb_result_reason(const struct fdb_result *res)
{
	return res->advice.reason;
}

const char *fdb_result_hint(const struct fdb_result *res)
{
	return res->advice.hint;
}

pid_t fdb_result_pid(const struct fdb_result *res)
{
	return res->pid;
}

int fdb_result_pidfd(const struct fdb_result *res)
{
	return res->pidfd;
}

int fdb_result_take_pidfd(struct fdb_result *res)
{
	return TAKE_FD(res->pidfd);
}

int fdb_result_log(const struct fdb_result *res)
{
	return res->log;
}

int fdb_result_take_log(struct fdb_result *res)
{
	return TAKE_FD(res->log);
}

size_t fdb_result_n_numbers(const struct fdb_result *res)
{
	return res->n_numbers;
}

int fdb_result_number(const struct fdb_result *res, size_t i)
{
	return i < res->n_numbers ? res->numbers[i] : -1;
}

size_t fdb_result_n_stages(const struct fdb_result *res)
{
	return res->n_stages;
}

const struct fdb_event *fdb_result_stage(const struct fdb_result *res, size_t i)
{
	return i < res->n_stages ? res->stages[i] : NULL;
}

uint64_t fdb_result_total_us(const struct fdb_result *res)
{
	return res->total_us;
}

enum fdb_cleanup fdb_result_cleanup(const struct fdb_result *res)
{
	return res->cleanup;
}

bool fdb_result_has_statistics(const struct fdb_result *res)
{
	return res->has_statistics;
}

uint64_t fdb_result_pages_compared(const struct fdb_result *res)
{
	return res->pages_compared;
}

uint64_t fdb_result_pages_skipped_cow(const struct fdb_result *res)
{
	return res->pages_skipped_cow;
}

uint64_t fdb_result_pages_restored(const struct fdb_result *res)
{
	return res->pages_restored;
}

uint64_t fdb_result_forking_us(const struct fdb_result *res)
{
	return res->forking_us;
}

uint64_t fdb_result_restore_us(const struct fdb_result *res)
{
	return res->restore_us;
}

size_t fdb_result_n_problems(const struct fdb_result *res)
{
	return res->n_problems;
}

const char *fdb_result_problem_code(const struct fdb_result *res, size_t i)
{
	return i < res->n_problems ? res->problems[i].code : NULL;
}

bool fdb_result_problem_is_error(const struct fdb_result *res, size_t i)
{
	return i < res->n_problems && res->problems[i].error;
}

int fdb_result_problem_mapping(const struct fdb_result *res, size_t i)
{
	return i < res->n_problems ? res->problems[i].mapping : -1;
}

const char *fdb_result_problem_text(const struct fdb_result *res, size_t i)
{
	return i < res->n_problems ? res->problems[i].text : NULL;
}

uint32_t fdb_result_problems_left_out(const struct fdb_result *res)
{
	return res->problems_left_out;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A label and what there is to say, line by line. See job_view.h. */
#include "job_view.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "figures.h"
#include "line.h"
#include "text.h"
#include "words.h"

#define INDENT 11 /* columns of a label, with the blanks behind it */

typedef unsigned long long ull; /* of printf */

struct view {
	struct line line;
	FILE *f;
};

static void field(struct view *v, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void field(struct view *v, const char *label, const char *fmt, ...)
{
	autofree char *raw = NULL, *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&raw, fmt, ap);
	va_end(ap);
	if (n < 0)
		raw = NULL; /* vasprintf() leaves it undefined */
	text = raw ? text_printable(raw) : NULL;
	if (!text) {
		v->line.failed = true;
		return;
	}
	line_put(&v->line, LINE_BOLD, label);
	line_wrap(&v->line, INDENT, text, v->f);
}

/* ---- what it is ---- */

static void put_head(struct view *v, const struct fdb_job *job)
{
	const char *state = words_state(fdb_job_state(job));
	char text[WORDS_SIZE], number[32];

	line_put(&v->line, LINE_BOLD, "job");
	line_pad(&v->line, INDENT);
	snprintf(number, sizeof(number), "%llu: ", (ull)fdb_job_number(job));
	line_put(&v->line, LINE_PLAIN, number);
	line_put(&v->line, words_style(job), state);
	line_end(&v->line, v->f);
	if (fdb_job_client_pid(job))
		field(v, "user", "%s, the client's pid was %d", words_user(text, fdb_job_uid(job)),
			(int)fdb_job_client_pid(job));
	else
		field(v, "user", "%s", words_user(text, fdb_job_uid(job)));
}

static void put_times(struct view *v, const struct fdb_job *job)
{
	char moment[FIGURE_SIZE], age[FIGURE_SIZE], limit[FIGURE_SIZE];

	figure_age(age, fdb_job_age_us(job));
	field(v, "accepted", "%s; %s%s", figure_moment(moment, fdb_job_accepted_us(job)), age,
		fdb_job_state(job) == FDB_JOB_ENDED ? " until its end" : " ago");
	if (fdb_job_deadline_ms(job))
		field(v, "deadline", "%s for the restore",
			figure_age(limit, (uint64_t)fdb_job_deadline_ms(job) * 1000));
	if (fdb_job_when_client_gone(job) == FDB_CARRY_ON)
		field(v, "client", "the restore goes on without it");
	if (fdb_job_recovered(job))
		field(v, "note", "the broker has been started anew since it was accepted");
}

static void put_progress(struct view *v, const struct fdb_job *job)
{
	char place[FIGURE_SIZE];

	if (fdb_job_position(job))
		field(v, "queue", "%s", figure_place(place, fdb_job_position(job)));
	if (fdb_job_tasks_made(job) >= 0 && fdb_job_tasks(job) >= 0)
		field(v, "tasks", "%d of %d made", fdb_job_tasks_made(job), fdb_job_tasks(job));
	else if (fdb_job_tasks(job) >= 0)
		field(v, "tasks", "%d in the images", fdb_job_tasks(job));
}

/* ---- what has become of it ---- */

static void put_failure(struct view *v, const struct fdb_result *res)
{
	const char *reason = fdb_result_reason(res);
	char text[WORDS_SIZE];

	field(v, "failed", "%s", fdb_result_text(res));
	field(v, "", "(%s%s%s%s%s)", fdb_code_name(fdb_result_code(res)), reason[0] ? ", " : "",
		reason, fdb_result_field(res)[0] ? ", " : "", fdb_result_field(res));
	if (fdb_result_hint(res)[0])
		field(v, "hint", "%s", fdb_result_hint(res));
	field(v, "cleanup", "%s", words_cleanup(text, fdb_result_cleanup(res), -1));
}

static void put_numbers(struct view *v, const struct fdb_result *res)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	if (!fdb_result_n_numbers(res))
		return;
	f = open_memstream(&text, &size);
	if (!f) {
		v->line.failed = true;
		return;
	}
	for (size_t i = 0; i < fdb_result_n_numbers(res); i++)
		fprintf(f, " %d", fdb_result_number(res, i));
	fclose(f);
	field(v, "mappings", "criu's descriptors, in their order:%s", text);
	free(text);
}

static void put_statistics(struct view *v, const struct fdb_result *res)
{
	char forking[FIGURE_SIZE], restore[FIGURE_SIZE];

	if (!fdb_result_has_statistics(res))
		return;
	field(v, "criu", "%llu pages restored, %llu compared, %llu of these shared with the parent",
		(ull)fdb_result_pages_restored(res), (ull)fdb_result_pages_compared(res),
		(ull)fdb_result_pages_skipped_cow(res));
	field(v, "", "all tasks made after %s, all restored after %s",
		figure_took(forking, fdb_result_forking_us(res)),
		figure_took(restore, fdb_result_restore_us(res)));
}

static void put_result(struct view *v, const struct fdb_result *res)
{
	char took[FIGURE_SIZE];

	figure_took(took, fdb_result_total_us(res));
	if (!fdb_result_success(res))
		put_failure(v, res);
	else if (fdb_result_pid(res))
		field(v, "restored", "as task %d, after %s", (int)fdb_result_pid(res), took);
	else
		field(v, "restored", "after %s", took);
	put_numbers(v, res);
	for (size_t i = 0; i < fdb_result_n_problems(res); i++)
		field(v, fdb_result_problem_is_error(res, i) ? "error" : "warning", "%s (%s)",
			fdb_result_problem_text(res, i), fdb_result_problem_code(res, i));
	if (fdb_result_problems_left_out(res))
		field(v, "", "and %u more problems", (unsigned)fdb_result_problems_left_out(res));
	put_statistics(v, res);
}

static void put_end(struct view *v, const struct fdb_job *job)
{
	char text[WORDS_SIZE], user[FIGURE_SIZE], system[FIGURE_SIZE], most[FIGURE_SIZE];

	if (fdb_job_end(job) == FDB_END_NONE)
		return;
	field(v, "end", "the root task %s", words_end(text, job));
	if (fdb_job_has_usage(job))
		field(v, "used",
			"%s of CPU in user mode, %s in the kernel, %s of memory at most, %llu page "
			"faults, %llu of them from disk",
			figure_took(user, fdb_job_user_us(job)),
			figure_took(system, fdb_job_system_us(job)),
			figure_bytes(most, fdb_job_max_rss_kib(job) * 1024),
			(ull)fdb_job_minor_faults(job) + fdb_job_major_faults(job),
			(ull)fdb_job_major_faults(job));
}

/* ---- its history: states and criu's notifications, as they happened ---- */

static void put_moment(struct view *v, bool first, uint64_t at_us, const char *what)
{
	char took[FIGURE_SIZE];

	field(v, first ? "history" : "", "%10s  %s", figure_took(took, at_us), what);
}

static void put_history(struct view *v, const struct fdb_job *job)
{
	const struct fdb_result *res = fdb_job_result(job);
	size_t n_stages = res ? fdb_result_n_stages(res) : 0, stage = 0;
	char text[WORDS_SIZE];

	for (size_t i = 0; i < fdb_job_n_transitions(job); i++) {
		uint64_t at_us = fdb_job_transition_at_us(job, i);

		/* Other stages are states, too. */
		for (; stage < n_stages; stage++) {
			const struct fdb_event *ev = fdb_result_stage(res, stage);

			if (fdb_event_at_us(ev) >= at_us)
				break;
			if (fdb_event_notification(ev)[0])
				put_moment(v, i == 0, fdb_event_at_us(ev), words_stage(text, ev));
		}
		put_moment(v, i == 0, at_us, words_state(fdb_job_transition_state(job, i)));
	}
}

int job_view_print(const struct fdb_job *job, const struct screen *screen, FILE *f)
{
	struct view v = { .line = { .screen = screen }, .f = f };
	char bytes[FIGURE_SIZE];
	bool failed;

	put_head(&v, job);
	put_times(&v, job);
	put_progress(&v, job);
	if (fdb_job_result(job))
		put_result(&v, fdb_job_result(job));
	put_end(&v, job);
	if (fdb_job_has_log(job) && fdb_job_log_bytes(job))
		field(&v, "log", "%s: fdbroker-ctl log %llu",
			figure_bytes(bytes, fdb_job_log_bytes(job)), (ull)fdb_job_number(job));
	else if (fdb_job_has_log(job))
		field(&v, "log", "being written: fdbroker-ctl log -f %llu",
			(ull)fdb_job_number(job));
	put_history(&v, job);
	failed = v.line.failed;
	line_done(&v.line);
	return failed ? -ENOMEM : 0;
}

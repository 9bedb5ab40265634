/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OpenMetrics text. See metrics_text.h. The rules that matter here: a family is one block, its TYPE, UNIT and HELP
 * first; its name ends in its unit; samples of counters end in _total, the family does not; buckets count all that is
 * not longer, rise, and end in +Inf; bounds are floats, so "1.0"; "# EOF" ends it all.
 */
#include "service/metrics_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define US_PER_S 1000000

/* ---- pieces ---- */

/* @unit: NULL: none */
static void family(FILE *f, const char *name, const char *type, const char *unit, const char *help)
{
	fprintf(f, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(f, "# UNIT %s %s\n", name, unit);
	fprintf(f, "# HELP %s %s\n", name, help);
}

static void label_value(FILE *f, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", f);
		else if (*value == '"' || *value == '\\')
			fprintf(f, "\\%c", *value);
		else
			fputc(*value, f);
	}
}

/* Microseconds as seconds, with what is needed after the point and at least one digit. */
static void seconds(FILE *f, uint64_t us)
{
	unsigned rest = (unsigned)(us % US_PER_S), digits = 6;

	while (digits > 1 && rest % 10 == 0) {
		rest /= 10;
		digits--;
	}
	fprintf(f, "%" PRIu64 ".%0*u", us / US_PER_S, (int)digits, rest);
}

static void labelled(
	FILE *f, const char *name, const char *label, const char *value, uint64_t number)
{
	fprintf(f, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, number);
}

/* ---- what is counted ---- */

/* Codes that have not come yet are there with 0: else the first one would be no rise. */
static void by_code(FILE *f, const char *sample, const uint64_t *counts, const char *none)
{
	if (none)
		labelled(f, sample, "code", none, counts[ERR_NONE]);
	for (int code = ERR_NONE + 1; code < ERR_CODES; code++)
		labelled(f, sample, "code", err_code_name(code), counts[code]);
}

static void counters(FILE *f, const struct metrics *m)
{
	family(f, "fdbroker_restores_accepted", "counter", NULL,
		"Restores that were accepted; each comes to a result.");
	fprintf(f, "fdbroker_restores_accepted_total %" PRIu64 "\n", m->accepted);
	family(f, "fdbroker_restores", "counter", NULL,
		"Results of restores, by code; OK: restored.");
	by_code(f, "fdbroker_restores_total", m->outcomes, "OK");
	family(f, "fdbroker_refusals", "counter", NULL,
		"Calls, packets and connections that were answered with an error, by its code.");
	by_code(f, "fdbroker_refusals_total", m->refused, NULL);
	family(f, "fdbroker_trees_ended", "counter", NULL,
		"Restored trees whose root task has ended, by how.");
	for (int end = 0; end < METRICS_ENDS; end++)
		labelled(f, "fdbroker_trees_ended_total", "how",
			metrics_end_name((enum metrics_end)end), m->ends[end]);
	family(f, "fdbroker_watch_events_lost", "counter", NULL,
		"Events that clients have missed which watch jobs and read too slowly.");
	fprintf(f, "fdbroker_watch_events_lost_total %" PRIu64 "\n", m->events_lost);
}

static void histogram(FILE *f, const char *name, const char *label, const char *value,
	const struct metrics_times *times)
{
	uint64_t n = 0;

	for (size_t i = 0; i < METRICS_BUCKETS; i++) {
		n += times->buckets[i];
		fprintf(f, "%s_bucket{%s=\"%s\",le=\"", name, label, value);
		seconds(f, metrics_bounds_us[i]);
		fprintf(f, "\"} %" PRIu64 "\n", n);
	}
	fprintf(f, "%s_bucket{%s=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, label, value,
		times->count);
	fprintf(f, "%s_count{%s=\"%s\"} %" PRIu64 "\n", name, label, value, times->count);
	fprintf(f, "%s_sum{%s=\"%s\"} ", name, label, value);
	seconds(f, times->sum_us);
	fputc('\n', f);
}

static void times(FILE *f, const struct metrics *m)
{
	static const char stage[] = "fdbroker_restore_stage_seconds";
	static const char total[] = "fdbroker_restore_seconds";

	family(f, total, "histogram", "seconds",
		"From the acceptance of a restore to its result, by outcome.");
	histogram(f, total, "outcome", "restored", &m->restored);
	histogram(f, total, "outcome", "failed", &m->failed);
	family(f, stage, "histogram", "seconds",
		"Time of each stage of a restore that came to its end.");
	for (int i = 0; i < METRICS_STAGES; i++)
		histogram(f, stage, "stage", metrics_stage_name((enum metrics_stage)i),
			&m->stages[i]);
}

/* ---- what there is ---- */

static const struct gauge {
	const char *name;  /* NULL: another label value of the one before */
	const char *unit;  /* NULL: none */
	const char *label; /* as it stands in braces; NULL: none */
	size_t offset;     /* in struct metrics_now */
	const char *help;
} gauges[] = {
#define NOW(member) offsetof(struct metrics_now, member)
	{ "fdbroker_restores_under_way", NULL, NULL, NOW(under_way), "Restores without a result." },
	{ "fdbroker_restores_allowed", NULL, NULL, NOW(under_way_allowed), "MaxRestores." },
	{ "fdbroker_queue_length", NULL, "queue=\"planning\"", NOW(planners_waited_for),
		"Restores that wait, for their images to be read or for a worker." },
	{ NULL, NULL, "queue=\"workers\"", NOW(workers_waited_for), NULL },
	{ "fdbroker_planners_in_use", NULL, NULL, NOW(planners_in_use),
		"Restores whose images are being read." },
	{ "fdbroker_planners_allowed", NULL, NULL, NOW(planners_allowed), "MaxPlanners." },
	{ "fdbroker_workers_in_use", NULL, NULL, NOW(workers_in_use), "Restores that run criu." },
	{ "fdbroker_workers_allowed", NULL, NULL, NOW(workers_allowed),
		"MaxWorkers, or what the machine has room for." },
	{ "fdbroker_reports_under_way", NULL, NULL, NOW(reports),
		"Plans and inspections under way." },
	{ "fdbroker_reports_allowed", NULL, NULL, NOW(reports_allowed), "MaxReports." },
	{ "fdbroker_trees_alive", NULL, NULL, NOW(trees),
		"Restored trees of which tasks are left." },
	{ "fdbroker_sessions", NULL, NULL, NOW(sessions), "Connections." },
	{ "fdbroker_sessions_allowed", NULL, NULL, NOW(sessions_allowed), "MaxSessions." },
	{ "fdbroker_lent_descriptors", NULL, "holder=\"sessions\"", NOW(lent_to_sessions),
		"Descriptors of clients that the broker holds, for connections or for restores." },
	{ NULL, NULL, "holder=\"restores\"", NOW(lent_to_restores), NULL },
	{ "fdbroker_lent_descriptors_allowed", NULL, NULL, NOW(lent_allowed),
		"Of all connections together." },
	{ "fdbroker_kept_jobs", NULL, NULL, NOW(kept_jobs),
		"Ended jobs that can still be asked for." },
	{ "fdbroker_kept_jobs_allowed", NULL, NULL, NOW(kept_jobs_allowed), "MaxKeptJobs." },
	{ "fdbroker_kept_log_bytes", "bytes", NULL, NOW(log_bytes), "Logs of criu that are kept." },
	{ "fdbroker_kept_log_allowed_bytes", "bytes", NULL, NOW(log_bytes_allowed), "MaxLogSize." },
	{ "fdbroker_draining", NULL, NULL, NOW(draining), "1: no restores are taken." },
	{ "fdbroker_criu_usable", NULL, NULL, NOW(criu_usable),
		"1: criu is there and may be executed." },
	{ "fdbroker_warnings", NULL, NULL, NOW(warnings),
		"What fdbroker-ctl status warns of; how many." },
	{ "process_max_fds", NULL, NULL, NOW(max_fds), "Descriptors that the broker may have." },
#undef NOW
};

static void now_gauges(FILE *f, const struct metrics_now *now)
{
	const char *name = NULL;

	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
		const struct gauge *g = &gauges[i];
		uint64_t value = *(const uint64_t *)((const char *)now + g->offset);

		if (g->name)
			family(f, name = g->name, "gauge", g->unit, g->help);
		if (g->label)
			fprintf(f, "%s{%s} %" PRIu64 "\n", name, g->label, value);
		else
			fprintf(f, "%s %" PRIu64 "\n", name, value);
	}
	if (now->open_fds >= 0) {
		family(f, "process_open_fds", "gauge", NULL,
			"Descriptors that the broker has open, what is lent too.");
		fprintf(f, "process_open_fds %" PRId64 "\n", now->open_fds);
	}
}

static void users(FILE *f, const struct metrics_users *users)
{
	static const struct {
		const char *name, *unit, *help;
	} families[USERS_WHATS] = {
		[USERS_SESSIONS] = { "fdbroker_user_sessions", NULL, "Connections of a user." },
		[USERS_LENT] = { "fdbroker_user_lent_descriptors", NULL,
			"Descriptors that a user lends." },
		[USERS_JOBS] = { "fdbroker_user_restores_under_way", NULL,
			"Restores of a user without a result." },
		[USERS_KEPT] = { "fdbroker_user_kept_jobs", NULL,
			"Ended jobs of a user that can still be asked for." },
		[USERS_LOG_BYTES] = { "fdbroker_user_kept_log_bytes", "bytes",
			"Logs of criu that are kept for a user." },
		[USERS_QUEUED_BYTES] = { "fdbroker_user_unread_bytes", "bytes",
			"Messages that a user has not read yet." },
		[USERS_OWN_JOBS] = { "fdbroker_user_own_restores_under_way", NULL,
			"Restores of a user in class own without a result." },
		[USERS_OWN_TREES] = { "fdbroker_user_own_trees", NULL,
			"Restored trees of a user in class own, and restores under way." },
	};

	family(f, "fdbroker_users", "gauge", NULL, "Users who use anything now.");
	fprintf(f, "fdbroker_users %zu\n", users->n + users->left_out);
	family(f, "fdbroker_users_left_out", "gauge", NULL,
		"Users who use least, and for whom there is no room below.");
	fprintf(f, "fdbroker_users_left_out %zu\n", users->left_out);
	for (int what = 0; what < USERS_WHATS; what++) {
		family(f, families[what].name, "gauge", families[what].unit, families[what].help);
		for (size_t i = 0; i < users->n; i++)
			fprintf(f, "%s{uid=\"%u\"} %" PRIu64 "\n", families[what].name,
				(unsigned)users->list[i].uid, users->list[i].used[what]);
	}
}

static void about_us(FILE *f, const struct metrics_now *now)
{
	family(f, "fdbroker_build", "info", NULL, "The broker.");
	fputs("fdbroker_build_info{version=\"", f);
	label_value(f, now->version);
	fputs("\"} 1\n", f);
	family(f, "fdbroker_criu", "info", NULL, "The criu that restores run, and its CRIU_FAULT.");
	fputs("fdbroker_criu_info{path=\"", f);
	label_value(f, now->criu);
	fputs("\",fault=\"", f);
	label_value(f, now->fault);
	fputs("\"} 1\n", f);
	family(f, "process_start_time_seconds", "gauge", "seconds",
		"When the broker was started, since 1970-01-01 00:00 UTC.");
	fputs("process_start_time_seconds ", f);
	seconds(f, now->started_us);
	fputc('\n', f);
}

char *metrics_text(const struct metrics *m, const struct metrics_now *now)
{
	autofree char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int bad;

	if (!f)
		return NULL;
	about_us(f, now);
	counters(f, m);
	times(f, m);
	now_gauges(f, now);
	users(f, now->users);
	fputs("# EOF\n", f);
	bad = ferror(f);
	if (fclose(f) != 0 || bad)
		return NULL;
	return TAKE_PTR(text);
}

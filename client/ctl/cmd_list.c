/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `list`: which jobs are there? */
#include <string.h>

#include "dial.h"
#include "figures.h"
#include "help.h"
#include "job_json.h"
#include "line.h"
#include "options.h"
#include "output.h"
#include "pager.h"
#include "table.h"
#include "words.h"

#define WHAT "list"

/* What has ended longer ago is not recent. */
#define RECENT_US ((uint64_t)3600 * 1000000)

enum { OPT_STATE = OPTIONS_OWN, OPT_USER, OPT_ALL };

struct list {
	unsigned states; /* FDB_STATE() of each; 0: all */
	uid_t uid;       /* FDB_ANY_USER: all */
	bool all;
	uint64_t now_us; /* since 1970 */
};

/* ---- which ---- */

/* An age does not grow when the job has ended: accepted + age is when that was. */
static bool shown(const struct list *l, const struct fdb_job *job)
{
	return l->all || l->states || fdb_job_state(job) != FDB_JOB_ENDED ||
	       fdb_job_accepted_us(job) + fdb_job_age_us(job) + RECENT_US > l->now_us;
}

/* "queued,running" */
static int take_states(const struct ctl *ctl, const char *words, unsigned *ret)
{
	while (*words) {
		size_t n = strcspn(words, ",");
		char word[16] = "";
		enum fdb_job_state state;

		if (n < sizeof(word))
			memcpy(word, words, n);
		state = words_to_state(word);
		if (!state)
			return out_usage(ctl, WHAT,
				"--state is accepted, planned, queued, starting, restoring, ending, "
				"running or ended, not '%.*s'",
				(int)n, words);
		*ret |= FDB_STATE(state);
		words += n + (words[n] == ',');
	}
	return 0;
}

/* ---- how ---- */

/* What there is to say besides the state. */
static const char *outcome(char *buf, const struct fdb_job *job)
{
	char place[FIGURE_SIZE];

	if (fdb_job_position(job))
		snprintf(buf, WORDS_SIZE, "%s in the queue",
			figure_place(place, fdb_job_position(job)));
	else if (fdb_job_tasks_made(job) >= 0 && fdb_job_tasks(job) >= 0)
		snprintf(buf, WORDS_SIZE, "%d of %d task%s", fdb_job_tasks_made(job),
			fdb_job_tasks(job), fdb_job_tasks(job) == 1 ? "" : "s");
	else
		words_outcome(buf, job);
	return buf;
}

static void put_row(struct table *t, const struct fdb_job *job, uint64_t now_us)
{
	const struct fdb_result *res = fdb_job_result(job);
	int pid = res && fdb_job_state(job) == FDB_JOB_RUNNING ? (int)fdb_result_pid(res) : 0;
	char text[WORDS_SIZE], when[FIGURE_SIZE];
	unsigned style = words_style(job);

	table_cellf(t, LINE_PLAIN, "%llu", (unsigned long long)fdb_job_number(job));
	table_cell(t, style, words_state(fdb_job_state(job)));
	table_cell(t, LINE_PLAIN, words_user(text, fdb_job_uid(job)));
	if (pid)
		table_cellf(t, LINE_PLAIN, "%d", pid);
	else
		table_cell(t, LINE_PLAIN, "-");
	table_cell(t, LINE_PLAIN, figure_when(when, fdb_job_accepted_us(job), now_us));
	table_cell(t, LINE_PLAIN, figure_age(when, fdb_job_age_us(job)));
	table_cell(t, style, outcome(text, job));
}

static int print_text(const struct ctl *ctl, const struct list *l, const struct fdb_job_list *jobs,
	const struct screen *screen)
{
	static const struct table_column columns[] = { { "JOB", true, false },
		{ "STATE", false, false }, { "USER", false, true }, { "PID", true, false },
		{ "ACCEPTED", true, false }, { "LASTED", true, false },
		{ "OUTCOME", false, true } };
	struct table t = { .columns = columns, .n_columns = sizeof(columns) / sizeof(columns[0]) };
	size_t n = 0, all = fdb_job_list_n(jobs);
	int r;

	for (size_t i = 0; i < all; i++) {
		if (!shown(l, fdb_job_list_get(jobs, i)))
			continue;
		put_row(&t, fdb_job_list_get(jobs, i), l->now_us);
		n++;
	}
	r = table_print(&t, screen, !ctl->no_legend && n, stdout);
	if (!ctl->no_legend && n)
		out_line(stdout, "%s", "");
	if (!ctl->no_legend)
		out_line(stdout, n == 1 ? "1 job." : n ? "%zu jobs." : "No jobs.", n);
	if (!ctl->no_legend && n < all)
		out_line(stdout, "%zu more ended over an hour ago: --all.", all - n);
	table_done(&t);
	return r;
}

static int print_json(const struct ctl *ctl, const struct list *l, const struct fdb_job_list *jobs)
{
	cJSON *json = cJSON_CreateArray();

	for (size_t i = 0; i < fdb_job_list_n(jobs); i++)
		if (shown(l, fdb_job_list_get(jobs, i)))
			cJSON_AddItemToArray(json, job_json(fdb_job_list_get(jobs, i)));
	out_json(ctl, json);
	return 0;
}

static int list(struct ctl *ctl, struct fdb_client *c, void *arg)
{
	const struct list *l = arg;
	struct fdb_job_list *jobs;
	struct screen screen;
	struct pager pager;
	int r;

	if (fdb_list(c, l->states, l->uid, CTL_WAIT_MS, &jobs) < 0)
		return out_client_error(ctl, WHAT, c);
	pager_begin(&pager, ctl, &screen);
	r = ctl->format == CTL_TEXT ? print_text(ctl, l, jobs, &screen) : print_json(ctl, l, jobs);
	pager_end(&pager);
	fdb_job_list_free(jobs);
	if (r < 0)
		return out_error(ctl, WHAT,
			&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
	return out_flush(ctl, WHAT, CTL_DONE);
}

/* ---- all of it ---- */

static int take(const struct ctl *ctl, struct list *l, int val)
{
	switch (val) {
	case OPT_STATE:
		return take_states(ctl, optarg, &l->states);
	case OPT_USER:
		if (words_to_user(optarg, &l->uid) == 0)
			return 0;
		return out_usage(ctl, WHAT, "--user: there is no user '%s'", optarg);
	case OPT_ALL:
		l->all = true;
		return 0;
	default:
		return CTL_USAGE;
	}
}

int cmd_list(struct ctl *ctl, int argc, char **argv)
{
	struct list l = { .uid = FDB_ANY_USER, .now_us = figure_now() };
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	options_add(&o, "state", required_argument, OPT_STATE);
	options_add(&o, "user", required_argument, OPT_USER);
	options_add(&o, "all", no_argument, OPT_ALL);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		if (val == OPTIONS_HELP)
			return help_show(WHAT);
		code = take(ctl, &l, val);
		if (code != 0)
			return code;
	}
	if (options_too_many(&o, argc, argv))
		return CTL_USAGE;
	code = dial_only_running(ctl, WHAT);
	return code ? code : dial_and(ctl, WHAT, list, &l);
}

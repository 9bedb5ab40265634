/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Verdict, table of mappings, problems, needs: in this order. See plan_view.h. */
#include "plan_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/printable.h"
#include "line.h"
#include "needs_view.h"
#include "plan/describe.h"

#define NAME_WIDTH   16 /* of the column of lent names, at most */
#define TARGET_WIDTH 30
#define INDENT       4
/* More descriptors are counted, not listed. */
#define MAX_LISTED   64

struct shown {
	const struct plan *p;
	const struct plan_request *r;
	FILE *out;
	struct line line;
	unsigned target, name; /* widths of columns */
	unsigned listed;       /* of the list that is being written */
};

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- verdict ---- */

static void put_verdict(struct shown *s, const char *images)
{
	size_t warnings = s->p->n_problems - s->p->n_errors;
	bool good = s->p->n_errors == 0;
	char text[160], needs[48] = "", path[256];

	printable(path, sizeof(path), images, strlen(images));
	if (s->p->n_needs)
		snprintf(needs, sizeof(needs), ", %zu need%s not met", s->p->n_needs,
			plural(s->p->n_needs));
	snprintf(text, sizeof(text), ": %zu error%s, %zu warning%s%s", s->p->n_errors,
		plural(s->p->n_errors), warnings, plural(warnings), needs);
	line_put(&s->line, good ? LINE_GOOD : LINE_BAD, good ? "good" : "refused");
	line_put(&s->line, LINE_PLAIN, "  ");
	line_name(&s->line, LINE_PLAIN, path, screen_columns(text));
	line_put(&s->line, LINE_PLAIN, text);
	line_end(&s->line, s->out);
}

/* ---- mappings ---- */

static const char *target_of(const struct shown *s, size_t mapping, char *buf)
{
	return target_text(&s->r->mappings[mapping].target, buf, DESCRIBE_NAME_SIZE);
}

static void measure(struct shown *s, char *buf)
{
	for (size_t i = 0; i < s->p->n_mappings; i++) {
		char name[NAME_WIDTH + 8];
		unsigned target = screen_columns(target_of(s, i, buf));
		unsigned lent = (unsigned)strlen(printable(name, sizeof(name),
			s->r->mappings[i].name, strlen(s->r->mappings[i].name)));

		s->target = target > s->target ? target : s->target;
		s->name = lent > s->name ? lent : s->name;
	}
	s->target = s->target > TARGET_WIDTH ? TARGET_WIDTH : s->target;
	s->target = s->target < 6 ? 6 : s->target;
	s->name = s->name > NAME_WIDTH ? NAME_WIDTH : s->name;
	s->name = s->name < 4 ? 4 : s->name;
}

/* The columns: TARGET <- LENT  NUMBER  HOW  SPLIT  FILES  DESCRIPTORS  TASKS. */
static void put_columns(struct shown *s, unsigned style, const char *target, const char *arrow,
	const char *lent, const char *const rest[6])
{
	static const unsigned widths[6] = { 6, 6, 5, 5, 11, 5 };
	unsigned at = s->target + 4;

	/* A wide target has the end of its line cut, not the columns behind it. */
	if (screen_columns(target) <= s->target) {
		line_put(&s->line, style, target);
	} else {
		unsigned width = s->line.screen->width;

		line_name(&s->line, style, target, width > s->target ? width - s->target : 0);
		at = s->line.columns > s->target ? s->line.columns + 4 : at;
	}
	line_pad(&s->line, at - 3);
	line_put(&s->line, LINE_PLAIN, arrow);
	line_pad(&s->line, at);
	line_put(&s->line, style, lent);
	at += s->name + 2;
	line_pad(&s->line, at);
	for (size_t i = 0; i < 6; i++) {
		line_put(&s->line, LINE_PLAIN, rest[i]);
		at += widths[i] + 2;
		line_pad(&s->line, at);
	}
	line_end(&s->line, s->out);
}

/* One of the list: at most MAX_LISTED are written, and those that fit. */
static void put_one(struct shown *s, const char *text)
{
	if (++s->listed > MAX_LISTED)
		return;
	line_put(&s->line, LINE_PLAIN, " ");
	line_put(&s->line, LINE_PLAIN, text);
}

static void put_file(struct shown *s, const struct file *f, uint32_t *tasks)
{
	const struct graph *g = s->p->g;
	char text[32];

	for (uint32_t k = 0; k < f->n_descs && s->listed <= MAX_LISTED; k++) {
		const struct desc *d = &g->descs[g->file_descs[f->first_desc + k]];

		describe_table_tasks(g, d->table, tasks);
		for (uint32_t i = 0; i < g->tables[d->table].n_tasks; i++) {
			snprintf(text, sizeof(text), "%u.%u", g->tasks[tasks[i]].pid, d->fd);
			put_one(s, text);
		}
	}
	if (f->n_descs == 0) {
		snprintf(text, sizeof(text), "id:0x%x", f->id);
		put_one(s, text);
	}
}

/* Descriptors as "17.4 17.9"; what no descriptor is of, by its id. */
static void put_changes(struct shown *s, const struct plan_mapping *m)
{
	autofree uint32_t *tasks = malloc((s->p->g->n_tasks + 1) * sizeof(*tasks));

	s->listed = 0;
	line_pad(&s->line, INDENT);
	line_put(&s->line, LINE_DIM, "changes");
	line_put(&s->line, LINE_PLAIN, m->files.n ? "" : " the namespace that has this key");
	for (size_t i = 0; tasks && i < m->files.n && s->listed <= MAX_LISTED; i++)
		put_file(s, &s->p->g->files[m->files.files[i]], tasks);
	if (s->listed > MAX_LISTED)
		line_put(&s->line, LINE_PLAIN, " ...");
	s->line.failed = s->line.failed || !tasks;
	line_end(&s->line, s->out);
}

static void put_key(struct shown *s, const struct plan_mapping *m, char *buf)
{
	line_pad(&s->line, INDENT);
	line_put(&s->line, LINE_DIM, "by key ");
	line_name(&s->line, LINE_PLAIN, printable(buf, DESCRIBE_NAME_SIZE, m->key, strlen(m->key)),
		0);
	line_end(&s->line, s->out);
}

static void put_stays(struct shown *s, const struct plan_mapping *m)
{
	size_t max = sizeof(m->stays) / sizeof(m->stays[0]);

	if (m->n_stays == 0)
		return;
	line_pad(&s->line, INDENT);
	line_put(&s->line, LINE_DIM, "stays  ");
	for (size_t i = 0; i < m->n_stays && i < max; i++) {
		char text[32];

		line_put(&s->line, LINE_PLAIN, " ");
		line_put(&s->line, LINE_PLAIN,
			target_of_file(s->p->g, m->stays[i], text, sizeof(text)));
	}
	line_put(&s->line, LINE_PLAIN, m->n_stays > max ? " ..." : "");
	line_end(&s->line, s->out);
}

static void put_mapping(struct shown *s, size_t i, char *buf)
{
	const struct plan_mapping_in *in = &s->r->mappings[i];
	const struct plan_mapping *m = &s->p->mappings[i];
	char numbers[4][16], name[NAME_WIDTH + 8];
	const char *none[6] = { "", "-", "", "", "", "" };
	const char *rest[6] = { numbers[0], m->how == PLAN_DUP ? "dup" : "reopen",
		m->split ? "yes" : "no", numbers[1], numbers[2], numbers[3] };

	printable(name, sizeof(name), in->name, strlen(in->name));
	snprintf(numbers[0], sizeof(numbers[0]), in->target.number < 0 ? "any" : "%d",
		in->target.number);
	snprintf(numbers[1], sizeof(numbers[1]), "%zu", m->files.n);
	snprintf(numbers[2], sizeof(numbers[2]), "%u", m->n_descs);
	snprintf(numbers[3], sizeof(numbers[3]), "%u", m->n_tasks);
	none[0] = numbers[0];
	put_columns(s, LINE_BOLD, target_of(s, i, buf), "<-", name, m->key ? rest : none);
	if (!m->key)
		return;
	put_changes(s, m);
	put_stays(s, m);
	put_key(s, m, buf);
}

static void put_mappings(struct shown *s, char *buf)
{
	static const char *const heads[6] = { "NUMBER", "HOW", "SPLIT", "FILES", "DESCRIPTORS",
		"TASKS" };

	if (s->p->n_mappings == 0)
		return;
	line_end(&s->line, s->out);
	measure(s, buf);
	put_columns(s, LINE_PLAIN, "TARGET", "", "LENT", heads);
	for (size_t i = 0; i < s->p->n_mappings; i++)
		put_mapping(s, i, buf);
}

/* ---- problems ---- */

/* The text of a problem is not cut: it goes on below. */
static void put_problem(struct shown *s, const struct plan_problem *problem, char *buf)
{
	bool error = problem->level == PLAN_ERROR;

	line_put(&s->line, error ? LINE_BAD : LINE_WARN, error ? "error" : "warning");
	line_put(&s->line, LINE_PLAIN, " ");
	line_put(&s->line, LINE_BOLD, plan_code_name(problem->code));
	if (problem->mapping != NONE) {
		line_put(&s->line, LINE_PLAIN, "  ");
		line_name(&s->line, LINE_PLAIN, target_of(s, problem->mapping, buf), 0);
	}
	line_end(&s->line, s->out);
	line_wrap(&s->line, INDENT, problem->text, s->out);
	if (!error || !plan_code_acceptable(problem->code))
		return;
	line_pad(&s->line, INDENT);
	line_put(&s->line, LINE_DIM, "accepted with --at-own-risk ");
	line_put(&s->line, LINE_DIM, plan_code_name(problem->code));
	line_end(&s->line, s->out);
}

/* Errors first. */
static void put_problems(struct shown *s, char *buf)
{
	if (s->p->n_problems)
		line_end(&s->line, s->out);
	for (int level = PLAN_ERROR; level <= PLAN_WARNING; level++)
		for (size_t i = 0; i < s->p->n_problems; i++)
			if ((int)s->p->problems[i].level == level)
				put_problem(s, &s->p->problems[i], buf);
}

int plan_view_print(const struct plan *p, const struct plan_request *r, const char *images,
	const struct screen *screen, FILE *out)
{
	struct shown s = { .p = p, .r = r, .out = out, .line.screen = screen };
	autofree char *buf = malloc(DESCRIBE_NAME_SIZE);
	bool failed = !buf;

	if (buf) {
		put_verdict(&s, images);
		put_mappings(&s, buf);
		put_problems(&s, buf);
		if (p->n_needs) {
			line_end(&s.line, out);
			line_put(&s.line, LINE_BOLD, "needs");
			line_put(&s.line, LINE_PLAIN, ": not met by any mapping");
			line_end(&s.line, out);
		}
		failed = needs_print(p, screen, out) < 0 || s.line.failed;
	}
	line_done(&s.line);
	return failed ? -ENOMEM : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines of a task. Each has the same columns: what it is held by (a number, "cwd"), how it is open, the
 * mark, the kind, the name, notes. See inspect_rows.h.
 */
#include "inspect_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect_notes.h"
#include "plan/describe.h"

/* "root" needs so many columns. */
#define LEAST_LABEL 4

struct rows {
	const struct view *v;
	const char *indent;
	struct line *line;
	unsigned label, kind; /* widths of columns */
};

struct row {
	const char *label;
	uint32_t file;
	bool open; /* how it is open matters: not for directories and mapped files of tasks */
};

/* "r ", " w", "rw", "p " (O_PATH), "  ". */
static const char *access_column(uint32_t flags)
{
	const char *access = describe_access(flags);

	return access[0] == 'p'   ? "p "
	       : access[0] == 'n' ? "  "
	       : access[0] == 'w' ? " w"
	       : access[1]        ? "rw"
				  : "r ";
}

static void put_row(const struct rows *r, const struct row *row, const struct notes *notes)
{
	const struct view *v = r->v;
	char name[DESCRIBE_NAME_SIZE], mark[8];
	unsigned at, marks = view_mark_width(v), keep = screen_columns(notes->text);
	struct line *l = r->line;

	line_put(l, LINE_DIM, r->indent);
	at = l->columns + r->label;
	line_pad(l, at - screen_columns(row->label));
	line_put(l, LINE_PLAIN, row->label);
	line_pad(l, at + 1);
	line_put(l, LINE_PLAIN, row->open ? access_column(v->g->files[row->file].flags) : "");
	line_pad(l, at + 4);
	if (marks) {
		if (row->open && v->marks[row->file])
			line_put(l, LINE_MARK + v->marks[row->file],
				view_mark(mark, v->marks[row->file]));
		line_pad(l, at + 4 + marks + 2);
		at += marks + 2;
	}
	line_put(l, LINE_PLAIN, row->open ? describe_kind(v->g, row->file) : "");
	line_pad(l, at + 4 + r->kind + 2);
	describe_name(v->g, row->file, name, sizeof(name));
	line_name(l, LINE_PLAIN, name, keep ? keep + 2 : 0);
	if (keep) {
		if (name[0])
			line_put(l, LINE_PLAIN, "  ");
		line_put(l, LINE_DIM, notes->text);
	}
	line_end(l, v->out);
}

/* ---- what a task has besides descriptors ---- */

static void put_held(const struct rows *r, const char *label, uint32_t file, const char *note)
{
	const struct row row = { .label = label, .file = file };
	struct notes notes = { 0 };

	if (file == NONE)
		return;
	if (r->v->g->files[file].remapped)
		notes_add(&notes, "deleted");
	if (note[0])
		notes_add(&notes, "%s", note);
	put_row(r, &row, &notes);
}

/* A use of a mapping, to be sorted by the file's name. */
struct mapped {
	const char *name;
	uint64_t start;
	uint32_t file;
};

static int by_name(const void *a, const void *b)
{
	const struct mapped *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : x->start < y->start ? -1 : x->start > y->start;
}

static const char *name_of(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];

	return f->kind == FILE_MEMFD ? g->memfds[f->resource].name : f->name;
}

/* Each file once, however often it is mapped; the program itself is told as "exe". */
static int put_mapped(const struct rows *r, uint32_t task)
{
	const struct view *v = r->v;
	uint32_t first = v->first_uses[task], n = v->first_uses[task + 1] - first;
	uint32_t exe = v->g->tasks[task].exe;
	autofree struct mapped *list = calloc(n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct use *u = &v->g->uses[v->task_uses[first + i]];

		list[i] = (struct mapped){ name_of(v->g, u->file), u->start, u->file };
	}
	qsort(list, n, sizeof(*list), by_name);
	for (uint32_t i = 0, next; i < n; i = next) {
		char note[32] = "";

		for (next = i + 1; next < n && strcmp(list[next].name, list[i].name) == 0;)
			next++;
		if (exe != NONE && strcmp(list[i].name, v->g->files[exe].name) == 0)
			continue;
		if (next - i > 1)
			snprintf(note, sizeof(note), "%u mappings", next - i);
		put_held(r, "map", list[i].file, note);
	}
	return 0;
}

static bool is_slash(const struct graph *g, uint32_t file)
{
	return file != NONE && strcmp(g->files[file].name, "/") == 0;
}

/* ---- descriptors ---- */

static void put_in_flight(const struct rows *r, uint32_t socket, unsigned nested)
{
	const struct graph *g = r->v->g;

	for (uint32_t u = r->v->in_flight[socket]; u != NONE; u = r->v->next_use[u]) {
		const struct row row = { .label = "", .file = g->uses[u].file, .open = true };
		struct notes notes = { 0 };
		char name[32];

		notes_add(&notes, "in flight to %s", target_of_file(g, socket, name, sizeof(name)));
		/* How else could it be named? */
		if (g->files[row.file].n_descs == 0)
			notes_add(&notes, "id:0x%x", g->files[row.file].id);
		notes_of_file(&notes, r->v, row.file);
		put_row(r, &row, &notes);
		if (nested < VIEW_MAX_NESTED)
			put_in_flight(r, row.file, nested + 1);
	}
}

static void put_desc(const struct rows *r, uint32_t desc)
{
	const struct desc *d = &r->v->g->descs[desc];
	char number[16];
	const struct row row = { .label = number, .file = d->file, .open = true };
	struct notes notes = { 0 };

	snprintf(number, sizeof(number), "%u", d->fd);
	notes_of_file(&notes, r->v, d->file);
	if (d->cloexec)
		notes_add(&notes, "cloexec");
	if (r->v->only != NONE)
		notes_of_others(&notes, r->v, d->file, desc);
	put_row(r, &row, &notes);
	put_in_flight(r, d->file, 0);
}

/* How wide its columns must be. */
static void measure(struct rows *r, const struct table *t)
{
	const struct graph *g = r->v->g;
	char number[16];

	for (uint32_t i = 0; i < t->n_descs; i++) {
		const struct desc *d = &g->descs[t->first_desc + i];
		unsigned kind = (unsigned)strlen(describe_kind(g, d->file));
		unsigned label = (unsigned)snprintf(number, sizeof(number), "%u", d->fd);

		r->kind = kind > r->kind ? kind : r->kind;
		r->label = label > r->label ? label : r->label;
	}
}

/* Tasks that share a table: it is shown with the first. Return: here? */
static bool put_sharing(const struct rows *r, uint32_t task)
{
	const struct graph *g = r->v->g;
	uint32_t table = g->tasks[task].table, first = describe_table_task(g, table);
	bool here = r->v->only != NONE || first == task;
	char text[160];

	if (g->tables[table].n_tasks < 2)
		return true;
	if (here)
		snprintf(text, sizeof(text),
			"one table of descriptors, shared by %u tasks (CLONE_FILES):",
			g->tables[table].n_tasks);
	else
		snprintf(text, sizeof(text), "shares the table of descriptors of %u (CLONE_FILES)",
			g->tasks[first].pid);
	line_put(r->line, LINE_DIM, r->indent);
	line_put(r->line, LINE_PLAIN, " ");
	line_put(r->line, LINE_WARN, text);
	line_end(r->line, r->v->out);
	return here;
}

/* Has the parent the same open file there, in the same way? */
static bool as_parent(const struct view *v, uint32_t task, uint32_t desc)
{
	const struct graph *g = v->g;
	const struct desc *d = &g->descs[desc];
	uint32_t parent = g->tasks[task].parent;
	uint32_t table = parent == NONE ? NONE : g->tasks[parent].table;
	uint32_t other = table == NONE ? NONE : graph_desc(g, table, d->fd);

	return other != NONE && g->descs[other].file == d->file &&
	       g->descs[other].cloexec == d->cloexec;
}

/* "0-2 10-31 as its parent". */
static void put_inherited(const struct rows *r, uint32_t task)
{
	const struct graph *g = r->v->g;
	const struct table *t = &g->tables[g->tasks[task].table];
	char text[64];
	bool some = false;

	line_put(r->line, LINE_DIM, r->indent);
	line_put(r->line, LINE_PLAIN, " ");
	for (uint32_t i = 0, next; i < t->n_descs; i = next) {
		const struct desc *d = &g->descs[t->first_desc + i];
		uint32_t last = d->fd;

		next = i + 1;
		if (!as_parent(r->v, task, t->first_desc + i))
			continue;
		for (; next < t->n_descs && d[next - i].fd == last + 1 &&
			as_parent(r->v, task, t->first_desc + next);
			next++)
			last++;
		some = true;
		snprintf(text, sizeof(text), last > d->fd ? "%u-%u " : "%u ", d->fd, last);
		line_put(r->line, LINE_PLAIN, text);
	}
	if (some) {
		line_put(r->line, LINE_DIM, "as its parent");
		line_end(r->line, r->v->out);
	} else {
		line_drop(r->line);
	}
}

static void put_descs(const struct rows *r, uint32_t task, const struct table *t)
{
	bool brief = r->v->brief && r->v->only == NONE;

	if (brief)
		put_inherited(r, task);
	for (uint32_t i = 0; i < t->n_descs; i++)
		if (!brief || !as_parent(r->v, task, t->first_desc + i))
			put_desc(r, t->first_desc + i);
}

int rows_of_task(const struct view *v, uint32_t task, const char *indent, struct line *line)
{
	const struct task *t = &v->g->tasks[task];
	struct rows r = { .v = v, .indent = indent, .line = line, .label = LEAST_LABEL };

	if (t->table == NONE)
		return 0;
	measure(&r, &v->g->tables[t->table]);
	put_held(&r, "exe", t->exe, "");
	put_held(&r, "cwd", t->cwd, "");
	if (!is_slash(v->g, t->root))
		put_held(&r, "root", t->root, "");
	if (put_mapped(&r, task) < 0)
		return -ENOMEM;
	if (put_sharing(&r, task))
		put_descs(&r, task, &v->g->tables[t->table]);
	return 0;
}

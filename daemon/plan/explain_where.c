/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for what an error is about. See explain_where.h. Which line it is: explain.c. */
#include "plan/explain_where.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "plan/describe.h"
#include "plan/key.h"
#include "plan/target.h"

/* Room for one name in a text. */
#define NAME_BYTES   200
/* So many mappings are looked at. */
#define MAX_MAPPINGS 8192

void explain_add(struct explain_text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->buf + t->n, t->size - t->n, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->size - t->n)
		t->buf[t->n] = 0; /* all or nothing: no character is cut in two */
	else
		t->n += (size_t)n;
}

void explain_add_bytes(struct explain_text *t, const char *bytes, size_t n)
{
	char plain[NAME_BYTES], name[NAME_BYTES];

	/* criu indents by tabs, which are no news. */
	n = n < sizeof(plain) ? n : sizeof(plain);
	memcpy(plain, bytes, n);
	for (size_t i = 0; i < n; i++)
		if (plain[i] == '\t')
			plain[i] = ' ';
	explain_add(t, "%s", printable(name, sizeof(name), plain, n));
}

/* ---- finding ---- */

static bool is_path(const struct graph *g, uint32_t file, const struct explain_capture *path)
{
	const char *name = file == NONE ? NULL : graph_path(g, file);

	if (!name || name[0] != '/')
		return false;
	if (path->n == 1 && path->bytes[0] == '.')
		return name[1] == 0;
	return strlen(name + 1) == path->n && memcmp(name + 1, path->bytes, path->n) == 0;
}

/* By the path that criu says, or by a key. */
static uint32_t file_of_path(const struct graph *g, const struct explain_capture *path)
{
	char key[KEY_NUMBER_SIZE];

	for (uint32_t f = 0; f < g->n_files; f++)
		if (g->files[f].kind == FILE_REG && is_path(g, f, path))
			return f;
	/* Other keys are short. */
	if (path->n >= sizeof(key))
		return NONE;
	memcpy(key, path->bytes, path->n);
	key[path->n] = 0;
	return key_first(g, key);
}

/* A descriptor of the open file, for errors that name the open file alone. */
static void name_by_descriptor(const struct graph *g, struct explain_where *w)
{
	const struct file *f = &g->files[w->file];
	const struct desc *d;

	if (w->place != EXPLAIN_ANYTHING || !f->n_descs)
		return;
	d = &g->descs[g->file_descs[f->first_desc]];
	if (!g->tables[d->table].n_tasks)
		return;
	w->place = EXPLAIN_DESCRIPTOR;
	w->fd = d->fd;
	w->pid = g->tasks[describe_table_task(g, d->table)].pid;
}

void explain_where_find(const struct explain_about *about, struct explain_where *w, uint32_t id,
	uint32_t inode, const struct explain_capture *path)
{
	const struct graph *g = about->graph;
	uint32_t task, desc;

	w->file = NONE;
	if (!g)
		return;
	task = graph_task(g, w->pid);
	if (w->place == EXPLAIN_DESCRIPTOR && task != NONE && g->tasks[task].table != NONE) {
		desc = graph_desc(g, g->tasks[task].table, w->fd);
		w->file = desc == NONE ? NONE : g->descs[desc].file;
	} else if (w->place == EXPLAIN_CWD && task != NONE) {
		w->file = g->tasks[task].cwd;
	} else if (w->place == EXPLAIN_ROOT && task != NONE) {
		w->file = g->tasks[task].root;
	}
	if (w->file == NONE && id)
		w->file = graph_file(g, id);
	if (w->file == NONE && inode)
		w->file = graph_socket(g, inode);
	if (w->file == NONE && path)
		w->file = file_of_path(g, path);
	if (w->file != NONE)
		name_by_descriptor(g, w);
}

/* ---- mappings ---- */

static bool names_file(const struct graph *g, const char *target, uint32_t file)
{
	struct target_files files = { 0 };
	struct target t;
	bool found = false;

	if (target_parse(target, &t, NULL) < 0)
		return false;
	if (target_resolve(g, &t, false, &files, NULL) == 0)
		for (size_t i = 0; i < files.n && !found; i++)
			found = files.files[i] == file;
	target_files_done(&files);
	return found;
}

static const struct explain_mapping *mapping_of(const struct explain_about *about, uint32_t file)
{
	if (!about->graph || file == NONE)
		return NULL;
	for (size_t i = 0; i < about->n_mappings && i < MAX_MAPPINGS; i++)
		if (names_file(about->graph, about->mappings[i].target, file))
			return &about->mappings[i];
	return NULL;
}

void explain_add_lent(
	struct explain_text *t, const struct explain_about *about, const struct explain_where *w)
{
	const struct explain_mapping *m = mapping_of(about, w->file);

	explain_add(t, "what is lent");
	if (!m)
		return;
	explain_add(t, " as '");
	explain_add_bytes(t, m->lent, strlen(m->lent));
	explain_add(t, "'");
}

uint32_t explain_terminal(const struct explain_about *about, const uint32_t *index)
{
	const struct graph *g = about->graph;

	for (size_t i = 0; g && i < g->n_ttys; i++) {
		const struct tty *t = &g->ttys[i];
		bool fits = index ? t->is_pty && !t->is_master && t->index == *index
				  : t->file != NONE && g->files[t->file].path == NONE;

		if (fits && t->file != NONE && !mapping_of(about, t->file))
			return t->file;
	}
	return NONE;
}

void explain_add_path(struct explain_text *t, const struct explain_capture *path)
{
	if (!path->n || path->bytes[0] != '/')
		explain_add(t, "/");
	if (path->n != 1 || path->bytes[0] != '.')
		explain_add_bytes(t, path->bytes, path->n);
}

/* ---- words ---- */

static void add_task(struct explain_text *t, const struct graph *g, uint32_t pid)
{
	uint32_t task = g ? graph_task(g, pid) : NONE;
	const char *comm = task == NONE ? NULL : g->tasks[task].comm;

	explain_add(t, "task %u", pid);
	if (!comm || !comm[0])
		return;
	explain_add(t, " (");
	explain_add_bytes(t, comm, strlen(comm));
	explain_add(t, ")");
}

static void add_place(
	struct explain_text *t, const struct explain_about *about, const struct explain_where *w)
{
	const struct graph *g = about->graph;
	uint32_t task = g ? graph_task(g, w->pid) : NONE, exe, holders;

	switch (w->place) {
	case EXPLAIN_DESCRIPTOR:
		explain_add(t, "descriptor %u of ", w->fd);
		break;
	case EXPLAIN_MAPPING:
		exe = task == NONE ? NONE : g->tasks[task].exe;
		/* The program's own record may be another one than its mappings have. */
		explain_add(t, "%s of ",
			exe != NONE && w->file != NONE && graph_path(g, exe) &&
					graph_path(g, w->file) &&
					strcmp(graph_path(g, exe), graph_path(g, w->file)) == 0
				? "the program"
				: "a mapped file");
		break;
	case EXPLAIN_CWD:
		explain_add(t, "the working directory of ");
		break;
	case EXPLAIN_ROOT:
		explain_add(t, "the root directory of ");
		break;
	case EXPLAIN_ANYTHING:
		break;
	}
	add_task(t, g, w->pid);
	holders = w->place == EXPLAIN_DESCRIPTOR && w->file != NONE ? describe_holders(g, w->file)
								    : 0;
	if (holders > 1)
		explain_add(t, " and %u more", holders - 1);
}

void explain_where_text(const struct explain_about *about, const struct explain_where *w,
	const char *sentence, struct explain_text *ret)
{
	const struct explain_mapping *m = mapping_of(about, w->file);
	char name[NAME_BYTES];

	if (!w->pid)
		return;
	add_place(ret, about, w);
	if (w->file != NONE) {
		describe_name(about->graph, w->file, name, sizeof(name));
		if (name[0] && !strstr(sentence, name))
			explain_add(ret, ", %s", name);
	}
	if (m && !strstr(sentence, m->lent)) {
		explain_add(ret, ", for which '");
		explain_add_bytes(ret, m->lent, strlen(m->lent));
		explain_add(ret, "' is lent");
	}
	explain_add(ret, ": ");
}

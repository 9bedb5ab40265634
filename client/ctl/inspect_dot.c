/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The drawing: tasks, their tables with a cell for each descriptor, open files, and the resources they
 * are on; an arrow means "has" or "is on". See inspect_dot.h.
 */
#include "inspect_dot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/printable.h"
#include "inspect_notes.h"
#include "plan/describe.h"
#include "plan/key.h"

/* Longer names are cut in a drawing. */
#define NAME_SIZE 96

/* A printable text between quotes: backslashes and quotes are Graphviz's own. */
static void put_quoted(const struct view *v, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', v->out);
		fputc(*text, v->out);
	}
}

static void put_task(const struct view *v, uint32_t task)
{
	const struct graph *g = v->g;
	const struct task *t = &g->tasks[task];
	char comm[64];

	fprintf(v->out,
		"\ttask%u [shape=box style=\"rounded,filled\" fillcolor=\"#dbe9f6\" label=\"%u ",
		task, t->pid);
	put_quoted(v, printable(comm, sizeof(comm), t->comm, strlen(t->comm)));
	if (t->n_threads > 1)
		fprintf(v->out, "\\n%u threads", t->n_threads);
	if (t->table == NONE)
		fputs("\\nzombie", v->out);
	fputs("\"]\n", v->out);
	if (t->parent != NONE && v->only == NONE)
		fprintf(v->out, "\ttask%u -> task%u [style=bold arrowhead=none]\n", t->parent,
			task);
	if (t->table != NONE)
		fprintf(v->out, "\ttask%u -> table%u\n", task, t->table);
}

/* A cell for each descriptor: <d4> 4. */
static void put_table(const struct view *v, uint32_t table, bool *shown)
{
	const struct table *t = &v->g->tables[table];

	fprintf(v->out, "\ttable%u [shape=record label=\"", table);
	for (uint32_t i = 0; i < t->n_descs; i++) {
		const struct desc *d = &v->g->descs[t->first_desc + i];

		fprintf(v->out, "%s<d%u> %u", i ? "|" : "", d->fd, d->fd);
	}
	fputs("\"]\n", v->out);
	for (uint32_t i = 0; i < t->n_descs; i++) {
		const struct desc *d = &v->g->descs[t->first_desc + i];

		fprintf(v->out, "\ttable%u:d%u:e -> file%u\n", table, d->fd, d->file);
		shown[d->file] = true;
	}
}

/* ---- open files and what they are on ---- */

/* Nobody but the socket itself is on what a socket is on: it stands in its own node. */
static bool has_resource(const struct file *f)
{
	return f->kind != FILE_UNIXSK && f->kind != FILE_INETSK;
}

static void put_file(const struct view *v, uint32_t file)
{
	const struct file *f = &v->g->files[file];
	struct notes notes = { 0 };
	char name[NAME_SIZE], mark[8];

	notes_of_file(&notes, v, file);
	fprintf(v->out, "\tfile%u [style=filled fillcolor=\"%s\" label=\"%s%s%s %s", file,
		v->marks[file] ? "#fde9c8" : "#ffffff", view_mark(mark, v->marks[file]),
		v->marks[file] ? ": " : "", describe_access(f->flags), describe_kind(v->g, file));
	if (!has_resource(f)) {
		fputc(' ', v->out);
		put_quoted(v, describe_name(v->g, file, name, sizeof(name)));
	}
	fputs("\\n", v->out);
	put_quoted(v, notes.text);
	fputs("\"]\n", v->out);
}

/* The first open file with this key stands for the resource. */
static uint32_t resource_of(const struct graph *g, uint32_t file)
{
	char number[KEY_NUMBER_SIZE];
	const char *key = key_text(g, file, number);

	return key ? key_first(g, key) : NONE;
}

static void put_resource(const struct view *v, uint32_t file, bool *drawn)
{
	uint32_t resource = resource_of(v->g, file);
	char name[NAME_SIZE];

	if (resource == NONE || !has_resource(&v->g->files[file]))
		return;
	if (!drawn[resource]) {
		drawn[resource] = true;
		fprintf(v->out, "\tresource%u [shape=note label=\"", resource);
		put_quoted(v, describe_name(v->g, file, name, sizeof(name)));
		fputs("\"]\n", v->out);
	}
	fprintf(v->out, "\tfile%u -> resource%u\n", file, resource);
}

static void put_relations(const struct view *v, uint32_t file, const bool *shown)
{
	uint32_t peer = describe_peer(v->g, file);

	/* A pipe joins its ends already. */
	if (peer != NONE && shown[peer] && v->g->files[file].kind != FILE_PIPE && file < peer)
		fprintf(v->out, "\tfile%u -> file%u [dir=both style=dashed constraint=false]\n",
			file, peer);
	for (uint32_t u = v->in_flight[file]; u != NONE; u = v->next_use[u])
		fprintf(v->out,
			"\tfile%u -> file%u [style=dotted constraint=false label=\"in flight\"]\n",
			file, v->g->uses[u].file);
}

static void put_watches(const struct view *v, uint32_t table)
{
	const struct graph *g = v->g;
	const struct table *t = &g->tables[table];

	for (uint32_t i = 0; i < t->n_descs; i++) {
		const struct file *f = &g->files[g->descs[t->first_desc + i].file];

		for (uint32_t k = 0; k < f->n_watches; k++) {
			uint32_t d = graph_desc(g, table, g->watches[f->first_watch + k]);

			if (d != NONE)
				fprintf(v->out,
					"\tfile%u -> file%u [style=dotted constraint=false label=\"watches\"]\n",
					g->descs[t->first_desc + i].file, g->descs[d].file);
		}
	}
}

/* What waits in a socket that is shown is shown too, and what waits in that. */
static void show_in_flight(const struct view *v, uint32_t file, bool *shown, unsigned nested)
{
	for (uint32_t u = v->in_flight[file]; u != NONE && nested <= VIEW_MAX_NESTED;
		u = v->next_use[u]) {
		shown[v->g->uses[u].file] = true;
		show_in_flight(v, v->g->uses[u].file, shown, nested + 1);
	}
}

int dot_print(const struct view *v)
{
	const struct graph *g = v->g;
	autofree bool *shown = calloc(g->n_files + 1, sizeof(*shown));
	autofree bool *drawn = calloc(g->n_files + 1, sizeof(*drawn));

	if (!shown || !drawn)
		return -ENOMEM;
	fputs("digraph images {\n\trankdir=LR\n\tnode [fontname=\"sans-serif\" fontsize=10]\n"
	      "\tedge [fontname=\"sans-serif\" fontsize=8 arrowsize=0.6]\n",
		v->out);
	for (size_t i = 0; i < v->n_order; i++)
		put_task(v, v->order[i].task);
	for (uint32_t i = 0; i < g->n_tables; i++)
		if (v->only == NONE || g->tasks[v->only].table == i) {
			put_table(v, i, shown);
			put_watches(v, i);
		}
	for (uint32_t i = 0; i < g->n_files; i++)
		if (shown[i])
			show_in_flight(v, i, shown, 0);
	for (uint32_t i = 0; i < g->n_files; i++) {
		if (!shown[i])
			continue;
		put_file(v, i);
		put_resource(v, i, drawn);
		put_relations(v, i, shown);
	}
	fputs("}\n", v->out);
	return 0;
}

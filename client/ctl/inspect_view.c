/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Order, indexes and marks. See inspect_view.h. All of it is linear in the size of the graph. */
#include "inspect_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* ---- order: each task before its children, in one sweep without recursion ---- */

struct family {
	uint32_t *first_child, *next_sibling;
};

/* Parents come before children in the graph: from the last to the first keeps siblings in order. */
static void find_children(const struct graph *g, struct family *f)
{
	memset(f->first_child, 0xff, g->n_tasks * sizeof(uint32_t));
	memset(f->next_sibling, 0xff, g->n_tasks * sizeof(uint32_t));
	for (size_t i = g->n_tasks; i-- > 0;) {
		uint32_t parent = g->tasks[i].parent;

		if (parent == NONE)
			continue;
		f->next_sibling[i] = f->first_child[parent];
		f->first_child[parent] = (uint32_t)i;
	}
}

static void walk(struct view *v, const struct family *f)
{
	uint32_t task = 0, depth = 0;

	while (v->g->n_tasks) {
		v->order[v->n_order++] = (struct view_task){ .task = task,
			.depth = depth,
			.last = f->next_sibling[task] == NONE,
			.children = f->first_child[task] != NONE };
		if (f->first_child[task] != NONE) {
			task = f->first_child[task];
			depth++;
			continue;
		}
		while (task != NONE && f->next_sibling[task] == NONE) {
			task = v->g->tasks[task].parent;
			depth--;
		}
		if (task == NONE)
			return;
		task = f->next_sibling[task];
	}
}

static int make_order(struct view *v)
{
	size_t n = v->g->n_tasks + 1;
	autofree uint32_t *first = malloc(n * sizeof(*first));
	autofree uint32_t *next = malloc(n * sizeof(*next));
	struct family f = { first, next };

	v->order = calloc(n, sizeof(*v->order));
	if (!first || !next || !v->order)
		return -ENOMEM;
	if (v->only == NONE) {
		find_children(v->g, &f);
		walk(v, &f);
	} else {
		v->order[v->n_order++] = (struct view_task){ .task = v->only, .last = true };
	}
	return 0;
}

/* ---- who uses what ---- */

static int index_mappings(struct view *v)
{
	const struct graph *g = v->g;
	uint32_t *first = calloc(g->n_tasks + 2, sizeof(*first));
	uint32_t n = 0;

	v->first_uses = first;
	v->task_uses = malloc((g->n_uses + 1) * sizeof(*v->task_uses));
	if (!first || !v->task_uses)
		return -ENOMEM;
	/* By counting: how many each has, then where its part ends, then filled from its end. */
	for (size_t i = 0; i < g->n_uses; i++)
		if (g->uses[i].kind == USE_MAPPING)
			first[g->uses[i].owner]++;
	for (size_t i = 0; i <= g->n_tasks; i++) {
		n += first[i];
		first[i] = n;
	}
	for (size_t i = g->n_uses; i-- > 0;)
		if (g->uses[i].kind == USE_MAPPING)
			v->task_uses[--first[g->uses[i].owner]] = (uint32_t)i;
	return 0;
}

static int index_in_flight(struct view *v)
{
	const struct graph *g = v->g;

	v->in_flight = malloc((g->n_files + 1) * sizeof(*v->in_flight));
	v->next_use = malloc((g->n_uses + 1) * sizeof(*v->next_use));
	if (!v->in_flight || !v->next_use)
		return -ENOMEM;
	memset(v->in_flight, 0xff, (g->n_files + 1) * sizeof(*v->in_flight));
	for (size_t i = g->n_uses; i-- > 0;) {
		const struct use *u = &g->uses[i];

		if (u->kind != USE_IN_FLIGHT)
			continue;
		v->next_use[i] = v->in_flight[u->owner];
		v->in_flight[u->owner] = (uint32_t)i;
	}
	return 0;
}

/* ---- marks ---- */

/* In how many places is it shown? */
static uint32_t places(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];
	uint32_t n = f->n_descs;

	for (uint32_t i = 0; i < f->n_uses; i++)
		n += g->uses[f->first_use + i].kind == USE_IN_FLIGHT;
	return n;
}

/* With what waits in it, if it is a socket, and in that. */
static void mark(struct view *v, uint32_t file, unsigned nested)
{
	if (!v->marks[file] && places(v->g, file) > 1)
		v->marks[file] = ++v->n_marks;
	for (uint32_t u = v->in_flight[file]; u != NONE && nested < VIEW_MAX_NESTED;
		u = v->next_use[u])
		mark(v, v->g->uses[u].file, nested + 1);
}

/* In the order in which they are shown first. */
static int make_marks(struct view *v)
{
	const struct graph *g = v->g;

	v->marks = calloc(g->n_files + 1, sizeof(*v->marks));
	if (!v->marks)
		return -ENOMEM;
	for (size_t i = 0; i < v->n_order; i++) {
		uint32_t table = g->tasks[v->order[i].task].table;

		for (uint32_t k = 0; table != NONE && k < g->tables[table].n_descs; k++)
			mark(v, g->descs[g->tables[table].first_desc + k].file, 0);
	}
	return 0;
}

int view_make(struct view *v)
{
	v->g = v->p->g;
	return make_order(v) < 0 || index_mappings(v) < 0 || index_in_flight(v) < 0 ||
			       make_marks(v) < 0
		       ? -ENOMEM
		       : 0;
}

void view_done(struct view *v)
{
	void *const owned[] = { v->order, v->marks, v->task_uses, v->first_uses, v->in_flight,
		v->next_use };

	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
	*v = (struct view){ 0 };
}

const char *view_mark(char buf[8], uint32_t mark)
{
	char *p = buf + 7;

	*p = 0;
	/* Letters as digits from 1 to 26. */
	for (; mark; mark = (mark - 1) / 26)
		*--p = (char)('A' + (mark - 1) % 26);
	return memmove(buf, p, strlen(p) + 1);
}

unsigned view_mark_width(const struct view *v)
{
	char buf[8];

	return (unsigned)strlen(view_mark(buf, v->n_marks));
}

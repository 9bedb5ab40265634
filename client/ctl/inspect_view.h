/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the views of `inspect` share: an index of the graph by task, the order of tasks, and the marks
 * that show what is shared.
 */
#ifndef FDBROKER_CTL_INSPECT_VIEW_H
#define FDBROKER_CTL_INSPECT_VIEW_H

#include <stdio.h>

#include "plan/plan.h"
#include "screen.h"

/* Deeper children are drawn at this depth. */
#define VIEW_MAX_DEPTH 12

/* What waits in a socket that waits in a socket is shown so deep: images can have one wait in itself. */
#define VIEW_MAX_NESTED 2

/* A task in the order in which it is shown. */
struct view_task {
	uint32_t task;
	uint32_t depth; /* of the root 0 */
	bool last;      /* of its parent's children */
	bool children;  /* has some */
};

struct view {
	const struct plan *p; /* borrowed; without mappings: for the graph and its needs */
	const struct graph *g;
	const char *images;          /* borrowed: their directory, as it was given */
	const struct screen *screen; /* borrowed */
	FILE *out;                   /* borrowed */
	uint32_t only;               /* the one task that is shown, NONE: all */
	bool brief;              /* what a task has just as its parent has it is told in one line */
	struct view_task *order; /* owned */
	size_t n_order;
	uint32_t *marks;      /* owned; by open file: 0: not shared, else a number from 1 */
	uint32_t n_marks;     /* the highest */
	uint32_t *task_uses;  /* owned; indexes of uses: mappings by task */
	uint32_t *first_uses; /* owned; by task, and one more: where its part begins */
	uint32_t *in_flight;  /* owned; by open file: the first use that waits in it, NONE */
	uint32_t *next_use;   /* owned; by use: the next that waits in the same socket */
};

/**
 * view_make() - order and index
 * @v: p, images, screen, out and only are set, the rest is zero. view_done() is due in both cases
 *
 * Return: 0 or -ENOMEM.
 */
int view_make(struct view *v);
void view_done(struct view *v);

/* "A" .. "Z", "AA", ... for a mark from 1 on. Return: buf. */
const char *view_mark(char buf[8], uint32_t mark);

/* Its widest one, columns; 0: there is none. */
unsigned view_mark_width(const struct view *v);

#endif

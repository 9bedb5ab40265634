/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A parallel assignment as a list of single ones. See place.h.
 *
 * Every number has at most one source, so the wants are a graph of trees, some of which hang on a
 * cycle. A number may be overwritten once nobody has to read it any more: take such numbers first,
 * each of which may free its source in turn. What remains then are bare cycles, whose numbers are
 * read by exactly one other each: save one number's content in the spare, walk the cycle backwards,
 * and take the last from the spare.
 */
#include "worker/place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define NONE ((size_t)-1)

/* A wanted number. */
struct node {
	struct place_want want;
	size_t source;  /* the node whose number this one is copied from, or NONE */
	size_t readers; /* nodes that still have to be copied from this number */
	size_t next;    /* on the list of those that are ready */
	bool done;
};

struct graph {
	struct node *nodes; /* owned; sorted by target, each once */
	size_t n;
	int spare; /* -1: none needed */
};

static void graph_done(struct graph *g)
{
	free(g->nodes);
}
#define autograph __attribute__((cleanup(graph_done)))

static int by_target(const void *a, const void *b)
{
	const struct place_want *x = &((const struct node *)a)->want,
				*y = &((const struct node *)b)->want;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

static int check(const struct place_want *wants, size_t n, int limit)
{
	for (size_t i = 0; i < n; i++) {
		if (wants[i].from < 0)
			return -EBADF;
		if (wants[i].to < 0 || wants[i].to >= limit)
			return -EINVAL;
	}
	return 0;
}

static int collect(const struct place_want *wants, size_t n, struct graph *ret)
{
	struct node *nodes = calloc(n ? n : 1, sizeof(*nodes));
	size_t used = 0;

	ret->nodes = nodes;
	if (!nodes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		nodes[i].want = wants[i];
	qsort(nodes, n, sizeof(*nodes), by_target);
	for (size_t i = 0; i < n; i++) {
		if (used && nodes[used - 1].want.to == nodes[i].want.to) {
			if (nodes[used - 1].want.from != nodes[i].want.from)
				return -EEXIST;
			continue;
		}
		nodes[used++] = nodes[i];
	}
	ret->n = used;
	return 0;
}

static size_t find(const struct graph *g, int number)
{
	size_t low = 0, high = g->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (g->nodes[middle].want.to < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < g->n && g->nodes[low].want.to == number ? low : NONE;
}

static void connect_nodes(struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		g->nodes[i].source = find(g, g->nodes[i].want.from);
		/* One that stays where it is is its own reader for ever: never overwritten. */
		if (g->nodes[i].source != NONE)
			g->nodes[g->nodes[i].source].readers++;
	}
}

/* The lowest number that is neither source nor target: among 2n + 1 numbers there is one. */
static int find_spare(struct graph *g, int limit)
{
	size_t bound = 2 * g->n + 1;
	autofree bool *used = calloc(bound, sizeof(*used));
	size_t spare = 0;

	if (!used)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		const struct place_want *want = &g->nodes[i].want;

		if ((size_t)want->from < bound)
			used[want->from] = true;
		if ((size_t)want->to < bound)
			used[want->to] = true;
	}
	while (used[spare])
		spare++;
	if (spare >= (size_t)limit)
		return -EMFILE;
	g->spare = (int)spare;
	return 0;
}

static void add_step(struct place_plan *plan, int from, int to)
{
	plan->steps[plan->n_steps++] = (struct place_step){ from, to };
}

/* Those that stay, then all that can be copied without a spare. */
static void walk_trees(struct graph *g, struct place_plan *plan)
{
	size_t ready = NONE;

	for (size_t i = 0; i < g->n; i++) {
		struct node *node = &g->nodes[i];

		if (node->source == i) {
			add_step(plan, node->want.to, node->want.to);
			node->done = true;
		} else if (!node->readers) {
			node->next = ready;
			ready = i;
		}
	}
	while (ready != NONE) {
		struct node *node = &g->nodes[ready];
		size_t source = node->source;

		ready = node->next;
		add_step(plan, node->want.from, node->want.to);
		node->done = true;
		if (source != NONE && !--g->nodes[source].readers) {
			g->nodes[source].next = ready;
			ready = source;
		}
	}
}

static void walk_cycle(struct graph *g, size_t first, struct place_plan *plan)
{
	size_t i = first;

	add_step(plan, g->nodes[first].want.to, g->spare);
	while (g->nodes[i].source != first) {
		add_step(plan, g->nodes[i].want.from, g->nodes[i].want.to);
		g->nodes[i].done = true;
		i = g->nodes[i].source;
	}
	add_step(plan, g->spare, g->nodes[i].want.to);
	g->nodes[i].done = true;
}

static int walk_cycles(struct graph *g, int limit, struct place_plan *plan)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->nodes[i].done)
			continue;
		if (g->spare < 0) {
			int r = find_spare(g, limit);

			if (r < 0)
				return r;
		}
		walk_cycle(g, i, plan);
	}
	return 0;
}

int place_make(const struct place_want *wants, size_t n, int limit, struct place_plan *ret)
{
	autograph struct graph g = { .spare = -1 };
	autoplan struct place_plan plan = { 0 };
	int r = check(wants, n, limit);

	if (r < 0 || (r = collect(wants, n, &g)) < 0)
		return r;
	connect_nodes(&g);
	/* A cycle has two numbers or more, and costs one step more. */
	plan.steps = calloc(g.n + g.n / 2 + 1, sizeof(*plan.steps));
	plan.keep = calloc(g.n + 1, sizeof(*plan.keep));
	if (!plan.steps || !plan.keep)
		return -ENOMEM;
	for (size_t i = 0; i < g.n; i++)
		plan.keep[plan.n_keep++] = g.nodes[i].want.to;
	walk_trees(&g, &plan);
	r = walk_cycles(&g, limit, &plan);
	if (r < 0)
		return r;
	*ret = plan;
	plan = (struct place_plan){ 0 };
	return 0;
}

void place_done(struct place_plan *p)
{
	free(p->steps);
	free(p->keep);
	*p = (struct place_plan){ 0 };
}

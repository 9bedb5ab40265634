/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of loading share: load.c (the order of things, queues), load_files.c, load_tasks.c.
 * Nobody else includes this.
 */
#ifndef FDBROKER_PLAN_LOADING_H
#define FDBROKER_PLAN_LOADING_H

#include "plan/graph.h"
#include "plan/room.h"

/* A graph that is being loaded, and how much room its arrays have. */
struct load {
	struct graph *g;
	struct err *err;
	size_t max_tasks, max_tables, max_descs, max_files, max_uses, max_ttys, max_memfds,
		max_pipe_data, max_spaces, max_threads, max_watches;
};

/* Fills err in. Always -1. */
int load_no_memory(struct load *l);

/* One more entry in an array of the graph: its address, or NULL with err set. */
#define MORE(l, array)                                                                             \
	__extension__({                                                                            \
		struct load *l_ = (l);                                                             \
		struct graph *g_ = l_->g;                                                          \
		g_->array = room_for_one(                                                          \
			g_->array, g_->n_##array, &l_->max_##array, sizeof(*g_->array));           \
		if (g_->n_##array == l_->max_##array)                                              \
			load_no_memory(l_);                                                        \
		g_->n_##array < l_->max_##array ? &g_->array[g_->n_##array++] : NULL;              \
	})

/* Enters a number that must be new in a map. what: "the pid". Return: 0 or -1. */
int load_enter(struct load *l, struct map *map, uint64_t key, size_t value, const struct image *img,
	const char *what);

/* Enters a use of an open file. Return: 0 or -1. */
int load_use(struct load *l, uint32_t file, enum use_kind kind, uint32_t owner, uint64_t start,
	uint64_t end);

/* The steps; each 0 or -1. Files must be there before tasks and queues. */
int load_files(struct load *l);
int load_tasks(struct load *l);

#endif

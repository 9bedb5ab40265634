/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See wanted.h. */
#include "plan/wanted.h"

#include <stdlib.h>

uint32_t *wanted_pids(const struct graph *g, size_t *ret_n)
{
	uint32_t *pids = malloc((g->n_tasks + g->n_threads + 1) * sizeof(*pids));
	size_t n = 0;

	if (!pids)
		return NULL;
	/* Nothing but the first task of a pid namespace has the pid 1. */
	for (size_t i = 0; i < g->n_tasks && g->tasks[0].pid != 1; i++) {
		const struct task *t = &g->tasks[i];

		pids[n++] = t->pid;
		for (uint32_t k = 0; k < t->n_threads; k++)
			if (g->threads[t->first_thread + k] != t->pid)
				pids[n++] = g->threads[t->first_thread + k];
	}
	*ret_n = n;
	return pids;
}

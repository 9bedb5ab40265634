/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a restore of a tree needs free on the machine. */
#ifndef FDBROKER_PLAN_WANTED_H
#define FDBROKER_PLAN_WANTED_H

#include "plan/graph.h"

/**
 * wanted_pids() - the pids that criu will give to tasks and threads, for pids_taken() (base/pids.h)
 * @ret_n: how many; none for a tree with a pid namespace of its own, where all are free
 *
 * Return: the list, the caller's (free); NULL: no memory.
 */
uint32_t *wanted_pids(const struct graph *g, size_t *ret_n);

#endif

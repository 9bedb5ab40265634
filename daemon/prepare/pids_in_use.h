/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Are pids of a tree in use on this machine? A cheap question first, and only if so the long look at who. */
#ifndef FDBROKER_PIDS_IN_USE_H
#define FDBROKER_PIDS_IN_USE_H

#include <sys/types.h>

#include "base/pids.h"
#include "plan/plan.h"

struct pids_in_use {
	struct pid_taken taken[PIDS_MAX_TAKEN];
	struct plan_pid list[PIDS_MAX_TAKEN]; /* the same for the plan, borrowing from taken */
	size_t n;
};

/**
 * pids_in_use() - look for the pids of a tree
 * @g:   of the tree; one with a pid namespace of its own wants none
 * @ret: filled in
 *
 * Not found is a number that only a session still has: criu says that itself ("File exists").
 *
 * Return: 0 or -errno; on an error nothing is in use as far as is known.
 */
int pids_in_use(const struct graph *g, struct pids_in_use *ret);

/* Who has this pid: "a process named sleep". Return: buf, or NULL: nobody, as far as /proc says. */
const char *pids_in_use_by(pid_t pid, char *buf, size_t size);

#endif

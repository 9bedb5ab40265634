/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends a task with all its descendants where there is no cgroup to do it by (see cgroup.h). */
#ifndef FDBROKER_SWEEP_H
#define FDBROKER_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "processes/reap.h"

/**
 * sweep_tree() - SIGKILL to a task and all its descendants
 * @root: pid of a child of ours that has not been waited for
 *
 * Descendants first, so that none is orphaned out of sight; again if some were born meanwhile. Does not
 * wait for them: they end up as our children and are reaped.
 */
void sweep_tree(pid_t root);

/* What can be told of what criu makes, once criu itself is gone. */
struct sweep_marks {
	pid_t session; /* criu's, which tasks have until they get that of the images; 0: not known */
	const uint32_t *pids; /* borrowed; of the tasks in the images; NULL: not known */
	size_t n_pids;
};

/**
 * sweep_strays() - what criu left to us when it was killed: its children became ours, for we are the subreaper
 * @marks: one of them is enough; criu gives each task its pid of the images, in its innermost pid namespace
 * @kill:  SIGKILL to each of them and its descendants
 *
 * Only children that nobody waits for are looked at, so no other job's are hit.
 *
 * Return: how many there are, zombies included.
 */
size_t sweep_strays(const struct reaper *reaper, const struct sweep_marks *marks, bool kill);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends a task with all its descendants where there is no cgroup to do it by (see cgroup.h). */
#ifndef FDBROKER_SWEEP_H
#define FDBROKER_SWEEP_H

#include <sys/types.h>

/**
 * sweep_tree() - SIGKILL to a task and all its descendants
 * @root: pid of a child of ours that has not been waited for
 *
 * Descendants first, so that none is orphaned out of sight; again if some were born meanwhile. Does not
 * wait for them: they end up as our children and are reaped.
 */
void sweep_tree(pid_t root);

#endif

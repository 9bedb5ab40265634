/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process that ends a job's tasks if the daemon ends before it has seen what they may.
 *
 * A criu that holds tasks at pre-resume lets them run when nobody answers it: it takes a socket that was closed for
 * a refusal, and a refusal only into its log (restore_root_task() in criu/cr-restore.c). The guard has the
 * daemon's end of that socket too. So criu waits on, however the daemon ends, until the guard has killed all
 * that is in the job's cgroup, criu first of all.
 */
#ifndef FDBROKER_GUARD_H
#define FDBROKER_GUARD_H

#include "trees/cgroup.h"
#include "processes/reap.h"

struct guard;

/**
 * guard_start() - from now on nothing in the cgroup outlives the daemon
 * @cgroup: borrowed for the call; must have cgroup.kill (Linux 5.14)
 * @rpc:    borrowed for the call; the daemon's end of criu's socket
 * @lost:   somebody has killed the guard, which is freed: nothing is guarded any more; from the loop
 *
 * Return: 0 or -errno.
 */
int guard_start(struct reaper *reaper, const struct cgroup *cgroup, int rpc,
	void (*lost)(void *arg), void *arg, struct guard **ret);

/* What was guarded may run on, or is gone. NULL is allowed. */
void guard_dismiss(struct guard *g);

/* At the daemon's own end: the guard ends what it guards, and itself. NULL is allowed. */
void guard_leave(struct guard *g);

#endif

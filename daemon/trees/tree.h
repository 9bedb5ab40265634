/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All tasks that one restore has made, criu included: whether any is left, how many, and their end. By
 * the cgroup that they were born into; where there is none, by walking what descends from us.
 */
#ifndef FDBROKER_TREE_H
#define FDBROKER_TREE_H

#include "base/err.h"
#include "trees/cgroup.h"
#include "processes/reap.h"
#include "jobs/record.h"
#include "trees/rootwatch.h"
#include "trees/sweep.h"

struct tree {
	struct reaper *reaper;    /* borrowed */
	struct cgroup cgroup;     /* owned; fd -1: none */
	struct sweep_marks marks; /* for the walk */
	struct record_task root;  /* pid 0: not there yet */
	struct record_task criu;  /* of a daemon before us; pid 0: none */
	int pidfd;                /* owned; of the root; -1: none */
	/* Of the two at most one waits: the root is our child, or that of who adopted it after a restart. */
	struct reap_watch child;
	struct rootwatch *foreign; /* owned */
	/* The root has ended. @status: as waitpid(2) has it, if @known; @usage: NULL: not known */
	void (*ended)(struct tree *tree, bool known, int status, const struct rusage *usage);
};

/* A tree without tasks; tree_done() ends it. */
void tree_init(struct tree *tree, struct reaper *reaper,
	void (*ended)(struct tree *tree, bool known, int status, const struct rusage *usage));

/* A task as it can be told from a later one of its number. */
struct record_task tree_task(pid_t pid);

/* Is that a pidfd of it, be it there or gone? */
bool tree_is_pidfd_of(int fd, const struct record_task *task);

/* Is it still there? */
bool tree_is_same_task(const struct record_task *task);

/* Send it a signal, if it is still there. */
void tree_signal(const struct record_task *task, int sig);

/**
 * tree_adopt() - criu says that this is the root
 * @pid: must be a child of ours that nobody waits for yet: criu can name any
 *
 * Return: 0, or -1 with @err.
 */
int tree_adopt(struct tree *tree, pid_t pid, struct err *err);

/**
 * tree_recover() - take up the root of a tree that a daemon before us restored
 * @root:  as it was recorded
 * @pidfd: consumed; tree_is_pidfd_of() it; -1: none, and the pid is opened if it is still the same task
 * @base:  borrowed
 *
 * Return: 0, and ended() follows from the loop; -ESRCH: it is gone, and nobody can say how it ended; -errno.
 */
int tree_recover(
	struct tree *tree, const struct record_task *root, int pidfd, struct event_base *base);

/* Is the root still there? */
bool tree_has_root(const struct tree *tree);

/* SIGKILL to all of it. @worker: pid of criu, a child of ours not waited for; 0: it is gone */
void tree_kill(struct tree *tree, pid_t worker);

/* Is anything left of it? Before it says no, all of it is gone and waited for. */
bool tree_is_left(const struct tree *tree);

/* Tasks of it now, criu not counted; -1: not known. */
int tree_count(const struct tree *tree, bool criu_runs);

/**
 * tree_done() - forget it; its tasks live on
 * @move: tasks in its cgroup are moved to the daemon's own, so that the group can go
 *
 * Return: 0, or -EBUSY: tasks are in its cgroup, which stays.
 */
int tree_done(struct tree *tree, bool move);

#endif

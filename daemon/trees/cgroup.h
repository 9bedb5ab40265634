/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A control group for each job: the exact set of what criu has made for it, and one write that ends
 * all of it at once. Needs cgroup v2, mounted or not; no controller.
 */
#ifndef FDBROKER_CGROUP_H
#define FDBROKER_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where groups are made: the daemon's own cgroup. */
struct cgroup_parent {
	int root;       /* owned; directory; the root of cgroup v2 */
	int fd;         /* owned; directory; -1: there is no cgroup v2 to be had */
	char path[256]; /* as in /proc/self/cgroup, for people */
	uint32_t
		tag; /* random: brokers in several pid namespaces may have one pid and one cgroup */
};

#define CGROUP_PATH 320 /* bytes that a path of a group has at most, the closing 0 among them */

struct cgroup {
	int fd;                             /* owned; directory; -1: none */
	const struct cgroup_parent *parent; /* borrowed, must outlive it */
	char path[CGROUP_PATH]; /* below the root of cgroup v2, as in /proc/PID/cgroup */
};

/**
 * cgroup_parent_open() - find the daemon's own cgroup
 *
 * Through a detached mount of our own, so that it matters neither where cgroup2 is mounted nor whether
 * that mount is writable. Empty groups of brokers that are gone are removed.
 *
 * Return: 0, or -errno (-ENODEV, -EPERM ...): @ret->fd is -1 then and jobs go without.
 */
int cgroup_parent_open(struct cgroup_parent *ret);
void cgroup_parent_done(struct cgroup_parent *parent);

/* The path that a job's group is going to have: to be written down before there is one. */
void cgroup_path(const struct cgroup_parent *parent, uint64_t job, char ret[static CGROUP_PATH]);

/**
 * cgroup_make() - make an empty group for a job
 *
 * Return: 0 or -errno. cgroup_release() ends it.
 */
int cgroup_make(const struct cgroup_parent *parent, uint64_t job, struct cgroup *ret);

/**
 * cgroup_open() - take up a group that a daemon before us, or systemd, has made
 * @path: its path, as of struct cgroup
 *
 * Return: 0 or -errno (-ENOENT: it is gone, so nothing is in it). cgroup_release() ends it.
 */
int cgroup_open(const struct cgroup_parent *parent, const char *path, struct cgroup *ret);

/* SIGKILL to every task in it, forks included (cgroup.kill, Linux 5.14). Return: 0 or -errno. */
int cgroup_kill(const struct cgroup *cg);

/* Processes in it now, not those in groups below it. Return: how many, @ret is the caller's to free(); -errno. */
int cgroup_pids(const struct cgroup *cg, uint32_t **ret);

/**
 * cgroup_move() - put what is in it into another group, which takes its place
 * @path: of the other, which exists, as of struct cgroup
 *
 * Return: 0 and @cg is the other; or -errno: @cg is as before, but what could be moved was moved.
 */
int cgroup_move(struct cgroup *cg, const char *path);

/* Processes in it now, not counting those in groups below it. Return: -errno on doubt. */
int cgroup_count(const struct cgroup *cg);

/* Is any task in it? On doubt (an error) true. */
bool cgroup_populated(const struct cgroup *cg);

/**
 * cgroup_release() - remove the group
 * @cg:   no group: nothing happens
 * @move: put tasks that live in it into the parent first; without it a group with tasks stays. Waits up to
 *        half a second for tasks that are just ending: for the daemon's end only
 *
 * Return: 0 and @cg holds no group any more, or -EBUSY: tasks are in it and @cg is as before.
 */
int cgroup_release(struct cgroup *cg, bool move);

#endif

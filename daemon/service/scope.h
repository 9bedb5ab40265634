/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scope of systemd's for each restored tree, so that it is nobody's service: it has limits, accounting and an
 * end of its own, and what is done to our unit does not touch it. Asked for over the bus, without waiting.
 */
#ifndef FDBROKER_SCOPE_H
#define FDBROKER_SCOPE_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/types.h>

struct scopes;
struct scope;

/**
 * scopes_new() - a connection to systemd
 * @base: borrowed, must outlive it
 *
 * Return: 0; -ENOENT: systemd does not manage this machine; other -errno. scopes_free() ends it.
 */
int scopes_new(struct event_base *base, struct scopes **ret);

/* NULL is allowed. Requests must have been ended before. */
void scopes_free(struct scopes *s);

/**
 * scope_start() - put a tree into criu-fdbroker-JOB.scope
 * @root: its root task
 * @pids: all of it, the root too; borrowed for the call. What it forks meanwhile stays where it is
 * @done: called once, from the loop: 0 and the path of the scope's cgroup, borrowed; or -errno with NULL. The
 *        request is gone then
 *
 * Return: 0, or -errno: nothing was asked for.
 */
int scope_start(struct scopes *s, uint64_t job, pid_t root, const uint32_t *pids, size_t n_pids,
	void (*done)(void *arg, int error, const char *cgroup), void *arg, struct scope **ret);

/* Do not wait for it any more. NULL is allowed. */
void scope_forget(struct scope *scope);

#endif

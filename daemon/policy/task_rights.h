/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tasks may, as the kernel tells in /proc/PID/status, against what a user may: their ids must be that user's,
 * and they must have no capability.
 */
#ifndef FDBROKER_TASK_RIGHTS_H
#define FDBROKER_TASK_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "policy/credentials.h"

struct task_rights {
	bool dead;     /* zombie, or about to be: it does nothing any more */
	uid_t uids[4]; /* real, effective, saved, of files */
	gid_t gids[4]; /* likewise */
	gid_t *groups; /* owned */
	size_t n_groups;
	uint64_t inheritable, permitted, effective, ambient; /* masks of 1 << CAP_* */
	bool no_new_privs;
};

/**
 * task_rights_parse() - read the text of /proc/PID/status
 * @ret: on 0; task_rights_done() ends it
 *
 * The name of a task can hold no newline that is not escaped, so that no line of it is the task's own.
 *
 * Return: 0, -EBADMSG (a line is missing, there twice or not as expected) or -ENOMEM.
 */
int task_rights_parse(const char *text, struct task_rights *ret);

void task_rights_done(struct task_rights *rights);

/**
 * task_rights_excess() - in what the task has more, or other, than the user
 * @buf: for the text
 *
 * Return: buf, a few words; NULL: in nothing.
 */
const char *task_rights_excess(
	const struct task_rights *rights, const struct credentials *user, char *buf, size_t size);

/**
 * task_rights_check() - look at every thread of some processes
 * @except: a pid that may be among them, and is left out
 *
 * Each is looked at through one descriptor of its folder in /proc. One that is gone has no rights.
 *
 * Return: 0, or -1 with @err: PERMISSION, a task has more than the user; INTERNAL, that is not known.
 */
int task_rights_check(const uint32_t *pids, size_t n, uint32_t except,
	const struct credentials *user, struct err *err);

#endif

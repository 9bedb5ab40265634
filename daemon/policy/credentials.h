/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The credentials that a child works with in the place of the daemon's own: those of a client of class own
 * (policy.h), as the kernel noted them when it connected.
 */
#ifndef FDBROKER_CREDENTIALS_H
#define FDBROKER_CREDENTIALS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct credentials {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* owned; the supplementary ones, exactly */
	size_t n_groups;
};

/* A copy, with its groups. Return: the caller's to credentials_free(); NULL: no memory. */
struct credentials *credentials_copy(const struct credentials *from);

/* NULL is allowed. */
void credentials_free(struct credentials *c);

/**
 * credentials_become() - be that user from here on, for good; in a child that has one thread
 * @caps: mask of 1 << CAP_*: the capabilities that stay, ambient, so that they survive an exec; the daemon must
 *        have them. 0: none
 *
 * With no_new_privs: no exec of it, or of what it restores, gains anything. Without that CAP_SETPCAP would be
 * dangerous to give: a restored task can have a bounding set and securebits of its own choice, and programs
 * that are setuid root do not expect to be root with less than all capabilities.
 *
 * A parent-death signal stays, though the kernel drops it at a change of user. Async-signal-safe.
 *
 * Return: 0 or -errno; then the child must end.
 */
int credentials_become(const struct credentials *c, uint64_t caps);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a child keeps that reads hostile bytes. If they take it over, they have this and no more.
 *
 * - Its descriptors: whoever calls has closed all that the rest of its work does not need.
 * - CAP_DAC_READ_SEARCH, of all capabilities, if the daemon has it: the images of a client may belong to
 *   any user, and criu reads them as root after that: nobody gets to see here what they could not read. uid and
 *   gid stay, for servers of other machines (NFS) and of users (FUSE) look at those.
 *   For a client that is not as good as root (class own of policy.h): its uid, gid and groups, and no
 *   capability, so that it gets to see what it could open itself, and no more.
 * - System calls, by a seccomp filter: memory; reading (openat() without any right to write or make);
 *   memfds; its socket; signal 0, which tells whether a pid is in use. Any other ends it with SIGSYS.
 * - no_new_privs; no core dump, and nobody without CAP_SYS_PTRACE may look into it.
 */
#ifndef FDBROKER_SANDBOX_H
#define FDBROKER_SANDBOX_H

#include "base/err.h"
#include "policy/credentials.h"

/*
 * Make the filter; for the children of whoever calls. Else each child makes it.
 *
 * Return: 0 or -errno.
 */
int sandbox_prepare(void);

/**
 * sandbox_enter() - give up all else, for good
 * @as: NULL: for a client that may read everything; else the client
 *
 * Return: 0, or -1 with @err: then nothing hostile must be read.
 */
int sandbox_enter(const struct credentials *as, struct err *err);

/**
 * sandbox_mounter() - for a child that mounts, and reads nothing hostile: of all capabilities CAP_SYS_ADMIN and
 *                     CAP_DAC_READ_SEARCH, as far as the daemon has them; no_new_privs; no core dump
 *
 * Return: 0, or -1 with @err.
 */
int sandbox_mounter(struct err *err);

#endif

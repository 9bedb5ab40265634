/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Work directories for criu, for jobs whose client gave none. They lie in one detached tmpfs: no path
 * leads there, and nothing is left to clean up after kill -9.
 */
#ifndef FDBROKER_SCRATCH_H
#define FDBROKER_SCRATCH_H

#include <stdint.h>
#include <sys/types.h>

/* Make the filesystem. Return: its root directory, owned by the caller, or -errno. */
int scratch_open(void);

/* Make the directory of a job. Return: a descriptor for it, owned by the caller, or -errno. */
int scratch_make(int scratch, uint64_t job);

/*
 * A directory that is a file system of its own, for a job whose criu is not root's: its owner can reach it by
 * criu's /proc/PID/cwd, and shall neither fill nor see what is others'. It goes with the descriptor.
 *
 * Return: a descriptor for it, owned by the caller, or -errno.
 */
int scratch_make_private(uid_t uid, gid_t gid);

/* Remove the directory of a job with the files in it. None there: nothing happens. */
void scratch_remove(int scratch, uint64_t job);

#endif

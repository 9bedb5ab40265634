/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has a pid. The kernel gives a number to nobody else as long as it is the pid of a process or
 * thread, of a zombie that nobody has waited for, or the number of a process group or session that still
 * has a member: criu then fails with EEXIST.
 */
#ifndef FDBROKER_BASE_PIDS_H
#define FDBROKER_BASE_PIDS_H

#include <stddef.h>
#include <stdint.h>

struct pid_taken {
	uint32_t pid;    /* one of those that were asked for */
	uint32_t holder; /* the process that has it, or is in its group or session */
	/* "a process named sleep", "a thread of sleep", "a zombie of 812 (sh)", "the process group of
	 * sleep", "the session of sleep": printable */
	char what[96];
};

/* So many are told. It is no news that the other hundred of a tree that runs are taken too. */
#define PIDS_MAX_TAKEN 16

/**
 * pids_taken() - which of some pids are in use
 * @proc: /proc of the pid namespace that is meant, open as a directory; borrowed
 * @pids: in any order
 * @ret:  filled in, in the order of @pids
 *
 * Reads /proc/PID/status of each of them, and then of every process that there is. What ends or begins
 * meanwhile is told or not: nothing holds it still. Without a /proc that shows all processes
 * (hidepid) it finds less.
 *
 * Return: how many are in @ret, or -errno.
 */
int pids_taken(int proc, const uint32_t *pids, size_t n, struct pid_taken ret[PIDS_MAX_TAKEN]);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a restored root task that is not our child: after a restart of the daemon it belongs to
 * another parent. A pidfd tells everybody that a task has ended; how it ended, Linux >= 6.15 tells too, but
 * only after the parent has waited for it.
 */
#ifndef FDBROKER_ROOTWATCH_H
#define FDBROKER_ROOTWATCH_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ROOTWATCH_POLL_MS 20   /* between two questions, once it has ended */
#define ROOTWATCH_WAIT_MS 2000 /* for its parent */

struct rootwatch;

/* Called once, from the loop, after which the watch is gone: touch it no more. */
typedef void rootwatch_ended(void *arg, bool known, int status);

/**
 * rootwatch_start() - wait for the end of a task
 * @base:  borrowed, must outlive the watch
 * @pidfd: consumed in every case
 * @ended: told the status, as waitpid(2) gives it, if @known; else the task has ended and nobody can say how:
 *         the kernel is too old, or its parent has not waited for it within ROOTWATCH_WAIT_MS
 * @ret:   on success, until @ended or rootwatch_stop()
 *
 * A task that has ended already is told from the loop as well.
 *
 * Return: 0 or -errno.
 */
int rootwatch_start(struct event_base *base, int pidfd, rootwatch_ended *ended, void *arg,
	struct rootwatch **ret);

/* Watch no longer. NULL is allowed. */
void rootwatch_stop(struct rootwatch *w);

/**
 * rootwatch_status() - how did a task end?
 * @pidfd:      borrowed; opened before the task was gone
 * @ret_status: as waitpid(2) gives it
 *
 * Return: 0; -EAGAIN: it runs, or its parent has not waited for it yet; -ENODATA: it is gone, and the kernel
 *         does not know; other -errno: the kernel is too old (< 6.13), or that is no pidfd.
 */
int rootwatch_status(int pidfd, int *ret_status);

/**
 * rootwatch_start_time() - when was a process started? Tells it from a later one with the same pid
 * @ret: ticks since the boot, as in /proc/PID/stat
 *
 * Return: 0; -ESRCH: there is no such process; -EBADMSG, other -errno.
 */
int rootwatch_start_time(pid_t pid, uint64_t *ret);

/**
 * rootwatch_pid() - whose pidfd is that?
 * @fd: borrowed
 *
 * Return: its pid; 0: that of a process that has ended and was waited for, or that has no number here; -EBADF: no
 *         pidfd; other -errno.
 */
pid_t rootwatch_pid(int fd);

/*
 * A number that all pidfds of one process have, and until the next boot no other (Linux 6.9); 0: the kernel has
 * none, or that is no pidfd.
 */
uint64_t rootwatch_inode(int pidfd);

#endif

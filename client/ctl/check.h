/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of `check` share. The command itself: cmd_check.c. */
#ifndef FDBROKER_CTL_CHECK_H
#define FDBROKER_CTL_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl.h"
#include "fdbroker.h"
#include "signals.h"

#define CHECK_MAX_FINDINGS 16

/* Something that is missing on this machine, or odd. */
struct check_finding {
	const char *text;
	const char *todo; /* what to do about it */
};

struct check {
	struct ctl *ctl;        /* borrowed */
	struct fdb_client *c;   /* owned */
	struct fdb_report *rep; /* owned; NULL: no broker was reached */
	struct signals signals;
	uint32_t deadline_ms; /* for each step */

	char release[66];                                         /* of the kernel */
	char criu_version[32];                                    /* "" if unknown */
	const struct check_finding *findings[CHECK_MAX_FINDINGS]; /* static ones */
	size_t n_findings;

	uint64_t dump_us, restore_us; /* 0: not done */

	/* The first thing that failed: */
	enum ctl_exit exit; /* CTL_DONE: nothing so far */
	char failure[640];
	char *log; /* owned; where the log of it is, or NULL */
};

/* Something failed: the first one counts. Return: -1. */
int check_fail(struct check *ch, enum ctl_exit exit, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* What to do where criu hangs: "; ..." to end a sentence with, or "". */
const char *check_hang_advice(const struct check *ch);

/* Microseconds on CLOCK_MONOTONIC. */
int64_t check_now_us(void);

/**
 * check_wait() - wait for a descriptor, a signal or a deadline
 * @events: of poll(2)
 * @until_us: on the clock of check_now_us()
 *
 * Return: 0: ready; -ETIMEDOUT; -EINTR: interrupted by the user, check_fail() has been called.
 */
int check_wait(struct check *ch, int fd, short events, int64_t until_us);

/* ---- check_machine.c ---- */

/* Look at the machine and the broker's report; fill in findings, release. */
void check_machine(struct check *ch);

/* ---- check_criu.c ---- */

/* Fill in criu_version. Return: 0, or -1 after check_fail(). */
int check_criu_version(struct check *ch);

/**
 * check_criu_dump() - dump a task
 * @dir: path of an empty directory for the images
 *
 * Return: 0: dumped, and criu has ended the task; -1 after check_fail(): criu is gone, the task may
 * be there, half dumped.
 */
int check_criu_dump(struct check *ch, pid_t pid, const char *dir);

/* ---- check_target.c ---- */

/* A task to be dumped. */
struct check_target {
	pid_t pid; /* 0: none */
	int pidfd; /* owned, or -1 */
};

/* The descriptor that it has on the file. */
#define CHECK_TARGET_FD 3

/**
 * check_target_start() - start it, and wait until it is as it shall be
 * @path: a regular file that it opens as CHECK_TARGET_FD
 *
 * Return: 0, or -1 after check_fail().
 */
int check_target_start(struct check *ch, const char *path, struct check_target *ret);

/* End it, if it lives, and reap it. */
void check_target_end(struct check_target *t);

/* ---- check_restore.c ---- */

/**
 * check_restore() - restore the task, look at it, end it
 * @images: path of the images
 * @key:    of the file that the task has open
 * @path:   a file to lend in its place
 *
 * Return: 0, or -1 after check_fail(). The task is gone in either case.
 */
int check_restore(struct check *ch, const char *images, const char *key, const char *path);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What outlives the daemon: a directory with a record and a log of each job, as "job-N" and "job-N.log".
 * What is in a record is not known here. It lies in /run, which is memory: reading and writing do not
 * wait, and it ends when restored trees end, with the machine.
 *
 * Without a directory nothing outlives us: records are dropped, and logs are memory that is kept here.
 */
#ifndef FDBROKER_KEEP_H
#define FDBROKER_KEEP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KEEP_MAX_BYTES (1024 * 1024) /* of one record */

struct keep {
	int dir;    /* owned; -1: nothing outlives us */
	int lock;   /* owned; the file whose lock says that the directory is ours; -1 with dir */
	void *logs; /* owned; of tsearch(3): the logs, where there is no directory */
};

/* What a keep is before keep_open(). */
#define KEEP_NONE ((struct keep){ .dir = -1, .lock = -1 })

/**
 * keep_open() - make the directory if it is missing, and take it for ourselves
 * @path: NULL: nothing outlives us. The folder that it is in is made too (0755), but none above that
 * @ret:  keep_close() ends it
 *
 * The directory must be owned by us, and nobody else may write there. It is ours until keep_close() or
 * our end: children that were forked meanwhile do not hold it.
 *
 * Return: 0, or -1 with @err, which names the directory: who uses it already, or what is wrong with it.
 */
int keep_open(const char *path, struct keep *ret, struct err *err);

/* What was kept stays. KEEP_NONE: nothing happens. */
void keep_close(struct keep *k);

/**
 * keep_write() - write or replace the record of a job
 *
 * At any moment, whatever happens to us, there is the whole old record or the whole new one.
 *
 * Return: 0; -E2BIG: more than KEEP_MAX_BYTES; -ENOSPC and other -errno: the old record is unchanged.
 */
int keep_write(struct keep *k, uint64_t job, const void *bytes, size_t size);

/* Remove the record of a job. Return: 0, also if there was none, or -errno. */
int keep_remove(struct keep *k, uint64_t job);

/**
 * keep_each() - tell of every record, the lowest number first
 * @fn: told the bytes, borrowed until it returns; or, with bytes NULL and size 0, a negative errno: there
 *      is something of that name that cannot be read (-EFBIG: too large; -EINVAL: no regular file).
 *      It may write and remove records
 *
 * For the start, before anything is written: removes what a predecessor has left half-written, and logs
 * of jobs that have no record. Files of any other name are left alone.
 *
 * Return: 0, or -errno: the directory cannot be listed, no memory.
 */
int keep_each(struct keep *k,
	void (*fn)(void *arg, uint64_t job, const void *bytes, size_t size, int error), void *arg);

/* A new log of a job. Return: its descriptor, O_RDWR | O_APPEND, the caller's; -EEXIST and other -errno. */
int keep_log_make(struct keep *k, uint64_t job);

/* The log of a job, with a position of its own. Return: an O_RDONLY descriptor, the caller's; -errno. */
int keep_log_open(struct keep *k, uint64_t job);

/* Remove the log of a job; who has it open keeps it. Return: 0, also if there was none, or -errno. */
int keep_log_remove(struct keep *k, uint64_t job);

/**
 * keep_log_trim() - shorten a log that nobody writes to any more
 * @max_bytes: a longer log is replaced by its first and last lines, half of this each, and between them a
 *             line that says how much was left out. Who has the log open keeps the whole one
 *
 * Copies up to @max_bytes before it returns.
 *
 * Return: the size of the log now, bytes; -errno: the log is unchanged.
 */
int64_t keep_log_trim(struct keep *k, uint64_t job, uint64_t max_bytes);

#endif

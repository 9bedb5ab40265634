/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* criu's log, which the broker hands over open: into a file, or its end onto the terminal. */
#ifndef FDBROKER_CTL_LOGFILE_H
#define FDBROKER_CTL_LOGFILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"

/* As criu itself names the log of a restore. */
#define LOGFILE_NAME "restore.log"

/**
 * logfile_keep() - copy a log to a file
 * @log:  borrowed; read from its start
 * @dir:  path of a directory, for DIR/restore.log, which is replaced; NULL: a new file in $TMPDIR
 *        or /tmp
 *
 * An empty log is not kept.
 *
 * Return: 0 with *ret_path, the path of the file, the caller's (free), or NULL: it is empty; -1
 *         with @err.
 */
int logfile_keep(int log, const char *dir, char **ret_path, struct err *err);

/* What is done with a line of a log: printable, without its end. */
typedef void logfile_line(void *arg, const char *line);

/**
 * logfile_lines() - what has been added to a log, line by line, each made printable
 * @at:  where to begin; set to where the next call goes on
 * @all: the last line too, if it does not end yet
 *
 * Return: 0, or -errno: the log cannot be read.
 */
int logfile_lines(int log, off_t *at, bool all, logfile_line *put, void *arg);

/* The same to a stream, byte for byte. */
int logfile_copy(FILE *f, int log, off_t *at);

/* Print the last lines of a log, each made printable. */
void logfile_tail(FILE *f, int log, unsigned lines);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* criu's log, which the broker hands over open: into a file, or its end onto the terminal. */
#ifndef FDBROKER_CTL_LOGFILE_H
#define FDBROKER_CTL_LOGFILE_H

#include <stdio.h>

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

/* Print the last lines of a log, each made printable. */
void logfile_tail(FILE *f, int log, unsigned lines);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why criu failed, from its log: cr_errmsg alone is useless (it is the first error line of the run,
 * fatal or not, and it is filled on success too).
 */
#ifndef FDBROKER_REASON_H
#define FDBROKER_REASON_H

#include <stdbool.h>
#include <stddef.h>

/**
 * reason_find() - the earliest line of a criu log that tells why a restore failed
 * @log:  file with the log, borrowed; read from its start, its position is not used or moved
 * @ret:  "task 32: File tmp/x has bad size 10 (expect 5)", cut at @size - 1 bytes. Where the log holds
 *        no error line, its last line: a criu that never came to logging says there what is wrong
 *
 * Reads at most 4 MiB, and of a line the first 4 KiB. Return: true if anything was found.
 */
bool reason_find(int log, char *ret, size_t size);

/**
 * reason_line() - one line of the log as an error for people
 * @line: without its newline; modified
 *
 * Return: the telling part of an error line, inside @line, or NULL if it is none or one that every
 * criu without CAP_SYS_RESOURCE logs. *ret_pid: the task that said it, 0 for criu itself.
 */
const char *reason_line(char *line, long *ret_pid);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log that is too long -> its first and last lines, and one between them that says what is missing. */
#ifndef FDBROKER_SHORTEN_H
#define FDBROKER_SHORTEN_H

#include <stdint.h>
#include <sys/types.h>

/**
 * shorten() - copy the beginning and the end of a log
 * @from:      a regular file; borrowed, its position is left alone
 * @size:      of @from, bytes; more than @max_bytes
 * @max_bytes: what is written is no more than that (but that one line is, in any case). Cut at the ends of
 *             lines, if they are not too long
 * @to:        borrowed; written from its position on
 *
 * Return: 0 or -errno.
 */
int shorten(int from, off_t size, uint64_t max_bytes, int to);

#endif

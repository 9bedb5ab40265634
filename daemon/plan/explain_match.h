/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * criu's log, line by line, and patterns for what its lines say. A line is
 *
 *   (00.004607)     10: Error (criu/files-reg.c:2175): File tmp/data has bad size 14 (expect 7)
 *   (00.007357) pie: 10: Error (criu/pie/restorer.c:1835): Can't read pages data (-9)
 *   (00.001230) Error (criu/tty.c:1010): tty: Don't have tty to inherit session from, aborting
 *
 * the time missing before the log is open, the pid for criu itself (criu/log.c of CRIU 4.1.1). The log may
 * hold any bytes: nothing here looks for a final zero.
 */
#ifndef FDBROKER_PLAN_EXPLAIN_MATCH_H
#define FDBROKER_PLAN_EXPLAIN_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPLAIN_MAX_CAPTURES 4

/* Borrowed from the log. */
struct explain_line {
	const char *text; /* what is said: after time, pid and "Error (FILE:LINE): " */
	size_t bytes;
	uint32_t pid; /* the task that says it, 0: criu itself */
	bool error;
	bool bare; /* neither a time nor "Error": not from criu's log, or the rest of a line before */
};

struct explain_capture {
	const char *bytes; /* borrowed */
	size_t n;
	char type; /* the letter after '%' */
};

struct explain_captures {
	struct explain_capture list[EXPLAIN_MAX_CAPTURES];
	size_t n;
};

/**
 * explain_next_line() - the next line of a log
 * @at:  where it begins; moved to the one after it
 * @end: of the log
 *
 * Return: false at the end.
 */
bool explain_next_line(const char **at, const char *end, struct explain_line *ret);

/**
 * explain_match() - does a line begin as a pattern says
 * @pattern: letters stand for themselves; "%d" is a number in decimal, "%x" one in hexadecimal with or
 *           without 0x, "%s" all up to what follows it in the pattern, or to the end. %i, %p, %t are %d
 *           and %f is %x for numbers that mean something: an inode, a pid, a pts, an open file's id
 * @ret:     what stood there; may be filled in partly if nothing matches
 *
 * The name of a part of criu before the text ("tty: ") may be left out of the pattern.
 */
bool explain_match(
	const char *pattern, const struct explain_line *line, struct explain_captures *ret);

/* The number of a capture, or of 0 if there is none or it is too large. */
uint32_t explain_number(const struct explain_captures *captures, size_t index);

#endif

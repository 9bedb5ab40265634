/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line of output, put together from left to right: never longer than the screen is wide. */
#ifndef FDBROKER_CTL_LINE_H
#define FDBROKER_CTL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "screen.h"

enum line_style {
	LINE_PLAIN,
	LINE_BOLD,
	LINE_DIM,
	LINE_GOOD,
	LINE_BAD,
	LINE_WARN,
	LINE_MARK, /* and all numbers from here on: one of some colours */
};

/* Zero it and set screen; used again after each line_end(). */
struct line {
	const struct screen *screen; /* borrowed */
	char *text;                  /* owned */
	size_t n, max;               /* bytes */
	unsigned columns;
	bool failed; /* no memory: from then on lines are not whole */
};

/* Add a printable text. What does not fit on the screen is cut, with an ellipsis. */
void line_put(struct line *l, unsigned style, const char *text);

/**
 * line_name() - add a text that is cut in its middle if it does not fit
 * @keep: columns that are to stay free for what follows
 */
void line_name(struct line *l, unsigned style, const char *text, unsigned keep);

/* Add blanks up to a column, counted from 0. */
void line_pad(struct line *l, unsigned column);

/* Write the line without trailing blanks, and begin the next. */
void line_end(struct line *l, FILE *f);

/* Write a printable text as lines that are broken at blanks, each behind so many columns. */
void line_wrap(struct line *l, unsigned indent, const char *text, FILE *f);

/* Forget what was added since the last line. */
void line_drop(struct line *l);

void line_done(struct line *l);

#endif

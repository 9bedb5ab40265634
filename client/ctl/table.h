/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows under a header: the one style of table that all commands have. */
#ifndef FDBROKER_CTL_TABLE_H
#define FDBROKER_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "screen.h"

struct table_column {
	const char *title;
	bool right;   /* figures stand at the right */
	bool elastic; /* made narrower where the screen is: what it holds is cut, with an ellipsis */
};

struct table_cell {
	char *text; /* owned; printable */
	unsigned style;
};

/* Zero it and set the columns; then cells, row by row. */
struct table {
	const struct table_column *columns; /* borrowed */
	size_t n_columns;
	struct table_cell *cells; /* owned */
	size_t n, max;
	bool failed; /* no memory: cells are missing */
};

/**
 * table_cell() - the next cell
 * @style: of line.h
 * @text:  any bytes; made printable
 */
void table_cell(struct table *t, unsigned style, const char *text);

/* The same, for text that is put together. */
void table_cellf(struct table *t, unsigned style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * table_print() - write all of it
 * @screen: its width is kept to as far as elastic columns let it; 0: nothing is cut
 * @header: with the titles above
 *
 * Return: 0, or -ENOMEM: the table was not whole.
 */
int table_print(const struct table *t, const struct screen *screen, bool header, FILE *f);

void table_done(struct table *t);

#endif

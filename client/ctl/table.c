/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables: cells are kept until all are known, for the widest says how wide its column is. See table.h. */
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "line.h"
#include "text.h"

#define GAP   2 /* blanks between columns */
/* An elastic column is not made narrower than this. */
#define LEAST 8

/* ---- cells ---- */

void table_cell(struct table *t, unsigned style, const char *text)
{
	char *copy = text_printable(text);

	if (copy && t->n == t->max) {
		size_t max = t->max ? t->max * 2 : 64;
		struct table_cell *grown = reallocarray(t->cells, max, sizeof(*grown));

		if (grown) {
			t->cells = grown;
			t->max = max;
		}
	}
	if (!copy || t->n == t->max) {
		free(copy);
		t->failed = true;
		return;
	}
	t->cells[t->n++] = (struct table_cell){ copy, style };
}

void table_cellf(struct table *t, unsigned style, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		text = NULL; /* vasprintf() leaves it undefined */
		t->failed = true;
		return;
	}
	table_cell(t, style, text);
}

void table_done(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	*t = (struct table){ 0 };
}

/* ---- widths ---- */

static unsigned total(const unsigned *widths, size_t n)
{
	unsigned sum = n ? GAP * (unsigned)(n - 1) : 0;

	for (size_t i = 0; i < n; i++)
		sum += widths[i];
	return sum;
}

/* Return: the widest elastic column that can give something; n_columns: none. */
static size_t widest(const struct table *t, const unsigned *widths)
{
	size_t found = t->n_columns;

	for (size_t i = 0; i < t->n_columns; i++)
		if (t->columns[i].elastic && widths[i] > LEAST &&
			(found == t->n_columns || widths[i] > widths[found]))
			found = i;
	return found;
}

static void measure(const struct table *t, unsigned width, bool header, unsigned *ret)
{
	for (size_t i = 0; i < t->n_columns; i++)
		ret[i] = header ? screen_columns(t->columns[i].title) : 0;
	for (size_t row = 0; row + t->n_columns <= t->n; row += t->n_columns)
		for (size_t i = 0; i < t->n_columns; i++) {
			unsigned columns = screen_columns(t->cells[row + i].text);

			ret[i] = columns > ret[i] ? columns : ret[i];
		}
	while (width && total(ret, t->n_columns) > width) {
		size_t i = widest(t, ret);

		if (i == t->n_columns)
			return;
		ret[i]--;
	}
}

/* ---- printing ---- */

static void put_row(const struct table *t, const struct screen *screen, const unsigned *widths,
	const struct table_cell *row, FILE *f)
{
	struct screen cell = *screen;
	struct line l = { .screen = &cell };
	unsigned at = 0;

	for (size_t i = 0; i < t->n_columns; i++) {
		const char *text = row ? row[i].text : t->columns[i].title;
		unsigned columns = screen_columns(text);

		/* The line cuts what is longer than its screen, which here ends with the cell. */
		cell.width = at + widths[i];
		if (screen->width && cell.width > screen->width)
			cell.width = screen->width;
		if (t->columns[i].right && columns < widths[i])
			line_pad(&l, at + widths[i] - columns);
		line_put(&l, row ? row[i].style : LINE_BOLD, text);
		at += widths[i] + GAP;
		cell.width = screen->width;
		line_pad(&l, at);
	}
	line_end(&l, f);
	line_done(&l);
}

int table_print(const struct table *t, const struct screen *screen, bool header, FILE *f)
{
	autofree unsigned *widths = calloc(t->n_columns + 1, sizeof(*widths));

	if (!widths || t->failed)
		return -ENOMEM;
	measure(t, screen->width, header, widths);
	if (header)
		put_row(t, screen, widths, NULL, f);
	for (size_t i = 0; i + t->n_columns <= t->n; i += t->n_columns)
		put_row(t, screen, widths, &t->cells[i], f);
	return 0;
}

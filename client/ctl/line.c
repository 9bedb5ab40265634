/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of columns. See line.h. */
#include "line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* No name is made shorter than this, if that can be helped. */
#define LEAST_NAME 20

static void bytes(struct line *l, const char *text, size_t n)
{
	if (l->n + n + 1 > l->max) {
		size_t max = (l->n + n + 1) * 2;
		char *grown = realloc(l->text, max);

		if (!grown) {
			l->failed = true;
			return;
		}
		l->text = grown;
		l->max = max;
	}
	memcpy(l->text + l->n, text, n);
	l->n += n;
	l->text[l->n] = 0;
}

static void string(struct line *l, const char *text)
{
	bytes(l, text, strlen(text));
}

static const char *ellipsis(const struct line *l)
{
	return l->screen->lines ? "…" : "...";
}

/* Columns that are left on the screen. */
static unsigned room(const struct line *l)
{
	if (!l->screen->width)
		return UINT32_MAX;
	return l->screen->width > l->columns ? l->screen->width - l->columns : 0;
}

static void begin_style(struct line *l, unsigned style)
{
	static const char *const codes[] = {
		[LINE_BOLD] = "\033[1m",
		[LINE_DIM] = "\033[2m",
		[LINE_GOOD] = "\033[32m",
		[LINE_BAD] = "\033[1;31m",
		[LINE_WARN] = "\033[33m",
	};
	static const char *const marks[] = { "\033[1;36m", "\033[1;33m", "\033[1;35m", "\033[1;32m",
		"\033[1;34m", "\033[1;31m" };

	if (!l->screen->colour || style == LINE_PLAIN)
		return;
	if (style < LINE_MARK)
		string(l, codes[style]);
	else
		string(l, marks[(style - LINE_MARK) % (sizeof(marks) / sizeof(marks[0]))]);
}

static void end_style(struct line *l, unsigned style)
{
	if (l->screen->colour && style != LINE_PLAIN)
		string(l, "\033[0m");
}

/* Bytes of the longest beginning of a text that takes no more than so many columns. */
static size_t beginning(const char *text, unsigned columns, unsigned *ret_columns)
{
	size_t used = 0;

	*ret_columns = 0;
	while (text[used]) {
		char one[5] = { 0 };
		uint32_t c;
		size_t n = utf8_decode(text + used, 4, &c);
		unsigned width;

		n = n ? n : 1;
		memcpy(one, text + used, n);
		width = screen_columns(one);
		if (*ret_columns + width > columns)
			break;
		*ret_columns += width;
		used += n;
	}
	return used;
}

void line_put(struct line *l, unsigned style, const char *text)
{
	unsigned columns = screen_columns(text), left = room(l), dots, taken;
	size_t n;

	if (!text[0] || !left)
		return;
	begin_style(l, style);
	if (columns <= left) {
		string(l, text);
		l->columns += columns;
	} else {
		dots = screen_columns(ellipsis(l));
		n = beginning(text, left > dots ? left - dots : 0, &taken);
		bytes(l, text, n);
		bytes(l, ellipsis(l), left < dots ? left : strlen(ellipsis(l)));
		l->columns = l->screen->width;
	}
	end_style(l, style);
}

void line_name(struct line *l, unsigned style, const char *text, unsigned keep)
{
	unsigned columns = screen_columns(text), left = room(l), dots, head, taken, skipped;
	unsigned space = left > keep + LEAST_NAME ? left - keep : LEAST_NAME;
	size_t n, tail;

	if (columns <= space || space > left || !l->screen->width) {
		line_put(l, style, text);
		return;
	}
	/* The end of a path tells more than its beginning. */
	dots = screen_columns(ellipsis(l));
	head = (space - dots) / 3;
	n = beginning(text, head, &taken);
	tail = beginning(text, columns - (space - dots - taken), &skipped);
	if (skipped < columns - (space - dots - taken)) {
		uint32_t c;

		/* A wide character lies across the cut. */
		tail += utf8_decode(text + tail, 4, &c);
		skipped = columns - screen_columns(text + tail);
	}
	begin_style(l, style);
	bytes(l, text, n);
	string(l, ellipsis(l));
	string(l, text + tail);
	end_style(l, style);
	l->columns += taken + dots + (columns - skipped);
}

void line_pad(struct line *l, unsigned column)
{
	while (l->columns < column && room(l)) {
		bytes(l, " ", 1);
		l->columns++;
	}
}

void line_end(struct line *l, FILE *f)
{
	while (l->n && l->text[l->n - 1] == ' ')
		l->n--;
	if (l->n)
		fwrite(l->text, 1, l->n, f);
	fputc('\n', f);
	line_drop(l);
}

void line_drop(struct line *l)
{
	l->n = 0;
	l->columns = 0;
}

void line_wrap(struct line *l, unsigned indent, const char *text, FILE *f)
{
	line_pad(l, indent);
	while (*text) {
		char word[128] = { 0 };
		size_t n = strcspn(text, " ");
		unsigned columns;

		/* A longer one is written in pieces, and may then be broken anywhere. */
		memcpy(word, text, n < sizeof(word) ? n : 0);
		columns = n < sizeof(word) ? screen_columns(word) : 0;
		if (l->columns > indent && room(l) < columns) {
			line_end(l, f);
			line_pad(l, indent);
		}
		bytes(l, text, n);
		l->columns += n < sizeof(word) ? columns : (unsigned)n;
		text += n;
		if (*text == ' ') {
			bytes(l, " ", 1);
			l->columns++;
			text++;
		}
	}
	line_end(l, f);
}

void line_done(struct line *l)
{
	free(l->text);
	*l = (struct line){ 0 };
}

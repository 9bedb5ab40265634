/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of criu's log, and patterns. See explain_match.h. What the lines mean: explain_rules.c. */
#include "plan/explain_match.h"

#include <stdlib.h>
#include <string.h>

/* Longer than any name of a part, as "criu-net" would be. */
#define PART_MAX_BYTES 12
/* Of longer lines the beginning is looked at: criu writes a thousand bytes at most. */
#define LINE_MAX_BYTES 4096

/* ---- lines ---- */

static size_t digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

static size_t number_of(const char *p, size_t n)
{
	size_t value = 0;

	for (size_t i = 0; i < n && value <= UINT32_MAX; i++)
		value = value * 10 + (size_t)(p[i] - '0');
	return value <= UINT32_MAX ? value : 0;
}

static bool skip(const char **p, const char *end, const char *what)
{
	size_t n = strlen(what);

	if ((size_t)(end - *p) < n || memcmp(*p, what, n) != 0)
		return false;
	*p += n;
	return true;
}

/* "(00.004607) " */
static bool skip_time(const char **p, const char *end)
{
	const char *at = *p;

	if (!skip(&at, end, "("))
		return false;
	at += digits(at, end);
	if (!skip(&at, end, "."))
		return false;
	at += digits(at, end);
	if (!skip(&at, end, ") "))
		return false;
	*p = at;
	return true;
}

/* "    10: " or "pie: 10: " */
static void skip_pid(const char **p, const char *end, uint32_t *ret_pid)
{
	const char *at = *p;
	size_t n;

	(void)skip(&at, end, "pie: ");
	while (at < end && *at == ' ')
		at++;
	n = digits(at, end);
	if (n && n < 10 && end - at >= (ptrdiff_t)n + 2 && at[n] == ':' && at[n + 1] == ' ') {
		*ret_pid = (uint32_t)number_of(at, n);
		*p = at + n + 2;
	}
}

/* "Error (criu/files-reg.c:2175): " */
static bool skip_error(const char **p, const char *end)
{
	const char *at = *p, *close;

	if (!skip(&at, end, "Error ("))
		return false;
	close = memmem(at, (size_t)(end - at), "): ", 3);
	if (!close)
		return false;
	*p = close + 3;
	return true;
}

bool explain_next_line(const char **at, const char *end, struct explain_line *ret)
{
	const char *p = *at, *stop;
	bool timed;

	if (p >= end)
		return false;
	stop = memchr(p, '\n', (size_t)(end - p));
	*at = stop ? stop + 1 : end;
	if (!stop)
		stop = end;
	if (stop - p > LINE_MAX_BYTES)
		stop = p + LINE_MAX_BYTES;
	*ret = (struct explain_line){ 0 };
	timed = skip_time(&p, stop);
	if (timed)
		skip_pid(&p, stop, &ret->pid);
	ret->error = skip_error(&p, stop);
	while (p < stop && (*p == ' ' || *p == '\t'))
		p++;
	ret->bare = !timed && !ret->error;
	ret->text = p;
	ret->bytes = (size_t)(stop - p);
	return true;
}

/* ---- patterns ---- */

static size_t hex_digits(const char *p, const char *end)
{
	size_t n = 0;

	if (end - p >= 2 && p[0] == '0' && p[1] == 'x')
		n = 2;
	while (p + n < end && p[n] && strchr("0123456789abcdefABCDEF", p[n]))
		n++;
	return n;
}

/* Where what a '%' stands for ends. after: the pattern from there on. Return: NULL if nothing fits. */
static const char *end_of_capture(char type, const char *after, const char *at, const char *end)
{
	size_t literal = strcspn(after, "%"), n;

	if (type == 's')
		return literal ? memmem(at, (size_t)(end - at), after, literal) : end;
	n = type == 'x' || type == 'f' ? hex_digits(at, end) : digits(at, end);
	return n ? at + n : NULL;
}

static bool match_at(
	const char *pattern, const char *at, const char *end, struct explain_captures *ret)
{
	ret->n = 0;
	while (*pattern) {
		const char *stop;

		if (*pattern != '%') {
			if (at == end || *at != *pattern)
				return false;
			at++, pattern++;
			continue;
		}
		stop = end_of_capture(pattern[1], pattern + 2, at, end);
		if (!stop || ret->n == EXPLAIN_MAX_CAPTURES)
			return false;
		ret->list[ret->n++] =
			(struct explain_capture){ at, (size_t)(stop - at), pattern[1] };
		at = stop;
		pattern += 2;
	}
	return true;
}

/* After "tty: ", or NULL. */
static const char *after_part(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && n < PART_MAX_BYTES &&
		((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= '0' && p[n] <= '9') || p[n] == '-'))
		n++;
	return n && end - p >= (ptrdiff_t)n + 2 && memcmp(p + n, ": ", 2) == 0 ? p + n + 2 : NULL;
}

bool explain_match(
	const char *pattern, const struct explain_line *line, struct explain_captures *ret)
{
	const char *end = line->text + line->bytes;
	const char *inner;

	if (match_at(pattern, line->text, end, ret))
		return true;
	inner = after_part(line->text, end);
	return inner && match_at(pattern, inner, end, ret);
}

uint32_t explain_number(const struct explain_captures *captures, size_t index)
{
	const struct explain_capture *c = &captures->list[index];
	char text[24];
	unsigned long value;

	if (index >= captures->n || c->n >= sizeof(text))
		return 0;
	memcpy(text, c->bytes, c->n);
	text[c->n] = 0;
	value = strtoul(text, NULL, c->type == 'x' || c->type == 'f' ? 16 : 10);
	return value <= UINT32_MAX ? (uint32_t)value : 0;
}

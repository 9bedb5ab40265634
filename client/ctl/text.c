/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escaping. See text.h. */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORST 6 /* bytes that one byte may become: \uNNNN */

/* Continuation bytes of a character that begins with this byte; -1: none begins so. */
static int tail_bytes(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first >= 0xc2 && first <= 0xdf)
		return 1;
	if (first >= 0xe0 && first <= 0xef)
		return 2;
	if (first >= 0xf0 && first <= 0xf4)
		return 3;
	return -1;
}

/*
 * One character of valid UTF-8: its length in bytes and *ret its number. 0: these bytes are none.
 */
static size_t decode(const char *text, uint32_t *ret)
{
	static const uint32_t lowest[] = { 0, 0x80, 0x800, 0x10000 };
	static const unsigned char head[] = { 0x7f, 0x1f, 0x0f, 0x07 };
	int n = tail_bytes((unsigned char)text[0]);
	uint32_t c;

	if (n < 0)
		return 0;
	c = (unsigned char)text[0] & head[n];
	for (int i = 1; i <= n; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0; /* the final zero is no continuation either */
		c = c << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (c < lowest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return (size_t)n + 1;
}

/*
 * Does a terminal obey it, or does it make text look like another: controls, marks of direction,
 * separators.
 */
static bool dangerous(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

static char *room_for(const char *text)
{
	return malloc(strlen(text) * WORST + 1);
}

static char *put_bytes(char *out, const char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out += sprintf(out, "\\x%02x", (unsigned char)from[i]);
	return out;
}

char *text_printable(const char *text)
{
	char *copy = room_for(text), *out = copy;

	while (copy && *text) {
		uint32_t c;
		size_t n = decode(text, &c);

		if (n && !dangerous(c))
			out = mempcpy(out, text, n);
		else
			out = put_bytes(out, text, n ? n : 1);
		text += n ? n : 1;
	}
	if (copy)
		*out = 0;
	return copy;
}

char *text_utf8(const char *text)
{
	char *copy = room_for(text), *out = copy;

	while (copy && *text) {
		uint32_t c;
		size_t n = decode(text, &c);

		out = n ? mempcpy(out, text, n) : stpcpy(out, "\xef\xbf\xbd");
		text += n ? n : 1;
	}
	if (copy)
		*out = 0;
	return copy;
}

char *text_json(const char *json)
{
	char *copy = room_for(json), *out = copy;

	while (copy && *json) {
		uint32_t c;
		size_t n = decode(json, &c);

		if (n && dangerous(c) && c != '\n' && c != '\t')
			out += sprintf(out, "\\u%04x", c);
		else
			out = mempcpy(out, json, n ? n : 1);
		json += n ? n : 1;
	}
	if (copy)
		*out = 0;
	return copy;
}

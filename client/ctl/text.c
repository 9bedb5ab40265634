/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escaping. See text.h. */
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define WORST    6 /* bytes that one byte may become: \uNNNN */
#define UTF8_MAX 4 /* of one character; the final zero ends one that is cut */

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
		size_t n = utf8_decode(text, UTF8_MAX, &c);

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
	return utf8_clean(text, strlen(text));
}

char *text_json(const char *json)
{
	char *copy = room_for(json), *out = copy;

	while (copy && *json) {
		uint32_t c;
		size_t n = utf8_decode(json, UTF8_MAX, &c);

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

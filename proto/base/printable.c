/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escapes what must not reach a terminal or a log as it is. See printable.h. */
#include "base/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define CUT      "..."
#define UTF8_MAX 4 /* of one character; the final zero ends one that is cut */

/* Lines and writing directions: U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069. */
static bool steers(uint32_t c)
{
	return c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* Bytes of the UTF-8 character at the start of n bytes, if it is a whole one and may be shown; else 0. */
static size_t shown_length(const char *p, size_t n)
{
	uint32_t c;
	size_t length = utf8_decode(p, n, &c);

	return length && c >= 0xa0 && !steers(c) ? length : 0;
}

/* One character or byte of the input as text. Return: bytes of input that it took. */
static size_t next(char part[8], const unsigned char *p, size_t n)
{
	size_t length = *p < 0x80 ? 0 : shown_length((const char *)p, n);

	if (*p >= ' ' && *p < 0x7f && *p != '\\')
		snprintf(part, 8, "%c", *p);
	else if (*p == '\\')
		snprintf(part, 8, "\\\\");
	else if (length)
		snprintf(part, 8, "%.*s", (int)length, (const char *)p);
	else
		snprintf(part, 8, "\\x%02x", *p);
	return length ? length : 1;
}

const char *printable(char *buf, size_t size, const char *bytes, size_t n)
{
	const unsigned char *p = (const unsigned char *)bytes;
	size_t used = 0, whole = 0; /* whole: how much may stay if the end must be cut */

	buf[0] = 0;
	while (n) {
		char part[8];
		size_t took = next(part, p, n);
		size_t length = strlen(part);

		if (used + length >= size) {
			memcpy(buf + whole, CUT, sizeof(CUT));
			return buf;
		}
		memcpy(buf + used, part, length + 1);
		used += length;
		if (used + sizeof(CUT) <= size)
			whole = used;
		p += took;
		n -= took;
	}
	return buf;
}

void printable_line(char *text)
{
	while (*text) {
		unsigned char c = (unsigned char)*text;
		size_t length = c < 0x80 ? c >= ' ' && c < 0x7f : shown_length(text, UTF8_MAX);

		if (!length)
			*text = '?';
		text += length ? length : 1;
	}
}

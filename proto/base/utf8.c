/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoding UTF-8, and making it valid. See utf8.h; what a terminal must not see is in printable.c. */
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT       "\xef\xbf\xbd"
#define REPLACEMENT_BYTES 3

/* Bytes of a character that begins with this one; 0: none begins so. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

size_t utf8_decode(const char *bytes, size_t n, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const unsigned char head[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const unsigned char *p = (const unsigned char *)bytes;
	size_t length = n ? length_of(p[0]) : 0;
	uint32_t c;

	if (length == 0 || length > n)
		return 0;
	c = p[0] & head[length];
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return length;
}

bool utf8_valid(const char *bytes, size_t n)
{
	while (n) {
		uint32_t c;
		size_t length = utf8_decode(bytes, n, &c);

		if (length == 0 || c == 0)
			return false;
		bytes += length;
		n -= length;
	}
	return true;
}

char *utf8_clean(const char *bytes, size_t n)
{
	char *copy = malloc(n * REPLACEMENT_BYTES + 1), *out = copy;

	while (copy && n) {
		uint32_t c;
		size_t length = utf8_decode(bytes, n, &c);

		if (length && c)
			out = mempcpy(out, bytes, length);
		else
			out = mempcpy(out, REPLACEMENT, REPLACEMENT_BYTES);
		bytes += length ? length : 1;
		n -= length ? length : 1;
	}
	if (copy)
		*out = 0;
	return copy;
}

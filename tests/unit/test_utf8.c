/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decoding of UTF-8: what is a character, what is not, and what becomes of the latter. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct row {
	const char *name, *bytes;
	size_t n;
	size_t length; /* 0: no character */
	uint32_t c;
};

static void decoded(void **state)
{
	const struct row *r = *state;
	uint32_t c = 77;

	assert_int_equal(utf8_decode(r->bytes, r->n, &c), r->length);
	assert_int_equal(c, r->length ? r->c : 77);
	assert_int_equal(utf8_valid(r->bytes, r->n), r->length == r->n && c != 0);
}

static struct row rows[] = {
	{ "ASCII", "a", 1, 1, 'a' },
	{ "a zero is a character, but none of a text", "", 1, 1, 0 },
	{ "two bytes", "\xc3\xa9", 2, 2, 0xe9 },
	{ "three bytes", "\xe2\x82\xac", 3, 3, 0x20ac },
	{ "four bytes", "\xf0\x9f\x98\x80", 4, 4, 0x1f600 },
	{ "the highest", "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff },
	{ "above the highest", "\xf4\x90\x80\x80", 4, 0, 0 },
	{ "a continuation alone", "\x80", 1, 0, 0 },
	{ "cut by the length", "\xe2\x82\xac", 2, 0, 0 },
	{ "cut by the end of the text", "\xe2\x82", 3, 0, 0 },
	{ "two bytes for ASCII", "\xc1\x81", 2, 0, 0 },
	{ "three bytes for what needs two", "\xe0\x83\xa9", 3, 0, 0 },
	{ "four bytes for what needs three", "\xf0\x82\x82\xac", 4, 0, 0 },
	{ "a surrogate", "\xed\xa0\x80", 3, 0, 0 },
	{ "nothing", "", 0, 0, 0 },
};

static void cleaned(void **state)
{
	char *clean = utf8_clean("a\xff\xc3\xa9\0\xe2\x82z", 8);

	(void)state;
	assert_string_equal(clean, "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz");
	free(clean);
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int main(void)
{
	struct CMUnitTest tests[COUNT(rows) + 1];

	for (size_t i = 0; i < COUNT(rows); i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, decoded, NULL, NULL, &rows[i] };
	tests[COUNT(rows)] = (struct CMUnitTest)cmocka_unit_test(cleaned);
	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}

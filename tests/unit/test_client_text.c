/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl: foreign text before it reaches a terminal or JSON. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

struct text_case {
	const char *name;
	const char *text;
	const char *printable;
	const char *utf8; /* NULL: as it was */
};

static void check_text(void **state)
{
	const struct text_case *c = *state;
	char *printable = text_printable(c->text), *utf8 = text_utf8(c->text);

	assert_string_equal(printable, c->printable);
	assert_string_equal(utf8, c->utf8 ? c->utf8 : c->text);
	free(printable);
	free(utf8);
}

static void check_json(void **state)
{
	char *got = text_json("{\n\t\"a\": \"\xc3\xa4 \x7f \xc2\x9b \xe2\x80\xae\"\n}");

	(void)state;
	assert_string_equal(got, "{\n\t\"a\": \"\xc3\xa4 \\u007f \\u009b \\u202e\"\n}");
	free(got);
}

int main(void)
{
	static struct text_case cases[] = {
		{ "plain", "tmp/x: [4711]", "tmp/x: [4711]", NULL },
		{ "empty", "", "", NULL },
		{ "umlauts, a euro, an emoji", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
			"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", NULL },
		{ "escape sequence", "\033]0;x\a", "\\x1b]0;x\\x07", NULL },
		{ "line breaks", "a\nb\r", "a\\x0ab\\x0d", NULL },
		{ "DEL", "\x7f", "\\x7f", NULL },
		{ "C1: CSI in UTF-8", "\xc2\x9b", "\\xc2\\x9b", NULL },
		{ "right-to-left override", "\xe2\x80\xae", "\\xe2\\x80\\xae", NULL },
		{ "line separator", "\xe2\x80\xa8", "\\xe2\\x80\\xa8", NULL },
		{ "zero width", "\xe2\x80\x8b", "\\xe2\\x80\\x8b", NULL },
		{ "a lone byte", "a\xff", "a\\xff", "a\xef\xbf\xbd" },
		{ "a lone continuation", "\x80z", "\\x80z", "\xef\xbf\xbdz" },
		{ "cut at its end", "a\xe2\x82", "a\\xe2\\x82", "a\xef\xbf\xbd\xef\xbf\xbd" },
		{ "overlong slash", "\xc0\xaf", "\\xc0\\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "overlong in three bytes", "\xe0\x80\xaf", "\\xe0\\x80\\xaf",
			"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "a surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80",
			"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
			"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	};
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0]) + 1];
	size_t n = sizeof(cases) / sizeof(cases[0]);

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, check_text, NULL, NULL, &cases[i] };
	tests[n] = (struct CMUnitTest)cmocka_unit_test(check_json);
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}

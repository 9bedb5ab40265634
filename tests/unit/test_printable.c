/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of the names that strangers choose. */
#include <string.h>

#include "base/printable.h"
#include "fixture.h"

struct row {
	const char *name, *bytes, *want;
	size_t n; /* 0: strlen(bytes) */
};

static void shown(void **state)
{
	const struct row *r = *state;
	char buf[16];

	assert_string_equal(
		printable(buf, sizeof(buf), r->bytes, r->n ? r->n : strlen(r->bytes)), r->want);
}

int main(void)
{
	static struct row rows[] = {
		{ "plain", "/var/log/x", "/var/log/x", 0 },
		{ "nothing", "", "", 0 },
		{ "terminal sequence", "\033]0;x\a", "\\x1b]0;x\\x07", 0 },
		{ "new line", "a\nb", "a\\x0ab", 0 },
		{ "backslash", "a\\b", "a\\\\b", 0 },
		{ "zero", "\0a", "\\x00a", 2 },
		{ "UTF-8 is kept", "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac", 0 },
		{ "C1 control", "\xc2\x9b", "\\xc2\\x9b", 0 },
		{ "overlong", "\xc0\xaf", "\\xc0\\xaf", 0 },
		{ "surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80", 0 },
		{ "cut character", "\xe2\x82", "\\xe2\\x82", 0 },
		{ "turns writing", "\xe2\x80\xae", "\\xe2\\x80\\xae", 0 },
		{ "line separator", "\xe2\x80\xa8", "\\xe2\\x80\\xa8", 0 },
		{ "just fits", "123456789012345", "123456789012345", 0 },
		{ "is cut", "1234567890123456", "123456789012...", 0 },
		{ "is not cut inside an escape", "12345678901\nabcd", "12345678901...", 0 },
	};
	struct CMUnitTest tests[sizeof(rows) / sizeof(rows[0])];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, shown, NULL, NULL, &rows[i] };
	return cmocka_run_group_tests_name("printable", tests, NULL, NULL);
}

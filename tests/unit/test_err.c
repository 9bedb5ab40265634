/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* base/err: the field, texts that are cut or hold what may not be shown, errno, names of codes. */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void test_all_members(void **state)
{
	struct err err;

	(void)state;
	memset(&err, 'x', sizeof(err)); /* whatever stood there before */
	assert_int_equal(err_set(&err, ERR_LIMIT, 0, "names[2]", "%d of %s", 3, "them"), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(err.sys, 0);
	assert_string_equal(err.field, "names[2]");
	assert_string_equal(err.text, "3 of them");
}

static void test_without_field(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_INTERNAL, 0, NULL, "x");
	assert_string_equal(err.field, "");
}

static void test_nobody_wants_it(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_INTERNAL, ENOENT, "f", "%s", "x"), -1);
}

static void test_errno_gets_its_text(void **state)
{
	struct err err;

	(void)state;
	err_set(&err, ERR_INTERNAL, ENOENT, NULL, "cannot open");
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(err.text, "cannot open: No such file or directory");
	err_set(&err, ERR_INTERNAL, 9999, NULL, "cannot open");
	assert_string_equal(err.text, "cannot open: unknown error");
}

static void test_long_ones_are_cut(void **state)
{
	char text[600], field[200];
	struct err err;

	(void)state;
	memset(text, 't', sizeof(text));
	memset(field, 'f', sizeof(field));
	text[sizeof(text) - 1] = field[sizeof(field) - 1] = '\0';
	err_set(&err, ERR_INTERNAL, 0, field, "%s", text);
	assert_int_equal(strlen(err.field), sizeof(err.field) - 1);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	/* No room for the errno's text, or for a part of it only. */
	err_set(&err, ERR_INTERNAL, ENOENT, NULL, "%s", text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	text[sizeof(err.text) - 5] = '\0';
	err_set(&err, ERR_INTERNAL, ENOENT, NULL, "%s", text);
	assert_string_equal(err.text + sizeof(err.text) - 6, "t: No");
}

struct shown_case {
	const char *name;
	const char *in, *out;
};

static const struct shown_case shown[] = {
	{ "ASCII", "a ~", "a ~" },
	{ "two, three and four bytes", "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80",
		"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80" },
	{ "the ends of the ranges",
		"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
		"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf" },
	{ "control characters", "a\n\t\x1b]0;x\x07\x7f", "a???]0;x??" },
	{ "control characters of Latin 1", "\xc2\x80 \xc2\x9b \xc2\x9f", "?? ?? ??" },
	{ "what turns the direction of writing", "a\xe2\x80\xae b\xe2\x81\xa6", "a??? b???" },
	{ "what ends a line elsewhere", "\xe2\x80\xa8", "???" },
	{ "a byte in the middle of none", "a\x80z\xbf", "a?z?" },
	{ "Latin 1", "\xe4 \xff", "? ?" },
	{ "a character that ends too soon", "\xe2\x82", "??" },
	{ "and one that is cut by another", "\xf0\x9f\xc3\xa4", "??\xc3\xa4" },
	{ "longer than need be", "\xc0\xaf \xc1\xbf \xe0\x9f\xbf \xf0\x8f\xbf\xbf",
		"?? ?? ??? ????" },
	{ "a surrogate", "\xed\xa0\x80", "???" },
	{ "past the last character", "\xf4\x90\x80\x80 \xf5\x80\x80\x80", "???? ????" },
};

static void check_shown(void **state)
{
	const struct shown_case *c = *state;
	struct err err;

	err_set(&err, ERR_INTERNAL, 0, c->in, "%s", c->in);
	assert_string_equal(err.text, c->out);
	assert_string_equal(err.field, c->out);
}

static void test_a_character_cut_at_the_end(void **state)
{
	struct err err;

	(void)state;
	/* 430 bytes, and then a character of two. */
	err_set(&err, ERR_INTERNAL, 0, NULL, "%*s\xc3\xa4", (int)sizeof(err.text) - 2, "");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err.text[sizeof(err.text) - 2], '?');
}

static void test_fields_with_an_index(void **state)
{
	char buf[32], small[10];

	(void)state;
	assert_string_equal(
		err_field(buf, sizeof(buf), "mappings", 3, "number"), "mappings[3].number");
	assert_string_equal(err_field(buf, sizeof(buf), "names", 0, NULL), "names[0]");
	assert_string_equal(err_field(small, sizeof(small), "mappings", 3, "number"), "mappings[");
}

static void test_names_of_codes(void **state)
{
	/* fdbroker.v1.ErrorCode, by number. */
	static const char *const names[] = { "ERROR_UNSPECIFIED", "INTERNAL", "PROTOCOL",
		"UNSUPPORTED", "BAD_REQUEST", "PERMISSION", "LIMIT", "NAME_TAKEN", "NO_SUCH_NAME",
		"FORBIDDEN_OPTION", "BAD_IMAGES", "NO_CRIU", "CRIU_FAILED", "CRIU_BROKE",
		"DEADLINE", "CANCELLED", "REFUSED", "NO_SUCH_JOB", "TOO_LATE", "BROKER_DIED",
		"DRAINING" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(err_code_name((int)i), names[i]);
	assert_string_equal(err_code_name(COUNT(names)), "UNKNOWN");
	assert_string_equal(err_code_name(-1), "UNKNOWN");
}

int main(void)
{
	struct CMUnitTest tests[COUNT(shown) + 8] = {
		cmocka_unit_test(test_all_members),
		cmocka_unit_test(test_without_field),
		cmocka_unit_test(test_nobody_wants_it),
		cmocka_unit_test(test_errno_gets_its_text),
		cmocka_unit_test(test_long_ones_are_cut),
		cmocka_unit_test(test_a_character_cut_at_the_end),
		cmocka_unit_test(test_fields_with_an_index),
		cmocka_unit_test(test_names_of_codes),
	};

	for (size_t i = 0; i < COUNT(shown); i++)
		tests[8 + i] = (struct CMUnitTest){ shown[i].name, check_shown, NULL, NULL,
			(void *)&shown[i] };
	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}

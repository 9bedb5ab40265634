/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* names: the rules for names of lent descriptors. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct name_case {
	const char *name;
	const char *given;
	const char *fault; /* NULL: a good name */
};

static const char *const empty = "is empty";
static const char *const colon = "holds a colon";
static const char *const unprintable = "holds a byte that is not printable ASCII";

static void check_name(void **state)
{
	const struct name_case *c = *state;
	const char *fault = names_fault(c->given);

	if (!c->fault)
		assert_null(fault);
	else
		assert_string_equal(fault, c->fault);
}

/* Every byte that a name can be made of, and every one that it cannot. */
static void test_every_byte(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char name[] = { 'a', (char)byte, 'z', '\0' };
		const char *fault = names_fault(name);

		if (byte == ':')
			assert_string_equal(fault, colon);
		else if (byte < 32 || byte > 126)
			assert_string_equal(fault, unprintable);
		else
			assert_null(fault);
	}
}

static void test_length(void **state)
{
	char name[NAME_MAX_BYTES + 2];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[NAME_MAX_BYTES + 1] = '\0';
	assert_string_equal(names_fault(name), "is longer than 255 bytes");
	name[NAME_MAX_BYTES] = '\0';
	assert_int_equal(strlen(name), 255);
	assert_null(names_fault(name));
}

int main(void)
{
	const struct name_case cases[] = {
		{ "one letter", "a", NULL },
		{ "digits, dots, slashes, blanks", "log/4.7 (new)", NULL },
		{ "a blank alone", " ", NULL },
		{ "empty", "", empty },
		{ "a colon alone", ":", colon },
		{ "a colon at the end", "log:", colon },
		{ "a newline at the end", "log\n", unprintable },
		{ "UTF-8", "l\xc3\xb6g", unprintable },
		{ "the first fault counts", "\x01:", unprintable },
	};
	struct CMUnitTest tests[COUNT(cases) + 2] = {
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_length),
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		tests[2 + i] = (struct CMUnitTest){ cases[i].name, check_name, NULL, NULL,
			(void *)&cases[i] };
	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}

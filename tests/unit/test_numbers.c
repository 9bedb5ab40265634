/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers in criu's table: agreed ones, the broker's own, and the rest. */
#include "worker/numbers.h"

#include <string.h>

#include "fixture.h"

#define NONE NUMBERS_NONE
#define MAX  5

struct numbers_case {
	const char *name;
	int wants[MAX];
	size_t n;
	int highest;
	int out[MAX]; /* wanted numbers; of the broker's own: own */
	int own[2];
	const char *field; /* the field at fault, else NULL */
};

static void check(void **state)
{
	const struct numbers_case *c = *state;
	int wants[MAX];
	struct err err;
	int own[2] = { -1, -1 }, r;

	memcpy(wants, c->wants, sizeof(wants));
	r = numbers_assign(wants, c->n, c->highest, own, 2, &err);
	if (c->field) {
		assert_int_equal(r, -1);
		assert_string_equal(err.field, c->field);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(own[0], c->own[0]);
	assert_int_equal(own[1], c->own[1]);
	for (size_t i = 0; i < c->n; i++)
		assert_int_equal(wants[i], c->out[i]);
}

/* Thousands of mappings, half of them agreed on: all different, none taken from another, none above need. */
static void many(void **state)
{
	enum { N = 8000 };
	static int wants[N];
	static unsigned char taken[N * 3];
	int own[2];

	(void)state;
	for (int i = 0; i < N; i++)
		wants[i] = i % 2 ? NONE : 3 + 2 * i;
	assert_int_equal(numbers_assign(wants, N, N * 3 - 1, own, 2, NULL), 0);
	for (size_t i = 0; i < 2; i++)
		taken[own[i]]++;
	for (int i = 0; i < N; i++) {
		assert_in_range(wants[i], 3, N * 3 - 1);
		assert_int_equal(taken[wants[i]]++, 0);
		if (i % 2 == 0)
			assert_int_equal(wants[i], 3 + 2 * i);
	}
}

static void highest(void **state)
{
	(void)state;
	assert_int_equal(numbers_highest(1024), 1024 - 64);
	assert_int_equal(
		numbers_highest(20000), 19968 - 64); /* rounded down to 128s, as criu does */
	assert_int_equal(numbers_highest(127), -1);
	assert_true(numbers_highest(~0UL) > 1000000000);
}

int main(void)
{
	static const struct numbers_case cases[] = {
		{ "nothing is lent", { 0 }, 0, 20, { 0 }, { 3, 4 }, NULL },
		{ "lowest free, the broker's own first", { NONE, NONE }, 2, 20, { 5, 6 }, { 3, 4 },
			NULL },
		{ "agreed ones keep theirs", { 3, NONE, 5 }, 3, 20, { 3, 7, 5 }, { 4, 6 }, NULL },
		{ "the highest is allowed", { 20 }, 1, 20, { 20 }, { 3, 4 }, NULL },
		{ "one more is not", { 21 }, 1, 20, { 0 }, { 0 }, "mappings[0].number" },
		{ "standard descriptors", { 4, 2 }, 2, 20, { 0 }, { 0 }, "mappings[1].number" },
		{ "zero", { 0 }, 1, 20, { 0 }, { 0 }, "mappings[0].number" },
		{ "negative", { -2 }, 1, 20, { 0 }, { 0 }, "mappings[0].number" },
		{ "taken by another", { 9, NONE, 9 }, 3, 20, { 0 }, { 0 }, "mappings[2].number" },
		{ "no number left", { NONE, NONE }, 2, 5, { 0 }, { 0 }, "mappings" },
		{ "no number left for the broker", { 3, 4 }, 2, 4, { 0 }, { 0 }, "mappings" },
		{ "just enough", { NONE, NONE }, 2, 6, { 5, 6 }, { 3, 4 }, NULL },
	};
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0]) + 2] = { cmocka_unit_test(many),
		cmocka_unit_test(highest) };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tests[i + 2] =
			(struct CMUnitTest){ cases[i].name, check, NULL, NULL, (void *)&cases[i] };
	return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many lines one user may cause. */
#include "fixture.h"
#include "service/lograte.h"

static void the_rest_is_left_out(void **state)
{
	struct lograte rate = { 0 };
	unsigned before = 1;

	(void)state;
	for (int i = 1; i < LOGRATE_LINES; i++)
		assert_int_equal(lograte_ask(&rate, 1000, 1, &before), LOGRATE_WRITE);
	assert_int_equal(lograte_ask(&rate, 1000, 2, &before), LOGRATE_LAST);
	for (int i = 0; i < 5; i++)
		assert_int_equal(lograte_ask(&rate, 1000, LOGRATE_MS, &before), LOGRATE_LEAVE_OUT);
	assert_int_equal(before, 0);
	/* Others do not notice. */
	assert_int_equal(lograte_ask(&rate, 1001, 3, &before), LOGRATE_WRITE);
	assert_int_equal(lograte_ask(&rate, 0, 3, &before), LOGRATE_WRITE);
	/* When the time is over it begins anew, and says what was missing. */
	assert_int_equal(lograte_ask(&rate, 1000, LOGRATE_MS + 1, &before), LOGRATE_WRITE);
	assert_int_equal(before, 5);
	assert_int_equal(lograte_ask(&rate, 1000, LOGRATE_MS + 1, &before), LOGRATE_WRITE);
	assert_int_equal(before, 0);
}

static void every_number_has_a_place(void **state)
{
	struct lograte rate = { 0 };
	unsigned before;

	(void)state;
	assert_int_equal(lograte_ask(&rate, (uid_t)-1, 1, &before), LOGRATE_WRITE);
	assert_int_equal(lograte_ask(&rate, 65534, UINT64_MAX, &before), LOGRATE_WRITE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rest_is_left_out),
		cmocka_unit_test(every_number_has_a_place),
	};

	return cmocka_run_group_tests_name("lograte", tests, NULL, NULL);
}

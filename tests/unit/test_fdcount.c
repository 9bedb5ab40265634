/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting open descriptors, both ways. */
#include "service/fdcount.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fixture.h"

#define MORE 10

static void counts_what_is_opened(void **state)
{
	int fds[MORE], before = fdcount_open(), listed = fdcount_listed(FDCOUNT_MAX_LISTED);

	(void)state;
	assert_true(before >= 3);
	assert_int_equal(listed, before);
	for (int i = 0; i < MORE; i++)
		assert_true((fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0);
	assert_int_equal(fdcount_open(), before + MORE);
	assert_int_equal(fdcount_listed(FDCOUNT_MAX_LISTED), before + MORE);
	for (int i = 0; i < MORE; i++)
		(void)close(fds[i]);
}

static void listing_has_an_end(void **state)
{
	int n = fdcount_open();

	(void)state;
	assert_int_equal(fdcount_listed(n), n);
	assert_int_equal(fdcount_listed(n - 1), -E2BIG);
	assert_int_equal(fdcount_listed(0), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_what_is_opened),
		cmocka_unit_test(listing_has_an_end),
	};

	return cmocka_run_group_tests_name("fdcount", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* base/fdset: the owned list of descriptors. The fixture sees that nothing is left open. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/fdset.h"

static int open_one(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_order_and_growth(void **state)
{
	struct fdset set = { 0 };
	int fds[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		fds[i] = open_one();
		assert_int_equal(fdset_add(&set, fds[i]), i);
	}
	assert_int_equal(set.n, 100);
	for (int i = 0; i < 100; i++)
		assert_int_equal(set.fds[i], fds[i]);
	fdset_done(&set);
	for (int i = 0; i < 100; i++)
		assert_false(is_open(fds[i]));
	assert_true(!set.fds && !set.n && !set.max);
}

static void test_taken_ones_are_the_caller_s(void **state)
{
	struct fdset set = { 0 };
	int first = open_one(), second = open_one();

	(void)state;
	assert_int_equal(fdset_add(&set, first), 0);
	assert_int_equal(fdset_add(&set, second), 1);
	assert_int_equal(fdset_take(&set, 0), first);
	assert_int_equal(fdset_take(&set, 0), -1);
	assert_int_equal(fdset_take(&set, 2), -1);
	assert_int_equal(fdset_take(&set, (size_t)-1), -1);
	assert_int_equal(set.n, 2); /* indexes stay */
	fdset_done(&set);
	assert_true(is_open(first));
	assert_false(is_open(second));
	close(first);
}

static void test_used_again(void **state)
{
	struct fdset set = { 0 };

	(void)state;
	fdset_done(&set); /* a zeroed one is fine */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fdset_add(&set, open_one()), 0);
		fdset_done(&set);
	}
}

static void test_nothing_is_kept_of_minus_one(void **state)
{
	struct fdset set = { 0 };

	(void)state;
	assert_int_equal(fdset_add(&set, -1), 0);
	assert_int_equal(fdset_take(&set, 0), -1);
	fdset_done(&set);
}

static void test_no_memory_closes_it(void **state)
{
	/* Full, and twice its size is more than there can be. */
	struct fdset set = { .n = SIZE_MAX / 8, .max = SIZE_MAX / 8 };
	int fd = open_one();

	(void)state;
	assert_int_equal(fdset_add(&set, fd), -ENOMEM);
	assert_false(is_open(fd));
}

static void test_cleanup_attribute(void **state)
{
	int fd = open_one();

	(void)state;
	{
		autofdset struct fdset set = { 0 };

		assert_int_equal(fdset_add(&set, fd), 0);
	}
	assert_false(is_open(fd));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_growth),
		cmocka_unit_test(test_taken_ones_are_the_caller_s),
		cmocka_unit_test(test_used_again),
		cmocka_unit_test(test_nothing_is_kept_of_minus_one),
		cmocka_unit_test(test_no_memory_closes_it),
		cmocka_unit_test(test_cleanup_attribute),
	};

	return cmocka_run_group_tests_name("fdset", tests, NULL, NULL);
}

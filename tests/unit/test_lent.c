/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names -> descriptors; and the thread that closes what is no longer wanted. */
#include "sessions/lent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "processes/discard.h"
#include "fixture.h"

static int null(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void names(void **state)
{
	struct lent lent = { 0 };
	int a = null(), b = null(), third;

	(void)state;
	assert_int_equal(lent_add(&lent, "a", a), 0);
	assert_int_equal(lent_add(&lent, "b", b), 0);
	third = null();
	assert_int_equal(lent_add(&lent, "a", third), -EEXIST);
	assert_int_equal(fcntl(third, F_GETFD), -1); /* consumed all the same */
	assert_int_equal(lent.n, 2);
	assert_int_equal(lent_find(&lent, "a"), a);
	assert_int_equal(lent_find(&lent, "c"), -1);
	assert_int_equal(lent_take(&lent, "a"), a);
	assert_int_equal(lent_take(&lent, "a"), -1);
	assert_int_equal(lent_find(&lent, "a"), -1);
	assert_int_equal(lent.n, 1);
	close(a);
	assert_int_equal(discard_start(), 0);
	lent_done(&lent);
	discard_stop();
	assert_int_equal(fcntl(b, F_GETFD), -1);
}

static void thousands(void **state)
{
	struct lent lent = { 0 };
	char name[32];

	(void)state;
	for (int i = 0; i < 900; i++) {
		snprintf(name, sizeof(name), "descriptor-%d", i);
		assert_int_equal(lent_add(&lent, name, null()), 0);
	}
	assert_int_equal(lent.n, 900);
	for (int i = 0; i < 900; i += 2) {
		snprintf(name, sizeof(name), "descriptor-%d", i);
		close(lent_take(&lent, name));
	}
	assert_int_equal(lent.n, 450);
	assert_int_equal(lent_find(&lent, "descriptor-2"), -1);
	assert_true(lent_find(&lent, "descriptor-3") >= 0);
	assert_int_equal(discard_start(), 0);
	lent_done(&lent);
	discard_stop(); /* the fixture sees what is left open */
}

static void sets(void **state)
{
	struct fdset set = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(fdset_add(&set, null()), i);
	close(fdset_take(&set, 3));
	assert_int_equal(discard_start(), 0);
	discard_fdset(&set);
	discard_fd(-1);
	assert_int_equal(set.n, 0);
	assert_int_equal(fdset_add(&set, null()), 0);
	discard_fdset(&set);
	discard_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names), cmocka_unit_test(thousands),
		cmocka_unit_test(sets) };

	return cmocka_run_group_tests_name("lent", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counters of users and their limits; under AddressSanitizer also that each is freed in time. */
#include "config/config_table.h"
#include "policy/users.h"

#include <string.h>

#include "fixture.h"

static struct users users;

static int setup(void **state)
{
	const struct users_limits limits = { { 2, 100, 0, 5, UINT64_MAX, 1000 } };

	(void)state;
	users_init(&users, &limits);
	return 0;
}

/* Every user must be gone by now. */
static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < USERS_BUCKETS; i++)
		if (!LIST_EMPTY(&users.buckets[i]))
			return -1;
	return 0;
}

static void up_to_the_limit(void **state)
{
	struct user *user = users_get(&users, 1000);

	(void)state;
	assert_int_equal(user_uid(user), 1000);
	assert_int_equal(user_charge(user, USERS_LENT, 60, NULL), 0);
	assert_int_equal(user_charge(user, USERS_LENT, 41, NULL), -1);
	assert_int_equal(user_used(user, USERS_LENT), 60);
	assert_int_equal(user_charge(user, USERS_LENT, 40, NULL), 0);
	assert_int_equal(user_charge(user, USERS_LENT, 1, NULL), -1);
	assert_int_equal(user_charge(user, USERS_LENT, 0, NULL), 0);
	assert_int_equal(user_charge(user, USERS_SESSIONS, 2, NULL), 0); /* a limit of its own */
	user_discharge(user, USERS_LENT, 1);
	assert_int_equal(user_charge(user, USERS_LENT, 1, NULL), 0);
	user_discharge(user, USERS_LENT, 100);
	user_discharge(user, USERS_SESSIONS, 2);
	user_put(user);
}

static void text(void **state)
{
	struct user *user = users_get(&users, 1234);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(user_charge(user, USERS_LENT, 60, NULL), 0);
	assert_int_equal(user_charge(user, USERS_LENT, 50, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_string_equal(err.text,
		"user 1234 has 60 lent descriptors, and with 50 more would have more than "
		"[UserLimits] MaxLent (100)");
	user_discharge(user, USERS_LENT, 60);
	user_put(user);
}

static void each_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < USERS_WHATS; i++) {
		const char *name = users_limit_name((enum users_what)i);

		/* As configuration files have it: "[UserLimits] KEY". */
		assert_true(strncmp(name, "[UserLimits] ", 13) == 0);
		assert_non_null(config_option_find("UserLimits", name + 13));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(users_limit_name((enum users_what)i),
				users_limit_name((enum users_what)k));
	}
}

static void none_at_all(void **state)
{
	struct user *user = users_get(&users, 0);

	(void)state;
	assert_int_equal(user_charge(user, USERS_JOBS, 1, NULL), -1);
	assert_int_equal(user_charge(user, USERS_JOBS, 0, NULL), 0);
	user_put(user);
}

static void no_overflow(void **state)
{
	struct user *user = users_get(&users, 1);

	(void)state;
	assert_int_equal(user_charge(user, USERS_LENT, 1, NULL), 0);
	assert_int_equal(user_charge(user, USERS_LENT, UINT64_MAX, NULL), -1);
	assert_int_equal(user_charge(user, USERS_LOG_BYTES, UINT64_MAX, NULL), 0);
	assert_int_equal(user_charge(user, USERS_LOG_BYTES, 1, NULL), -1);
	user_discharge(user, USERS_LENT, 1);
	user_discharge(user, USERS_LOG_BYTES, UINT64_MAX);
	user_put(user);
}

static void beyond_the_limit(void **state)
{
	struct user *user = users_get(&users, 1);

	(void)state;
	user_charge_anyway(user, USERS_KEPT, 7);
	assert_int_equal(user_charge(user, USERS_KEPT, 1, NULL), -1);
	assert_int_equal(user_charge(user, USERS_KEPT, 0, NULL), 0);
	user_discharge(user, USERS_KEPT, 2);
	assert_int_equal(user_charge(user, USERS_KEPT, 1, NULL), -1);
	users.limits.max[USERS_KEPT] = 6;
	assert_int_equal(user_charge(user, USERS_KEPT, 1, NULL), 0);
	user_discharge(user, USERS_KEPT, 6);
	user_put(user);
}

/* The same one, as long as anything is charged or anybody holds it. */
static void lives_as_long_as_needed(void **state)
{
	struct user *user = users_get(&users, 7), *other = users_get(&users, 7 + USERS_BUCKETS);

	(void)state;
	assert_ptr_not_equal(user, other);
	assert_ptr_equal(users_get(&users, 7), user);
	user_put(user);
	assert_int_equal(user_charge(user, USERS_SESSIONS, 1, NULL), 0);
	user_put(user);
	assert_int_equal(user_used(user, USERS_SESSIONS), 1);
	assert_ptr_equal(users_get(&users, 7), user);
	assert_int_equal(user_used(other, USERS_SESSIONS), 0);
	user_discharge(user, USERS_SESSIONS, 1);
	assert_int_equal(user_used(user, USERS_SESSIONS), 0);
	user_put(user);
	user_put(other);
	user_put(NULL);
}

static void many(void **state)
{
	(void)state;
	for (uid_t uid = 0; uid < 5000; uid++) {
		struct user *user = users_get(&users, uid);

		assert_int_equal(user_charge(user, USERS_QUEUED_BYTES, uid % 1000 + 1, NULL), 0);
		user_put(user);
	}
	for (uid_t uid = 5000; uid-- > 0;) {
		struct user *user = users_get(&users, uid);

		assert_int_equal(user_used(user, USERS_QUEUED_BYTES), uid % 1000 + 1);
		user_put(user);
		user_discharge(user, USERS_QUEUED_BYTES, uid % 1000 + 1);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static void add_up(void *arg, const struct user *user)
{
	*(uint64_t *)arg += user_uid(user) * user_used(user, USERS_LENT);
}

static void each_is_told_of(void **state)
{
	uint64_t sum = 0;
	const uid_t uids[] = { 1, 1 + USERS_BUCKETS, 1000 }; /* two in one bucket */

	(void)state;
	users_each(&users, add_up, &sum);
	assert_true(sum == 0);
	for (size_t i = 0; i < 3; i++) {
		struct user *user = users_get(&users, uids[i]);

		user_charge_anyway(user, USERS_LENT, i + 1);
		user_put(user);
	}
	users_each(&users, add_up, &sum);
	assert_true(sum == 1 + 2 * (1 + USERS_BUCKETS) + 3 * 1000);
	for (size_t i = 0; i < 3; i++) {
		struct user *user = users_get(&users, uids[i]);

		user_discharge(user, USERS_LENT, i + 1);
		user_put(user);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(up_to_the_limit), TEST(text),
		TEST(each_has_a_name), TEST(none_at_all), TEST(no_overflow), TEST(beyond_the_limit),
		TEST(lives_as_long_as_needed), TEST(many), TEST(each_is_told_of) };

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}

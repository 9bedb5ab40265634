/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is counted of jobs, and who of many users is shown. */
#include "service/metrics.h"

#include <string.h>

#include "fixture.h"

static struct metrics m;
static struct metrics_users users;

static int setup(void **state)
{
	(void)state;
	memset(&m, 0, sizeof(m));
	memset(&users, 0, sizeof(users));
	return 0;
}

/* ---- times ---- */

static void bounds_rise_from_a_millisecond_to_ten_minutes(void **state)
{
	(void)state;
	assert_true(metrics_bounds_us[0] == 1000);
	assert_true(metrics_bounds_us[METRICS_BUCKETS - 1] == 600000000);
	for (size_t i = 1; i < METRICS_BUCKETS; i++)
		assert_true(metrics_bounds_us[i] > metrics_bounds_us[i - 1]);
}

static void a_time_is_in_one_bucket(void **state)
{
	struct metrics_times t = { 0 };

	(void)state;
	metrics_time(&t, 0);
	metrics_time(&t, 1000); /* a bound is in its own bucket */
	metrics_time(&t, 1001);
	metrics_time(&t, 600000000);
	metrics_time(&t, 600000001); /* in none */
	assert_true(t.buckets[0] == 2 && t.buckets[1] == 1);
	assert_true(t.buckets[METRICS_BUCKETS - 1] == 1);
	assert_true(t.count == 5);
	assert_true(t.sum_us == 2001 + 1200000001);
}

/* ---- jobs ---- */

static void enter(struct record *r, enum job_state state, uint64_t at_us)
{
	r->state = state;
	r->at_us[state] = at_us;
	metrics_entered(&m, r);
}

static void a_restore_that_succeeds(void **state)
{
	struct record r = { .success = true, .total_us = 90000 };

	(void)state;
	enter(&r, JOB_PLANNED, 3000);
	enter(&r, JOB_QUEUED, 3100);
	enter(&r, JOB_STARTING, 20000);
	enter(&r, JOB_RESTORING, 24000);
	assert_true(m.outcomes[0] == 0 && m.restored.count == 0);
	enter(&r, JOB_RUNNING, 90000);
	assert_true(m.stages[METRICS_PLANNING].sum_us == 3000);
	assert_true(m.stages[METRICS_QUEUED].sum_us == 17000);
	assert_true(m.stages[METRICS_STARTING].sum_us == 4000);
	assert_true(m.stages[METRICS_RESTORING].sum_us == 66000);
	for (int i = METRICS_PLANNING; i <= METRICS_RESTORING; i++)
		assert_true(m.stages[i].count == 1);
	assert_true(m.stages[METRICS_ENDING].count == 0);
	assert_true(m.restored.count == 1 && m.restored.sum_us == 90000);
	assert_true(m.failed.count == 0);
	assert_true(m.outcomes[0] == 1);
	r.end_known = true;
	enter(&r, JOB_ENDED, 100000);
	assert_true(m.outcomes[0] == 1); /* its end is no second result */
	assert_true(m.ends[METRICS_EXITED_ZERO] == 1);
}

static void a_restore_that_fails(void **state)
{
	struct record r = { .total_us = 70000, .err = { .code = ERR_CRIU_FAILED } };

	(void)state;
	enter(&r, JOB_PLANNED, 1000);
	enter(&r, JOB_STARTING, 2000);
	enter(&r, JOB_RESTORING, 3000);
	enter(&r, JOB_ENDING, 50000);
	assert_true(m.failed.count == 0); /* nobody has been told yet */
	enter(&r, JOB_ENDED, 70000);
	assert_true(m.stages[METRICS_RESTORING].count == 0); /* it did not come to its end */
	assert_true(m.stages[METRICS_ENDING].sum_us == 20000);
	assert_true(m.failed.count == 1 && m.failed.sum_us == 70000);
	assert_true(m.restored.count == 0);
	assert_true(m.outcomes[ERR_CRIU_FAILED] == 1 && m.outcomes[0] == 0);
	for (int i = 0; i < METRICS_ENDS; i++)
		assert_true(m.ends[i] == 0); /* there never was a tree */
}

/* In its times is the time without a daemon. */
static void a_job_of_a_daemon_before_us(void **state)
{
	struct record died = { .recovered = true, .err = { .code = ERR_BROKER_DIED } };
	struct record lived = { .recovered = true, .success = true };

	(void)state;
	enter(&died, JOB_ENDING, 900000000);
	enter(&died, JOB_ENDED, 900100000);
	enter(&lived, JOB_ENDED, 900000000);
	assert_true(m.outcomes[ERR_BROKER_DIED] == 1);
	assert_true(m.ends[METRICS_END_UNKNOWN] == 1);
	assert_true(m.failed.count == 0 && m.stages[METRICS_ENDING].count == 0);
}

struct end_case {
	const char *name;
	bool known;
	int status;
	enum metrics_end end;
};

static void check_end(void **state)
{
	const struct end_case *c = *state;
	struct record r = { .success = true, .end_known = c->known, .end_status = c->status };

	memset(&m, 0, sizeof(m));
	enter(&r, JOB_ENDED, 1);
	for (int i = 0; i < METRICS_ENDS; i++)
		assert_true(m.ends[i] == (i == (int)c->end));
}

static void a_code_that_is_none(void **state)
{
	struct record r = { .err = { .code = (enum err_code)ERR_CODES } };
	struct metrics none = { 0 };

	(void)state;
	metrics_refused(&m, (enum err_code)ERR_CODES);
	metrics_refused(&m, (enum err_code) - 1);
	assert_memory_equal(&m, &none, sizeof(m));
	enter(&r, JOB_ENDED, 1);
	assert_memory_equal(m.outcomes, none.outcomes, sizeof(m.outcomes));
	metrics_refused(&m, ERR_LIMIT);
	assert_true(m.refused[ERR_LIMIT] == 1);
}

/* ---- users ---- */

static void add(uid_t uid, enum users_what what, uint64_t n)
{
	struct metrics_user user = { .uid = uid };

	user.used[what] = n;
	metrics_add_user(&users, &user);
}

static bool is_shown(uid_t uid)
{
	for (size_t i = 0; i < users.n; i++)
		if (users.list[i].uid == uid)
			return true;
	return false;
}

static void those_who_use_most_are_shown(void **state)
{
	(void)state;
	add(5, USERS_KEPT, 1); /* the least: a session weighs more */
	for (uid_t uid = 1000; uid < 1000 + METRICS_MAX_USERS; uid++)
		add(uid, USERS_SESSIONS, 1);
	assert_false(is_shown(5));
	assert_true(is_shown(1000 + METRICS_MAX_USERS - 1));
	add(9, USERS_JOBS, 1); /* in place of one of equals: the highest uid */
	assert_true(is_shown(9));
	assert_false(is_shown(1000 + METRICS_MAX_USERS - 1));
	add(2000, USERS_SESSIONS, 1);
	assert_false(is_shown(2000));
	add(8, USERS_LENT, 1);
	assert_true(is_shown(8));
	assert_int_equal(users.n, METRICS_MAX_USERS);
	assert_int_equal(users.left_out, 4);
}

static void they_are_sorted_by_uid(void **state)
{
	(void)state;
	add(UINT32_MAX, USERS_JOBS, 100);
	add(7, USERS_KEPT, 1);
	add(0, USERS_LENT, 3);
	metrics_sort_users(&users);
	assert_true(users.list[0].uid == 0 && users.list[1].uid == 7);
	assert_true(users.list[2].uid == UINT32_MAX && users.list[2].used[USERS_JOBS] == 100);
}

int main(void)
{
	static struct end_case ends[] = {
		{ "exited with 0", true, 0, METRICS_EXITED_ZERO },
		{ "exited with 3", true, 3 << 8, METRICS_EXITED_NONZERO },
		{ "killed by a signal", true, 9, METRICS_SIGNAL },
		{ "dumped core", true, 11 | 0x80, METRICS_SIGNAL },
		{ "nobody knows", false, 0, METRICS_END_UNKNOWN },
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_rise_from_a_millisecond_to_ten_minutes),
		cmocka_unit_test(a_time_is_in_one_bucket),
		cmocka_unit_test_setup(a_restore_that_succeeds, setup),
		cmocka_unit_test_setup(a_restore_that_fails, setup),
		cmocka_unit_test_setup(a_job_of_a_daemon_before_us, setup),
		cmocka_unit_test_setup(a_code_that_is_none, setup),
		cmocka_unit_test_setup(those_who_use_most_are_shown, setup),
		cmocka_unit_test_setup(they_are_sorted_by_uid, setup),
	};
	struct CMUnitTest table[sizeof(ends) / sizeof(ends[0])];
	int failed;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		table[i] = (struct CMUnitTest){ ends[i].name, check_end, NULL, NULL, &ends[i] };
	failed = cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("metrics: ends", table, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of jobs: to bytes and back, and what is no record. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "jobs/kept.h"

static struct record whole_record(void)
{
	struct record r = {
		.id = 4711,
		.uid = 1000,
		.client = 12,
		.accepted_us = 1764035000000000,
		.started_us = 5000000,
		.deadline_ms = 600000,
		.carry_on = true,
		.own = true,
		.recovered = true,
		.state = JOB_ENDED,
		.tasks = 3,
		.cgroup = "/system.slice/x/fdbroker-1-2-3",
		.criu = { 100, 4000, 0 },
		.root = { 101, 4001, UINT64_MAX },
		.has_result = true,
		.success = true,
		.total_us = 12345,
		.has_stats = true,
		.stats = { 1, 2, 3, true, 4, 5 },
		.end_known = true,
		.end_status = 7 << 8,
		.has_usage = true,
		.has_log = true,
		.log_bytes = 999,
		.n_stages = 2,
	};

	for (size_t i = 0; i < JOB_N_STATES; i++)
		r.at_us[i] = i * 10;
	r.stages[0] = (struct job_stage){ JOB_STAGE_PLANNED, "", 5 };
	r.stages[1] = (struct job_stage){ JOB_STAGE_NOTIFIED, "post-restore", 8 };
	r.usage.ru_utime = (struct timeval){ 1, 500000 };
	r.usage.ru_maxrss = 4096;
	r.numbers = calloc(2, sizeof(int));
	assert_non_null(r.numbers);
	r.numbers[0] = 3;
	r.numbers[1] = 500;
	r.n_numbers = 2;
	assert_int_equal(record_add_problem(&r, "shared", false, 1, "two share it"), 0);
	assert_int_equal(record_add_problem(&r, "bound-layer", false, -1, "no overlayfs"), 0);
	return r;
}

static struct record there_and_back(const struct record *from)
{
	autofree uint8_t *bytes = NULL;
	size_t size = 0;
	struct record r;

	assert_int_equal(kept_pack(from, &bytes, &size), 0);
	assert_int_equal(kept_unpack(bytes, size, &r), 0);
	return r;
}

static void all_members(void **state)
{
	struct record a = whole_record(), b = there_and_back(&a);

	(void)state;
	assert_int_equal(b.n_numbers, 2);
	assert_memory_equal(b.numbers, a.numbers, 2 * sizeof(int));
	assert_int_equal(b.n_problems, 2);
	assert_string_equal(b.problems[0].code, "shared");
	assert_int_equal(b.problems[0].mapping, 1);
	assert_int_equal(b.problems[1].mapping, -1);
	assert_string_equal(b.problems[1].text, "no overlayfs");
	record_done(&b);
	record_done(&a);
	/* What is left has no pointers. */
	assert_memory_equal(&a.usage.ru_utime, &b.usage.ru_utime, sizeof(struct timeval));
	assert_string_equal(a.stages[1].name, b.stages[1].name);
	assert_memory_equal(a.at_us, b.at_us, sizeof(a.at_us));
	assert_int_equal(b.stages[1].kind, JOB_STAGE_NOTIFIED);
	assert_int_equal(b.stats.restore_us, 5);
	assert_true(b.stats.has_pages_restored);
	assert_int_equal(b.end_status, 7 << 8);
	assert_int_equal(b.root.start_time, 4001);
	assert_int_equal(b.root.inode, UINT64_MAX);
	assert_int_equal(b.criu.pid, 100);
	assert_string_equal(b.cgroup, a.cgroup);
	assert_int_equal(b.log_bytes, 999);
	assert_true(b.carry_on && b.own && b.recovered && b.success && b.end_known && b.has_usage);
	assert_int_equal(b.uid, 1000);
	assert_int_equal(b.accepted_us, a.accepted_us);
}

static void a_failure(void **state)
{
	struct record a = { .id = 1, .state = JOB_ENDED, .has_result = true }, b;

	(void)state;
	err_set(&a.err, ERR_CRIU_FAILED, 17, "mappings[0]", "criu: it failed");
	snprintf(a.reason, sizeof(a.reason), "pid-taken");
	snprintf(a.hint, sizeof(a.hint), "end it first");
	a.cleanup = JOB_TREE_KILLED;
	b = there_and_back(&a);
	assert_false(b.success);
	assert_true(b.has_result);
	assert_int_equal(b.err.code, ERR_CRIU_FAILED);
	assert_int_equal(b.err.sys, 17);
	assert_string_equal(b.err.field, "mappings[0]");
	assert_string_equal(b.err.text, a.err.text);
	assert_string_equal(b.reason, "pid-taken");
	assert_string_equal(b.hint, "end it first");
	assert_int_equal(b.cleanup, JOB_TREE_KILLED);
	assert_false(b.end_known);
	assert_false(b.has_stats);
	record_done(&b);
}

/* Killed meanwhile: the next daemon must know why. */
static void it_is_being_ended(void **state)
{
	struct record a = { .id = 3, .state = JOB_ENDING }, b;

	(void)state;
	err_set(&a.err, ERR_PERMISSION, 0, NULL, "a task would have capabilities");
	b = there_and_back(&a);
	assert_false(b.has_result);
	assert_int_equal(b.err.code, ERR_PERMISSION);
	assert_string_equal(b.err.text, a.err.text);
	record_done(&b);
}

static void no_result_yet(void **state)
{
	struct record a = { .id = 2, .state = JOB_QUEUED }, b = there_and_back(&a);

	(void)state;
	assert_false(b.has_result);
	assert_int_equal(b.state, JOB_QUEUED);
	record_done(&b);
}

static void what_is_no_record(void **state)
{
	struct record no_id = { .state = JOB_ENDED }, no_state = { .id = 1 },
		      far = { .id = 1, .state = JOB_N_STATES }, r;
	const struct record *bad[] = { &no_id, &no_state, &far };

	(void)state;
	assert_int_equal(kept_unpack((const uint8_t *)"", 0, &r), -EBADMSG);
	assert_int_equal(kept_unpack((const uint8_t *)"\xff\xff\xff", 3, &r), -EBADMSG);
	for (size_t i = 0; i < 3; i++) {
		autofree uint8_t *bytes = NULL;
		size_t size = 0;

		assert_int_equal(kept_pack(bad[i], &bytes, &size), 0);
		assert_int_equal(kept_unpack(bytes, size, &r), -EBADMSG);
	}
}

/* A file that was cut or altered is a record or none, never more. */
static void cut_and_altered(void **state)
{
	struct record a = whole_record(), r;
	autofree uint8_t *bytes = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(kept_pack(&a, &bytes, &size), 0);
	record_done(&a);
	for (size_t n = 0; n < size; n++)
		if (kept_unpack(bytes, n, &r) == 0)
			record_done(&r);
	for (size_t n = 0; n < size; n++) {
		for (int bit = 0; bit < 8; bit++) {
			bytes[n] ^= (uint8_t)(1 << bit);
			if (kept_unpack(bytes, size, &r) == 0)
				record_done(&r);
			bytes[n] ^= (uint8_t)(1 << bit);
		}
	}
}

static void names_of_states(void **state)
{
	(void)state;
	assert_string_equal(record_state_name(JOB_ACCEPTED), "accepted");
	assert_string_equal(record_state_name(JOB_ENDED), "ended");
	assert_string_equal(record_state_name(JOB_N_STATES), "unknown");
	assert_string_equal(record_state_name((enum job_state)0), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_members),
		cmocka_unit_test(a_failure),
		cmocka_unit_test(it_is_being_ended),
		cmocka_unit_test(no_result_yet),
		cmocka_unit_test(what_is_no_record),
		cmocka_unit_test(cut_and_altered),
		cmocka_unit_test(names_of_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

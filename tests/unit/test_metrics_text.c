/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenMetrics text: single lines, and the rules that hold for all of it. A parser reads it in e2e/68-metrics.sh. */
#include "service/metrics_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "wire.h"

static struct metrics m;
static struct metrics_users users;

static struct metrics_now quiet(void)
{
	return (struct metrics_now){ .version = "1.2.3",
		.criu = "/sbin/criu",
		.fault = "",
		.open_fds = 17,
		.users = &users };
}

static int setup(void **state)
{
	(void)state;
	memset(&m, 0, sizeof(m));
	memset(&users, 0, sizeof(users));
	return 0;
}

/* As a whole line, once. */
static void assert_line(const char *text, const char *line)
{
	size_t found = 0, n = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at += n)
		found += (at == text || at[-1] == '\n') && at[n] == '\n';
	if (found != 1)
		fail_msg("the line '%s' is there %zu times", line, found);
}

static void figures_are_where_they_belong(void **state)
{
	struct metrics_now now = quiet();
	autofree char *text = NULL;

	(void)state;
	m.accepted = 3;
	m.outcomes[0] = 2;
	m.outcomes[ERR_DEADLINE] = 1;
	m.refused[ERR_LIMIT] = 4;
	m.ends[METRICS_SIGNAL] = 5;
	m.events_lost = UINT64_MAX;
	now.started_us = 1700000000250000;
	now.workers_in_use = 6;
	now.planners_waited_for = 7;
	now.lent_to_restores = 8;
	now.max_fds = 1024;
	users.n = 1;
	users.list[0] = (struct metrics_user){ .uid = 1000, .used = { [USERS_LENT] = 9 } };
	users.left_out = 2;
	text = metrics_text(&m, &now);
	assert_non_null(text);
	assert_line(text, "fdbroker_restores_accepted_total 3");
	assert_line(text, "fdbroker_restores_total{code=\"OK\"} 2");
	assert_line(text, "fdbroker_restores_total{code=\"DEADLINE\"} 1");
	assert_line(text, "fdbroker_restores_total{code=\"CANCELLED\"} 0");
	assert_line(text, "fdbroker_refusals_total{code=\"LIMIT\"} 4");
	assert_line(text, "fdbroker_trees_ended_total{how=\"signal\"} 5");
	assert_line(text, "fdbroker_watch_events_lost_total 18446744073709551615");
	assert_line(text, "process_start_time_seconds 1700000000.25");
	assert_line(text, "fdbroker_workers_in_use 6");
	assert_line(text, "fdbroker_queue_length{queue=\"planning\"} 7");
	assert_line(text, "fdbroker_queue_length{queue=\"workers\"} 0");
	assert_line(text, "fdbroker_lent_descriptors{holder=\"restores\"} 8");
	assert_line(text, "process_max_fds 1024");
	assert_line(text, "process_open_fds 17");
	assert_line(text, "fdbroker_user_lent_descriptors{uid=\"1000\"} 9");
	assert_line(text, "fdbroker_users 3");
	assert_line(text, "fdbroker_users_left_out 2");
	assert_line(text, "fdbroker_build_info{version=\"1.2.3\"} 1");
	assert_line(text, "# UNIT fdbroker_restore_seconds seconds");
	assert_line(text, "# TYPE fdbroker_restores counter");
}

/* Each bucket counts what is in those below it, too. */
static void buckets_add_up(void **state)
{
	struct metrics_now now = quiet();
	autofree char *text = NULL;

	(void)state;
	metrics_time(&m.restored, 900);
	metrics_time(&m.restored, 2200);
	metrics_time(&m.restored, 700000000); /* over the last bound */
	text = metrics_text(&m, &now);
#define BUCKET(le) "fdbroker_restore_seconds_bucket{outcome=\"restored\",le=\"" le "\"} "
	assert_line(text, BUCKET("0.001") "1");
	assert_line(text, BUCKET("0.0025") "2");
	assert_line(text, BUCKET("1.0") "2");
	assert_line(text, BUCKET("600.0") "2");
	assert_line(text, BUCKET("+Inf") "3");
	assert_line(text, "fdbroker_restore_seconds_count{outcome=\"restored\"} 3");
	assert_line(text, "fdbroker_restore_seconds_sum{outcome=\"restored\"} 700.0031");
	assert_line(text, "fdbroker_restore_seconds_count{outcome=\"failed\"} 0");
	assert_line(text, "fdbroker_restore_seconds_sum{outcome=\"failed\"} 0.0");
}

static void labels_are_escaped(void **state)
{
	struct metrics_now now = quiet();
	autofree char *text = NULL;

	(void)state;
	now.criu = "/opt/\"a\\b\nfdbroker_up 1";
	now.fault = "130";
	text = metrics_text(&m, &now);
	assert_line(text,
		"fdbroker_criu_info{path=\"/opt/\\\"a\\\\b\\nfdbroker_up 1\",fault=\"130\"} 1");
}

static void what_is_not_known_is_left_out(void **state)
{
	struct metrics_now now = quiet();
	autofree char *text = NULL;

	(void)state;
	now.open_fds = -1;
	text = metrics_text(&m, &now);
	assert_null(strstr(text, "process_open_fds"));
}

static void it_has_an_end_and_no_empty_line(void **state)
{
	struct metrics_now now = quiet();
	autofree char *text = metrics_text(&m, &now);
	size_t n = strlen(text);

	(void)state;
	assert_string_equal(text + n - 7, "\n# EOF\n");
	assert_true(strstr(text, "# EOF") == text + n - 6);
	assert_null(strstr(text, "\n\n"));
}

/* Everything as long as it can be: it goes into one packet, with room for what will be added. */
static void the_longest_is_short_enough(void **state)
{
	struct metrics_now now;
	char criu[4096];
	autofree char *text = NULL;

	(void)state;
	memset(&m, 0xff, sizeof(m));
	memset(&now, 0xff, sizeof(now));
	memset(&users, 0xff, sizeof(users));
	memset(criu, '"', sizeof(criu)); /* two bytes each */
	criu[sizeof(criu) - 1] = 0;
	users.n = METRICS_MAX_USERS;
	now.version = "1.2.3-some-distribution.with~a+long.version";
	now.criu = criu;
	now.fault = "18446744073709551615";
	now.open_fds = INT64_MAX;
	now.users = &users;
	text = metrics_text(&m, &now);
	print_message("%zu bytes at most\n", strlen(text));
	assert_true(strlen(text) < METRICS_TEXT_MAX / 4 * 3);
	assert_true(METRICS_TEXT_MAX < WIRE_MAX_BYTES / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(figures_are_where_they_belong, setup),
		cmocka_unit_test_setup(buckets_add_up, setup),
		cmocka_unit_test_setup(labels_are_escaped, setup),
		cmocka_unit_test_setup(what_is_not_known_is_left_out, setup),
		cmocka_unit_test_setup(it_has_an_end_and_no_empty_line, setup),
		cmocka_unit_test_setup(the_longest_is_short_enough, setup),
	};

	return cmocka_run_group_tests_name("metrics_text", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration while the daemon runs: what is applied, and what a reload changes. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "config/config_value.h"
#include "service/log.h"
#include "config/settings.h"

static char path[] = "/tmp/fdbroker-settings-XXXXXX";

static int make_file(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	log_set_level(LOG_EMERG); /* what is said on standard error: tests/e2e/67-config.sh */
	return close(mkstemp(path));
}

static int remove_file(void **state)
{
	(void)state;
	log_set_level(LOG_INFO);
	return unlink(path);
}

static void put(const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void load(const struct config_source *source, struct config *ret)
{
	struct config_faults faults;

	assert_int_equal(config_load(source, ret, &faults), 0);
	config_faults_done(&faults);
}

static void a_reload_changes_what_it_can(void **state)
{
	const struct config_source source = { .local = -1, .path = path };
	struct config config;

	(void)state;
	put("[Broker]\nStateDirectory=/a\nCriuPath=/c\n[Limits]\nMaxSessions=5\nMaxLentPerSession=6\n");
	load(&source, &config);
	put("[Broker]\nStateDirectory=/b\nSocket=/s\nCriuPath=/d\n[Limits]\nMaxSessions=7\n");
	assert_int_equal(settings_reload(&source, &config), 0);
	/* These take a restart: value and origin are the old ones. */
	assert_string_equal(config.state_dir, "/a");
	assert_null(config.socket_path);
	assert_null(config.origins[config_option_find("Broker", "Socket") - config_options]);
	assert_string_equal(config.criu, "/d");
	assert_int_equal(config.max_sessions, 7);
	assert_int_equal(config.max_lent, 8192);
	/* And so again, as often as it is tried. */
	assert_int_equal(settings_reload(&source, &config), 0);
	assert_string_equal(config.state_dir, "/a");
	config_done(&config);
}

static void a_bad_one_changes_nothing(void **state)
{
	const struct config_source source = { .local = -1, .path = path };
	struct config config;

	(void)state;
	put("[Limits]\nMaxSessions=5\n");
	load(&source, &config);
	put("[Limits]\nMaxSessions=7\nMaxLentPerSession=x\n");
	assert_int_equal(settings_reload(&source, &config), -1);
	assert_int_equal(config.max_sessions, 5);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(settings_reload(&source, &config), -1);
	assert_int_equal(config.max_sessions, 5);
	put("");
	config_done(&config);
}

static void the_command_line_stays(void **state)
{
	const struct config_source source = { .local = -1,
		.path = path,
		.overrides = { { "Limits", "MaxWorkers", "3", "--workers" } },
		.n_overrides = 1 };
	struct config config;

	(void)state;
	put("");
	load(&source, &config);
	put("[Limits]\nMaxWorkers=9\n");
	assert_int_equal(settings_reload(&source, &config), 0);
	assert_int_equal(config.max_workers, 3);
	config_done(&config);
}

static void limits_are_applied(void **state)
{
	static struct jobs jobs;
	static struct users users;
	struct config config;

	(void)state;
	assert_int_equal(config_init(&config), 0);
	config.max_workers = 1;
	config.max_planners = 2;
	config.max_restores = 3;
	config.max_kept = 4;
	config.max_log_bytes = 5;
	config.max_job_log_bytes = 6;
	config.max_growing_log_bytes = 7;
	config.user_sessions = 8;
	config.user_lent = 9;
	config.user_restores = 10;
	config.user_kept = 11;
	config.user_log_bytes = 12;
	config.user_queue_bytes = 13;
	config.own_restores = 14;
	config.own_trees = 15;
	config.own_workers = 16;
	settings_apply(&config, &users, &jobs);
	assert_int_equal(jobs.workers.width, 1);
	assert_int_equal(jobs.workers.narrow_width, 16);
	assert_false(jobs.workers.reserve);
	assert_int_equal(jobs.planning.width, 2);
	assert_int_equal(jobs.planning.max_waiting, 3);
	assert_int_equal(jobs.workers.max_waiting, 3);
	assert_int_equal(jobs.limits.max_under_way, 3);
	assert_int_equal(jobs.limits.max_kept, 4);
	assert_int_equal(jobs.limits.max_log_bytes, 5);
	assert_int_equal(jobs.limits.max_job_log_bytes, 6);
	assert_int_equal(jobs.limits.max_growing_log_bytes, 7);
	for (int what = 0; what < USERS_WHATS; what++)
		assert_int_equal(users.limits.max[what], 8 + what);
	config.max_workers = 3;
	settings_apply(&config, &users, &jobs);
	assert_true(jobs.workers.reserve);
	config_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_reload_changes_what_it_can, make_file, remove_file),
		cmocka_unit_test_setup_teardown(a_bad_one_changes_nothing, make_file, remove_file),
		cmocka_unit_test_setup_teardown(the_command_line_stays, make_file, remove_file),
		cmocka_unit_test(limits_are_applied),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libfdbroker: the broker's settings, well-formed and not. */
#include "fake_broker.h"

static void say_config(struct fake *f)
{
	Fdbroker__V1__Setting full = FDBROKER__V1__SETTING__INIT,
			      empty = FDBROKER__V1__SETTING__INIT;
	Fdbroker__V1__Setting *list[] = { &full, &empty };
	Fdbroker__V1__Config config = FDBROKER__V1__CONFIG__INIT;

	full.section = "Limits";
	full.key = "MaxSessions";
	full.value = "7";
	full.default_ = "1024";
	full.origin = "/etc/x.conf:3";
	config.settings = list;
	while (fake_get(f)) {
		Fdbroker__V1__ServerMessage m = fake_answer(f);

		fake_expect(f, f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_GET_CONFIG,
			"no GetConfig");
		config.n_settings = f->got == 1 ? 2 : 0;
		m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_CONFIG;
		m.config = &config;
		fake_say(f, &m, NULL, 0);
	}
}

static void tells_all_of_it(void **state)
{
	struct fdb_config *config;
	struct fake f;

	(void)state;
	fake_start(&f, say_config, NULL);
	assert_int_equal(fdb_config(f.c, FAKE_WAIT_MS, &config), 0);
	assert_int_equal(fdb_config_n(config), 2);
	assert_string_equal(fdb_config_section(config, 0), "Limits");
	assert_string_equal(fdb_config_key(config, 0), "MaxSessions");
	assert_string_equal(fdb_config_value(config, 0), "7");
	assert_string_equal(fdb_config_default(config, 0), "1024");
	assert_string_equal(fdb_config_origin(config, 0), "/etc/x.conf:3");
	/* A setting without a word is no error. */
	assert_string_equal(fdb_config_section(config, 1), "");
	assert_string_equal(fdb_config_value(config, 1), "");
	assert_null(fdb_config_origin(config, 1));
	assert_null(fdb_config_key(config, 2));
	assert_null(fdb_config_default(config, (size_t)-1));
	fdb_config_free(config);
	assert_int_equal(fdb_config(f.c, FAKE_WAIT_MS, &config), 0);
	assert_int_equal(fdb_config_n(config), 0);
	assert_null(fdb_config_key(config, 0));
	fdb_config_free(config);
	fdb_config_free(NULL);
	fake_end(&f);
}

static void from_an_event(void **state)
{
	struct fdb_config *config;
	struct fdb_event *ev;
	struct fake f;
	uint64_t call;

	(void)state;
	fake_start(&f, say_config, NULL);
	assert_int_equal(fdb_start_config(f.c, &call), 0);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_ANSWER);
	config = fdb_event_take_config(ev);
	assert_int_equal(fdb_config_n(config), 2);
	assert_null(fdb_event_take_config(ev));
	fdb_config_free(config);
	fdb_event_free(ev);
	/* Nobody takes it. */
	assert_int_equal(fdb_start_config(f.c, &call), 0);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	fdb_event_free(ev);
	fake_end(&f);
}

static void say_no(struct fake *f)
{
	if (fake_get(f))
		fake_error(f, f->m->serial, FDB_PERMISSION, NULL, "not you", 0);
	if (fake_get(f))
		fake_error(f, f->m->serial, FDB_UNSUPPORTED, NULL, "what?", 0);
	if (fake_get(f))
		fake_lent(f);
}

static void refusals(void **state)
{
	struct fdb_config *config = NULL;
	struct fake f;

	(void)state;
	fake_start(&f, say_no, NULL);
	assert_int_equal(fdb_config(f.c, FAKE_WAIT_MS, &config), -EPERM);
	assert_int_equal(fdb_config(f.c, FAKE_WAIT_MS, &config), -EOPNOTSUPP);
	assert_int_equal(fdb_config(f.c, FAKE_WAIT_MS, &config), -EPROTO);
	assert_null(config);
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_all_of_it),
		cmocka_unit_test(from_an_event),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests_name("client_config", tests, NULL, NULL);
}

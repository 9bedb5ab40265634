/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libfdbroker: Metrics. */
#include "fake_broker.h"

static void say(struct fake *f, char *text)
{
	Fdbroker__V1__ServerMessage m = fake_answer(f);
	Fdbroker__V1__MetricsText body = FDBROKER__V1__METRICS_TEXT__INIT;

	fake_expect(f, f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_METRICS, "no Metrics");
	body.text = text;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_METRICS_TEXT;
	m.metrics_text = &body;
	fake_say(f, &m, NULL, 0);
}

/* In the order in which the tests below ask. */
static void serve(struct fake *f)
{
	char text[] = "fdbroker_sessions 1\n# EOF\n";

	for (int i = 0; fake_get(f); i++) {
		if (i == 1)
			say(f, NULL);
		else if (i == 2)
			fake_error(f, f->m->serial, FDB_UNSUPPORTED, NULL, "not known", 0);
		else if (i == 3)
			fake_lent(f);
		else
			say(f, text);
	}
}

static void the_text_is_handed_on(void **state)
{
	struct fake f;
	char *text = NULL;

	(void)state;
	fake_start(&f, serve, NULL);
	assert_int_equal(fdb_metrics(f.c, FAKE_WAIT_MS, &text), 0);
	assert_string_equal(text, "fdbroker_sessions 1\n# EOF\n");
	free(text);
	assert_int_equal(fdb_metrics(f.c, FAKE_WAIT_MS, &text), 0);
	assert_string_equal(text, "");
	free(text);
	text = NULL;
	assert_int_equal(fdb_metrics(f.c, FAKE_WAIT_MS, &text), -EOPNOTSUPP);
	assert_int_equal(fdb_metrics(f.c, FAKE_WAIT_MS, &text), -EPROTO);
	assert_null(text);
	fake_end(&f);
}

static void or_comes_as_an_event(void **state)
{
	struct fdb_event *ev;
	uint64_t call = 0;
	struct fake f;
	char *text;

	(void)state;
	fake_start(&f, serve, NULL);
	assert_int_equal(fdb_start_metrics(f.c, &call), 0);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_ANSWER);
	assert_true(fdb_event_call(ev) == call);
	text = fdb_event_take_metrics(ev);
	assert_string_equal(text, "fdbroker_sessions 1\n# EOF\n");
	assert_null(fdb_event_take_metrics(ev));
	free(text);
	fdb_event_free(ev);
	/* One that nobody takes is freed with its event. */
	assert_int_equal(fdb_start_metrics(f.c, &call), 0);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	fdb_event_free(ev);
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_handed_on),
		cmocka_unit_test(or_comes_as_an_event),
	};

	return cmocka_run_group_tests_name("client_metrics", tests, NULL, NULL);
}

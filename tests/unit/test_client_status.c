/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libfdbroker: Status and Drain. */
#include "fake_jobs.h"

/* ---- Status ---- */

static void say_status(struct fake *f)
{
	Fdbroker__V1__StatusReport r = FDBROKER__V1__STATUS_REPORT__INIT;
	char *warnings[] = { "It rains." };
	Fdbroker__V1__ServerMessage m;

	fake_get(f);
	fake_expect(f, f->m && f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_STATUS,
		"no Status");
	if (f->fault)
		return;
	m = fake_answer(f);
	r.version = "1.2.3";
	r.criu_path = "/sbin/criu";
	r.criu_fault = "130";
	r.n_warnings = 1;
	r.warnings = warnings;
	r.has_pid = r.has_criu_usable = r.has_sessions = r.has_lent = r.has_jobs_running =
		r.has_trees = 1;
	r.has_jobs_done = r.has_jobs_failed = r.has_uptime_ms = 1;
	r.pid = 11, r.criu_usable = 1, r.sessions = 12, r.lent = 13, r.jobs_running = 14,
	r.trees = 15;
	r.jobs_done = UINT64_MAX, r.jobs_failed = 16, r.uptime_ms = 17;
	r.has_jobs_queued = r.has_max_workers = r.has_draining = r.has_jobs_kept = r.has_log_bytes =
		1;
	r.jobs_queued = 18, r.max_workers = 19, r.draining = 1, r.jobs_kept = 20;
	r.log_bytes = UINT64_MAX - 1;
	r.state_dir = "/run/criu-fdbroker";
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_STATUS;
	m.status = &r;
	fake_say(f, &m, NULL, 0);
	/* The same call once more, answered with nothing in it, then by what is no answer to it. */
	if (!fake_get(f))
		return;
	m = fake_answer(f);
	r = (Fdbroker__V1__StatusReport)FDBROKER__V1__STATUS_REPORT__INIT;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_STATUS;
	m.status = &r;
	fake_say(f, &m, NULL, 0);
	if (fake_get(f))
		fake_lent(f);
}

static void status_tells_how_it_is(void **state)
{
	struct fdb_report *rep;
	struct fake f;

	(void)state;
	fake_start(&f, say_status, NULL);
	assert_int_equal(fdb_status(f.c, FAKE_WAIT_MS, &rep), 0);
	assert_string_equal(fdb_report_version(rep), "1.2.3");
	assert_int_equal(fdb_report_pid(rep), 11);
	assert_string_equal(fdb_report_criu_path(rep), "/sbin/criu");
	assert_true(fdb_report_criu_usable(rep));
	assert_string_equal(fdb_report_criu_fault(rep), "130");
	assert_int_equal(fdb_report_sessions(rep), 12);
	assert_int_equal(fdb_report_lent(rep), 13);
	assert_int_equal(fdb_report_jobs_running(rep), 14);
	assert_int_equal(fdb_report_trees(rep), 15);
	assert_true(fdb_report_jobs_done(rep) == UINT64_MAX);
	assert_int_equal(fdb_report_jobs_failed(rep), 16);
	assert_int_equal(fdb_report_uptime_ms(rep), 17);
	assert_null(fdb_report_cgroup(rep));
	assert_int_equal(fdb_report_n_warnings(rep), 1);
	assert_string_equal(fdb_report_warning(rep, 0), "It rains.");
	assert_null(fdb_report_warning(rep, 1));
	assert_int_equal(fdb_report_jobs_queued(rep), 18);
	assert_int_equal(fdb_report_max_workers(rep), 19);
	assert_true(fdb_report_draining(rep));
	assert_int_equal(fdb_report_jobs_kept(rep), 20);
	assert_true(fdb_report_log_bytes(rep) == UINT64_MAX - 1);
	assert_string_equal(fdb_report_state_dir(rep), "/run/criu-fdbroker");
	fdb_report_free(rep);
	assert_int_equal(fdb_status(f.c, FAKE_WAIT_MS, &rep), 0);
	assert_string_equal(fdb_report_version(rep), "");
	assert_null(fdb_report_state_dir(rep));
	assert_false(fdb_report_draining(rep));
	fdb_report_free(rep);
	assert_int_equal(fdb_status(f.c, FAKE_WAIT_MS, &rep), -EPROTO);
	fake_end(&f);
}

/* ---- Drain ---- */

struct drain_case {
	enum fdb_drain how;
	bool off, wait;
	bool draining;
	uint32_t jobs;
};

static const struct drain_case drain_cases[] = {
	{ FDB_DRAIN_ON, false, false, true, 3 },
	{ FDB_DRAIN_WAIT, false, true, true, 0 },
	{ FDB_DRAIN_WAIT, false, true, false, UINT32_MAX }, /* somebody has switched it off */
	{ FDB_DRAIN_OFF, true, false, false, 0 },
};

#define N_DRAINS (sizeof(drain_cases) / sizeof(drain_cases[0]))

/* Each case twice, for both forms; then refused. */
static void check_drains(struct fake *f)
{
	while (fake_get(f)) {
		const struct drain_case *c = &drain_cases[(f->got - 1) / 2 % N_DRAINS];
		Fdbroker__V1__ServerMessage m = fake_answer(f);
		Fdbroker__V1__Draining draining = FDBROKER__V1__DRAINING__INIT;

		fake_expect(
			f, f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_DRAIN, "no Drain");
		if (f->fault)
			return;
		if (f->got > 2 * N_DRAINS) {
			fake_error(f, f->m->serial, FDB_PERMISSION, NULL, "you may not", 0);
			continue;
		}
		fake_expect(f, f->m->drain->off == c->off, "on or off");
		fake_expect(f, f->m->drain->wait == c->wait, "wait or not");
		draining.has_draining = draining.has_jobs = 1;
		draining.draining = c->draining;
		draining.jobs = c->jobs;
		m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_DRAINING;
		m.draining = &draining;
		fake_say(f, &m, NULL, 0);
	}
}

static void drain_tells_what_is_left(void **state)
{
	struct fdb_event *ev;
	struct fake f;
	uint64_t call;

	(void)state;
	fake_start(&f, check_drains, NULL);
	for (size_t i = 0; i < N_DRAINS; i++) {
		const struct drain_case *c = &drain_cases[i];
		bool draining = !c->draining;
		uint32_t left = 99;

		assert_int_equal(fdb_drain(f.c, c->how, FAKE_WAIT_MS, &draining, &left), 0);
		assert_int_equal(draining, c->draining);
		assert_true(left == c->jobs);
		assert_int_equal(fdb_start_drain(f.c, c->how, &call), 0);
		ev = fake_next_answer(f.c, call, 0);
		assert_int_equal(fdb_event_draining(ev), c->draining);
		assert_true(fdb_event_jobs_left(ev) == c->jobs);
		fdb_event_free(ev);
	}
	assert_int_equal(fdb_drain(f.c, FDB_DRAIN_ON, FAKE_WAIT_MS, NULL, NULL), -EPERM);
	fake_end(&f);
}

static void drain_without_wanting_to_know(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, check_drains, NULL);
	assert_int_equal(fdb_drain(f.c, FDB_DRAIN_ON, FAKE_WAIT_MS, NULL, NULL), 0);
	fake_end(&f);
}

/* Answered when the client has long stopped waiting for it. */
static void drained_late(struct fake *f)
{
	Fdbroker__V1__ServerMessage m;
	Fdbroker__V1__Draining draining = FDBROKER__V1__DRAINING__INIT;

	if (!fake_get(f))
		return;
	m = fake_answer(f);
	if (!fake_get(f))
		return;
	draining.has_draining = draining.draining = 1;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_DRAINING;
	m.draining = &draining;
	fake_say(f, &m, NULL, 0);
	fake_lent(f); /* no answer to a Drain */
	fake_get(f);
}

static void drain_may_take_long(void **state)
{
	struct fdb_event *ev;
	struct fake f;
	uint64_t call;

	(void)state;
	fake_start(&f, drained_late, NULL);
	assert_int_equal(fdb_drain(f.c, FDB_DRAIN_WAIT, 30, NULL, NULL), -ETIMEDOUT);
	call = fdb_error_call(f.c);
	assert_int_equal(fdb_drain(f.c, FDB_DRAIN_WAIT, FAKE_WAIT_MS, NULL, NULL), -EPROTO);
	ev = fake_next_answer(f.c, call, 0);
	assert_true(fdb_event_draining(ev));
	assert_int_equal(fdb_event_jobs_left(ev), 0);
	fdb_event_free(ev);
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_tells_how_it_is),
		cmocka_unit_test(drain_tells_what_is_left),
		cmocka_unit_test(drain_without_wanting_to_know),
		cmocka_unit_test(drain_may_take_long),
	};

	return cmocka_run_group_tests_name("client_status", tests, NULL, NULL);
}

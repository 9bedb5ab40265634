/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: Watch: what is asked for, what comes, what is lost of it, by the broker or here; and
 * how it goes with all else that comes on a connection.
 */
#include "fake_jobs.h"

#define NOTIFIED FDBROKER__V1__STAGE__NOTIFIED

/* The limit of the library, client/arrived.h: no promise of its header. */
#define KEPT 1024

static void fake_watching(struct fake *f)
{
	Fdbroker__V1__ServerMessage m = fake_answer(f);
	Fdbroker__V1__Watching watching = FDBROKER__V1__WATCHING__INIT;

	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_WATCHING;
	m.watching = &watching;
	fake_say(f, &m, NULL, 0);
}

/* event: NULL: a new state. job: NULL: it is missing. */
static void fake_job_event(
	struct fake *f, Fdbroker__V1__Job *job, Fdbroker__V1__Event *event, uint64_t lost)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__JobEvent je = FDBROKER__V1__JOB_EVENT__INIT;

	je.job = job;
	je.event = event;
	je.has_lost = lost != 0;
	je.lost = lost;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_EVENT;
	m.job_event = &je;
	fake_say(f, &m, NULL, 0);
}

/* A new state of a job, which is its age too, so that events can be told apart. */
static void fake_state(struct fake *f, uint64_t number, uint64_t age_us, uint64_t lost)
{
	Fdbroker__V1__Job job = FDBROKER__V1__JOB__INIT;

	job.has_job = job.has_state = job.has_age_us = 1;
	job.job = number;
	job.state = FDBROKER__V1__JOB_STATE__JOB_RESTORING;
	job.age_us = age_us;
	fake_job_event(f, &job, NULL, lost);
}

static void expect_state(struct fdb_client *c, uint64_t number, uint64_t age_us, uint64_t lost)
{
	struct fdb_event *ev;

	assert_int_equal(fdb_next_event(c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_JOB);
	assert_int_equal(fdb_event_stage(ev), 0);
	assert_true(fdb_event_job(ev) == number);
	assert_true(fdb_event_at_us(ev) == age_us);
	assert_true(fdb_event_lost(ev) == lost);
	assert_int_equal(fdb_job_state(fdb_event_job_report(ev)), FDB_JOB_RESTORING);
	fdb_event_free(ev);
}

/* ---- what is asked for ---- */

struct watch_case {
	uint64_t job;
	uid_t uid;
	bool states_only;
};

static const struct watch_case watch_cases[] = {
	{ 0, FDB_ANY_USER, false },
	{ 5, FDB_ANY_USER, true },
	{ UINT64_MAX, 0, false },
	{ 0, 65534, true },
};

#define N_WATCHES (sizeof(watch_cases) / sizeof(watch_cases[0]))

/* Each case twice, for both forms; after them two that switch it off. */
static void check_watches(struct fake *f)
{
	while (fake_get(f)) {
		const struct watch_case *c = &watch_cases[(f->got - 1) / 2 % N_WATCHES];
		const Fdbroker__V1__Watch *w = f->m->watch;

		fake_expect(
			f, f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_WATCH, "no Watch");
		if (f->fault)
			return;
		if (f->got > 2 * N_WATCHES) {
			fake_expect(f, w->off, "still on");
		} else {
			fake_expect(f, !w->off, "off");
			fake_expect(f, w->job == c->job, "another job");
			fake_expect(f, w->has_uid == (c->uid != FDB_ANY_USER), "a user or none");
			fake_expect(f, !w->has_uid || w->uid == c->uid, "another user");
			fake_expect(f, w->states == c->states_only, "notifications or not");
		}
		fake_watching(f);
	}
}

static void expect_watching(struct fdb_client *c, uint64_t call)
{
	fdb_event_free(fake_next_answer(c, call, 0));
}

static void watch_asks_for_what_is_wanted(void **state)
{
	struct fake f;
	uint64_t call;

	(void)state;
	fake_start(&f, check_watches, NULL);
	for (size_t i = 0; i < N_WATCHES; i++) {
		const struct watch_case *c = &watch_cases[i];

		assert_int_equal(fdb_watch(f.c, c->job, c->uid, c->states_only, FAKE_WAIT_MS), 0);
		assert_int_equal(fdb_start_watch(f.c, c->job, c->uid, c->states_only, &call), 0);
		expect_watching(f.c, call);
	}
	assert_int_equal(fdb_unwatch(f.c, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_start_unwatch(f.c, &call), 0);
	expect_watching(f.c, call);
	fake_end(&f);
	assert_int_equal(f.got, 2 * N_WATCHES + 2);
}

static void refuse(struct fake *f)
{
	while (fake_get(f)) {
		if (f->got == 1)
			fake_error(f, f->m->serial, FDB_NO_SUCH_JOB, "job", "there is no job 3", 0);
		else
			fake_returned(f);
	}
}

static void watch_may_be_refused(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, refuse, NULL);
	assert_int_equal(fdb_watch(f.c, 3, FDB_ANY_USER, false, FAKE_WAIT_MS), -ESRCH);
	assert_string_equal(fdb_error_field(f.c), "job");
	assert_int_equal(fdb_watch(f.c, 3, FDB_ANY_USER, false, FAKE_WAIT_MS), -EPROTO);
	fake_end(&f);
}

/* ---- what comes ---- */

static void tell_of_a_job(struct fake *f)
{
	Fdbroker__V1__Event ev = fake_stage(9, NOTIFIED, 40, "post-restore");
	Fdbroker__V1__Event strange = fake_stage(9, 77, 41, NULL);
	struct fake_job j;

	if (!fake_get(f))
		return;
	fake_watching(f);
	fake_state(f, 9, 30, 0);
	fake_job_fill(&j, 9);
	fake_job_event(f, &j.job, &ev, 3);
	fake_job_event(f, NULL, &ev, 0); /* of no job: nothing */
	fake_job_event(f, NULL, NULL, 0);
	fake_job_event(f, NULL, NULL, 5); /* of losses alone */
	fake_job_event(f, NULL, &ev, 6);
	fake_job_event(f, &j.job, &strange, 0);
	fake_get(f);
}

static void expect_losses(struct fdb_client *c, uint64_t lost)
{
	struct fdb_event *ev;

	assert_int_equal(fdb_next_event(c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_JOB);
	assert_true(fdb_event_lost(ev) == lost);
	assert_int_equal(fdb_event_job(ev), 0);
	assert_int_equal(fdb_event_stage(ev), 0);
	assert_null(fdb_event_job_report(ev));
	assert_null(fdb_event_take_job_report(ev));
	fdb_event_free(ev);
}

static void events_bring_their_job(void **state)
{
	struct fdb_event *ev;
	struct fdb_job *job;
	struct fake f;

	(void)state;
	fake_start(&f, tell_of_a_job, NULL);
	assert_int_equal(fdb_watch(f.c, 0, FDB_ANY_USER, false, FAKE_WAIT_MS), 0);
	expect_state(f.c, 9, 30, 0);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_JOB);
	assert_int_equal(fdb_event_stage(ev), NOTIFIED);
	assert_int_equal(fdb_event_at_us(ev), 40);
	assert_string_equal(fdb_event_notification(ev), "post-restore");
	assert_int_equal(fdb_event_lost(ev), 3);
	assert_int_equal(fdb_event_descriptor(ev), -1);
	assert_null(fdb_event_result(ev));
	job = fdb_event_take_job_report(ev);
	fdb_event_free(ev);
	fake_job_expect(job, 9);
	fdb_job_free(job);
	expect_losses(f.c, 5);
	expect_losses(f.c, 6);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_JOB);
	assert_int_equal(fdb_event_stage(ev), 77);
	fdb_event_free(ev);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), -ETIMEDOUT);
	fake_end(&f);
}

/* ---- with the own restores ---- */

static void restore_and_tell(struct fake *f)
{
	if (!fake_get(f))
		return;
	fake_watching(f);
	if (!fake_get(f))
		return;
	fake_accepted(f, 4);
	fake_state(f, 4, 1, 0);
	fake_event(f, 4, FDBROKER__V1__STAGE__STARTED, 2, NULL, -1);
	fake_state(f, 4, 3, 0);
	fake_success(f, 4);
	fake_state(f, 4, 5, 0);
	fake_get(f);
}

/* Who waits for a result loses the events of that restore, and none of the watch. */
static void a_watch_goes_on_beside_a_restore(void **state)
{
	struct fdb_request *rq;
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fake f;
	uint64_t job;

	(void)state;
	fake_start(&f, restore_and_tell, NULL);
	assert_int_equal(fdb_watch(f.c, 0, FDB_ANY_USER, true, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &job), 0);
	fdb_request_free(rq);
	assert_int_equal(fdb_wait_result(f.c, job, FAKE_WAIT_MS, &res), 0);
	fdb_result_free(res);
	expect_state(f.c, 4, 1, 0);
	expect_state(f.c, 4, 3, 0);
	expect_state(f.c, 4, 5, 0);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), -ETIMEDOUT);
	fake_end(&f);
}

/* ---- who fetches too slowly ---- */

struct flood {
	uint64_t n;    /* events before the answer to the second call */
	uint64_t lost; /* by the broker, before the last of them */
};

static void flood(struct fake *f)
{
	const struct flood *flood = f->arg;

	if (!fake_get(f))
		return;
	fake_watching(f);
	if (!fake_get(f))
		return;
	/* One that is no JOB in front, which must stay. */
	fake_event(f, 4, FDBROKER__V1__STAGE__STARTED, 2, NULL, -1);
	for (uint64_t i = 1; i <= flood->n; i++)
		fake_state(f, 1, i, i == 1 ? 2 : i == flood->n ? flood->lost : 0);
	fake_returned(f);
	if (!fake_get(f))
		return;
	fake_state(f, 1, flood->n + 1, 0);
	fake_returned(f);
	fake_get(f);
}

static void expect_started(struct fdb_client *c)
{
	struct fdb_event *ev;

	assert_int_equal(fdb_next_event(c, 0, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_STARTED);
	fdb_event_free(ev);
}

static void flooded(uint64_t n, uint64_t dropped)
{
	const char *const names[] = { "a" };
	struct flood flood_by = { .n = n, .lost = 7 };
	struct fdb_event *ev;
	struct fake f;

	fake_start(&f, flood, &flood_by);
	assert_int_equal(fdb_watch(f.c, 0, FDB_ANY_USER, false, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_return(f.c, names, 1, FAKE_WAIT_MS), 0);
	expect_started(f.c);
	/* What the broker has lost before those that were dropped here counts, too. */
	for (uint64_t i = dropped + 1; i <= n; i++)
		expect_state(f.c, 1, i, i == dropped + 1 ? dropped + 2 : i == n ? 7 : 0);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), -ETIMEDOUT);
	/* Then there is room again. */
	assert_int_equal(fdb_return(f.c, names, 1, FAKE_WAIT_MS), 0);
	expect_state(f.c, 1, n + 1, 0);
	fake_end(&f);
}

static void a_slow_watch_loses_the_oldest(void **state)
{
	(void)state;
	flooded(2, 0);
	flooded(KEPT, 0);
	flooded(KEPT + 1, 1);
	flooded(3 * KEPT + 5, 2 * KEPT + 5);
}

/* What was never fetched goes with the client, or with the connection. */
static void unfetched_events_are_freed(void **state)
{
	const char *const names[] = { "a" };
	struct flood flood_by = { .n = KEPT + 10 };
	struct fdb_event *ev;
	struct fake f;

	(void)state;
	fake_start(&f, flood, &flood_by);
	assert_int_equal(fdb_watch(f.c, 0, FDB_ANY_USER, false, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_return(f.c, names, 1, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_disconnect(f.c, 0), 0);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), -ENOTCONN);
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watch_asks_for_what_is_wanted),
		cmocka_unit_test(watch_may_be_refused),
		cmocka_unit_test(events_bring_their_job),
		cmocka_unit_test(a_watch_goes_on_beside_a_restore),
		cmocka_unit_test(a_slow_watch_loses_the_oldest),
		cmocka_unit_test(unfetched_events_are_freed),
	};

	return cmocka_run_group_tests_name("client_watch", tests, NULL, NULL);
}

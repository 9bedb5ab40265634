/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libfdbroker: List, whole and part by part, and brokers whose lists are none. */
#include "fake_jobs.h"

#define SHORT_MS 60
#define ALL      UINT32_MAX

struct serving {
	/* What each List must ask for. */
	unsigned states;
	uint32_t uid; /* ALL: not at all */
	/* How many jobs there are, how many fit into a part. */
	uint64_t n, part;
	unsigned parts; /* how many were asked for */
};

static void check_list(struct fake *f, const struct serving *s)
{
	const Fdbroker__V1__List *list = f->m->list;
	unsigned states = 0;

	fake_expect(f, f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_LIST, "no List");
	if (f->fault)
		return;
	for (size_t i = 0; i < list->n_states; i++)
		states |= 1U << list->states[i];
	fake_expect(f, states == s->states, "other states");
	fake_expect(f, list->has_uid == (s->uid != ALL), "a user, or none");
	fake_expect(f, !list->has_uid || list->uid == s->uid, "another user");
}

/* The jobs after .. after + n. */
static void say_part(struct fake *f, uint64_t after, uint64_t n, bool more)
{
	Fdbroker__V1__ServerMessage m = fake_answer(f);
	Fdbroker__V1__JobList list = FDBROKER__V1__JOB_LIST__INIT;
	Fdbroker__V1__Job jobs[16], *pointers[16];

	for (uint64_t i = 0; i < n; i++) {
		fdbroker__v1__job__init(&jobs[i]);
		jobs[i].has_job = jobs[i].has_state = 1;
		jobs[i].job = after + 1 + i;
		jobs[i].state = FDBROKER__V1__JOB_STATE__JOB_QUEUED;
		pointers[i] = &jobs[i];
	}
	list.n_jobs = n;
	list.jobs = pointers;
	list.has_more = list.more = more;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_LIST;
	m.job_list = &list;
	fake_say(f, &m, NULL, 0);
}

static void serve_parts(struct fake *f)
{
	struct serving *s = f->arg;

	while (fake_get(f)) {
		uint64_t after, left;

		check_list(f, s);
		if (f->fault)
			return;
		after = f->m->list->after;
		left = s->n > after ? s->n - after : 0;
		say_part(f, after, left < s->part ? left : s->part, left > s->part);
		s->parts++;
	}
}

static void expect_jobs(const struct fdb_job_list *list, uint64_t first, size_t n)
{
	assert_int_equal(fdb_job_list_n(list), n);
	for (size_t i = 0; i < n; i++) {
		assert_true(fdb_job_number(fdb_job_list_get(list, i)) == first + i);
		assert_int_equal(fdb_job_state(fdb_job_list_get(list, i)), FDB_JOB_QUEUED);
	}
	assert_null(fdb_job_list_get(list, n));
}

static void list_fetches_all_parts(void **state)
{
	struct serving s = { .uid = ALL, .n = 21, .part = 5 };
	struct fdb_job_list *list;
	struct fake f;

	(void)state;
	fake_start(&f, serve_parts, &s);
	assert_int_equal(fdb_list(f.c, 0, FDB_ANY_USER, FAKE_WAIT_MS, &list), 0);
	fake_end(&f);
	expect_jobs(list, 1, 21);
	assert_false(fdb_job_list_more(list));
	assert_int_equal(s.parts, 5);
	fdb_job_list_free(list);
	fdb_job_list_free(NULL);
}

static void list_asks_for_what_is_wanted(void **state)
{
	struct serving s = { .states = FDB_STATE(FDB_JOB_QUEUED) | FDB_STATE(FDB_JOB_ENDED) |
				       FDB_STATE(31),
		.uid = 0,
		.n = 6,
		.part = 3 };
	struct fdb_job_list *list;
	struct fake f;

	(void)state;
	fake_start(&f, serve_parts, &s);
	assert_int_equal(fdb_list(f.c, s.states, 0, FAKE_WAIT_MS, &list), 0);
	fake_end(&f);
	expect_jobs(list, 1, 6);
	assert_int_equal(s.parts, 2);
	fdb_job_list_free(list);
}

static void a_list_may_be_empty(void **state)
{
	struct serving s = { .uid = 1000, .n = 0, .part = 5 };
	struct fdb_job_list *list;
	struct fake f;

	(void)state;
	fake_start(&f, serve_parts, &s);
	assert_int_equal(fdb_list(f.c, 0, 1000, FAKE_WAIT_MS, &list), 0);
	fake_end(&f);
	expect_jobs(list, 1, 0);
	fdb_job_list_free(list);
}

static void parts_come_as_events(void **state)
{
	struct serving s = { .uid = ALL, .n = 8, .part = 5 };
	struct fdb_job_list *list;
	struct fdb_event *ev;
	struct fake f;
	uint64_t call, after = 0;

	(void)state;
	fake_start(&f, serve_parts, &s);
	for (int part = 0; part < 2; part++) {
		assert_int_equal(fdb_start_list(f.c, 0, FDB_ANY_USER, after, &call), 0);
		ev = fake_next_answer(f.c, call, 0);
		assert_int_equal(fdb_event_job(ev), 0);
		list = fdb_event_take_job_list(ev);
		assert_null(fdb_event_job_list(ev));
		fdb_event_free(ev);
		expect_jobs(list, after + 1, part ? 3 : 5);
		assert_int_equal(fdb_job_list_more(list), !part);
		after = fdb_job_number(fdb_job_list_get(list, fdb_job_list_n(list) - 1));
		fdb_job_list_free(list);
	}
	/* One that nobody takes goes with its event. */
	assert_int_equal(fdb_start_list(f.c, 0, FDB_ANY_USER, 0, &call), 0);
	ev = fake_next_answer(f.c, call, 0);
	expect_jobs(fdb_event_job_list(ev), 1, 5);
	fdb_event_free(ev);
	fake_end(&f);
}

/* ---- lists that are none ---- */

static void say_more_for_ever(struct fake *f)
{
	while (fake_get(f))
		say_part(f, 3, f->arg ? 2 : 0, true); /* 4 and 5, or none */
}

static void a_list_without_an_end_is_an_error(void **state)
{
	struct fdb_job_list *list;
	struct fake f;
	int some;

	(void)state;
	fake_start(&f, say_more_for_ever, NULL);
	assert_int_equal(fdb_list(f.c, 0, FDB_ANY_USER, FAKE_WAIT_MS, &list), -EPROTO);
	fake_end(&f);
	fake_start(&f, say_more_for_ever, &some);
	assert_int_equal(fdb_list(f.c, 0, FDB_ANY_USER, FAKE_WAIT_MS, &list), -EPROTO);
	assert_non_null(strstr(fdb_error_text(f.c), "no end"));
	fake_end(&f);
	assert_int_equal(f.got, 2);
}

/* The second part: an error, then no answer at all, then one of another call. */
static void fail_at_the_second(struct fake *f)
{
	while (fake_get(f)) {
		if (!f->m->list->after)
			say_part(f, 0, 5, true);
		else if (f->got == 2)
			fake_error(f, f->m->serial, FDB_LIMIT, NULL, "no more of that", 0);
		else if (f->got == 6)
			fake_accepted(f, 1);
	}
}

static void a_failure_midway_drops_what_came(void **state)
{
	struct fdb_job_list *list = NULL;
	struct fake f;

	(void)state;
	fake_start(&f, fail_at_the_second, NULL);
	assert_int_equal(fdb_list(f.c, 0, FDB_ANY_USER, FAKE_WAIT_MS, &list), -EDQUOT);
	assert_int_equal(fdb_list(f.c, 0, FDB_ANY_USER, SHORT_MS, &list), -ETIMEDOUT);
	assert_int_equal(fdb_error_call(f.c), 4);
	assert_int_equal(fdb_list(f.c, 0, FDB_ANY_USER, FAKE_WAIT_MS, &list), -EPROTO);
	assert_null(list);
	fake_end(&f);
}

static void go_midway(struct fake *f)
{
	if (fake_get(f))
		say_part(f, 0, 5, true);
}

static void a_broker_that_goes_midway(void **state)
{
	struct fdb_job_list *list = NULL;
	struct fake f;

	(void)state;
	fake_start(&f, go_midway, NULL);
	assert_int_equal(fdb_list(f.c, 0, FDB_ANY_USER, FAKE_WAIT_MS, &list), -EPIPE);
	assert_null(list);
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_fetches_all_parts),
		cmocka_unit_test(list_asks_for_what_is_wanted),
		cmocka_unit_test(a_list_may_be_empty),
		cmocka_unit_test(parts_come_as_events),
		cmocka_unit_test(a_list_without_an_end_is_an_error),
		cmocka_unit_test(a_failure_midway_drops_what_came),
		cmocka_unit_test(a_broker_that_goes_midway),
	};

	return cmocka_run_group_tests_name("client_list", tests, NULL, NULL);
}

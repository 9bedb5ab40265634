/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: what a job tells, where little is known of it, where it has failed, how it has ended; and
 * bytes that tell nothing. The calls that bring jobs: test_client_job_calls.c.
 */
#include "fake_jobs.h"

#define NUMBER (UINT64_C(1) << 62)

/* ---- of which nothing is known, which has failed, how it ended ---- */

/* Says what the test has put into its argument, as often as it is asked. */
static void tell_this(struct fake *f)
{
	while (fake_get(f))
		fake_job_answer(f, f->m->serial, f->arg);
}

static struct fdb_job *told(Fdbroker__V1__Job *said)
{
	struct fdb_job *job;
	struct fake f;

	fake_start(&f, tell_this, said);
	assert_int_equal(fdb_cancel(f.c, 1, FAKE_WAIT_MS, NULL), 0);
	assert_int_equal(fdb_show(f.c, 1, FAKE_WAIT_MS, &job), 0);
	fake_end(&f);
	return job; /* outlives its client */
}

static void a_job_of_which_nothing_is_known(void **state)
{
	Fdbroker__V1__Job said = FDBROKER__V1__JOB__INIT;
	struct fdb_job *job = told(&said);

	(void)state;
	assert_int_equal(fdb_job_number(job), 0);
	assert_int_equal(fdb_job_state(job), 0);
	assert_int_equal(fdb_job_position(job), 0);
	assert_int_equal(fdb_job_tasks(job), -1);
	assert_int_equal(fdb_job_tasks_made(job), -1);
	assert_false(fdb_job_has_log(job));
	assert_false(fdb_job_recovered(job));
	assert_null(fdb_job_result(job));
	assert_int_equal(fdb_job_n_transitions(job), 0);
	assert_int_equal(fdb_job_end(job), FDB_END_NONE);
	assert_int_equal(fdb_job_exit_code(job), -1);
	assert_false(fdb_job_has_usage(job));
	assert_int_equal(fdb_job_when_client_gone(job), FDB_CANCEL);
	fdb_job_free(job);
}

static void a_job_that_has_failed(void **state)
{
	const struct fdb_result *res;
	struct fake_job said;
	struct fdb_job *job;

	(void)state;
	fake_job_fill(&said, 5);
	fake_job_fail(&said);
	job = told(&said.job);
	res = fdb_job_result(job);
	assert_false(fdb_result_success(res));
	assert_int_equal(fdb_result_code(res), FDB_CRIU_FAILED);
	assert_string_equal(fdb_result_text(res), "pid 7 is taken");
	assert_string_equal(fdb_result_reason(res), "pid-taken");
	assert_string_equal(fdb_result_hint(res), "End the task.");
	assert_int_equal(fdb_result_cleanup(res), FDB_TREE_KILLED);
	assert_false(fdb_result_has_statistics(res));
	assert_int_equal(fdb_result_restore_us(res), 0);
	assert_int_equal(fdb_job_end(job), FDB_END_NONE);
	fdb_job_free(job);
}

/* In a list and in an event: a failure has its error, a success has nothing. */
static void a_result_without_a_word_is_a_success(void **state)
{
	Fdbroker__V1__Job said = FDBROKER__V1__JOB__INIT;
	Fdbroker__V1__Result result = FDBROKER__V1__RESULT__INIT;
	Fdbroker__V1__Error error = FDBROKER__V1__ERROR__INIT;
	struct fdb_job *job;

	(void)state;
	said.has_job = 1;
	said.job = 9;
	said.result = &result;
	job = told(&said);
	assert_true(fdb_result_success(fdb_job_result(job)));
	assert_int_equal(fdb_result_code(fdb_job_result(job)), FDB_NONE);
	assert_string_equal(fdb_result_text(fdb_job_result(job)), "");
	assert_int_equal(fdb_result_job(fdb_job_result(job)), 9);
	fdb_job_free(job);
	result.error = &error;
	job = told(&said);
	assert_false(fdb_result_success(fdb_job_result(job)));
	assert_int_equal(fdb_result_code(fdb_job_result(job)), FDB_INTERNAL);
	fdb_job_free(job);
}

/* -2: the field is absent. */
struct end_case {
	const char *name;
	int known, exit_code, signal, core;
	enum fdb_job_end end;
	int want_code, want_signal, want_core;
};

static void check_end(void **state)
{
	const struct end_case *c = *state;
	Fdbroker__V1__Job said = FDBROKER__V1__JOB__INIT;
	Fdbroker__V1__End end = FDBROKER__V1__END__INIT;
	struct fdb_job *job;

	said.end = &end;
	end.has_known = c->known != -2;
	end.known = c->known == 1;
	end.has_exit_code = c->exit_code != -2;
	end.exit_code = c->exit_code;
	end.has_signal = c->signal != -2;
	end.signal = c->signal;
	end.has_core = end.core = c->core;
	job = told(&said);
	assert_int_equal(fdb_job_end(job), c->end);
	assert_int_equal(fdb_job_exit_code(job), c->want_code);
	assert_int_equal(fdb_job_signal(job), c->want_signal);
	assert_int_equal(fdb_job_core_dumped(job), c->want_core);
	assert_false(fdb_job_has_usage(job));
	fdb_job_free(job);
}

static struct end_case end_cases[] = {
	{ "end: exited 0", 1, 0, -2, 0, FDB_END_EXITED, 0, 0, 0 },
	{ "end: exited 255", 1, 255, -2, 0, FDB_END_EXITED, 255, 0, 0 },
	{ "end: exited, and a core means nothing", 1, 1, -2, 1, FDB_END_EXITED, 1, 0, 0 },
	{ "end: signal 9", 1, -2, 9, 0, FDB_END_SIGNAL, -1, 9, 0 },
	{ "end: signal 64 with a core", 1, -2, 64, 1, FDB_END_SIGNAL, -1, 64, 1 },
	{ "end: both: the signal", 1, 0, 15, 0, FDB_END_SIGNAL, -1, 15, 0 },
	{ "end: not known", 0, 3, 9, 1, FDB_END_UNKNOWN, -1, 0, 0 },
	{ "end: without a word", -2, -2, -2, 0, FDB_END_UNKNOWN, -1, 0, 0 },
	{ "end: known, but neither", 1, -2, -2, 0, FDB_END_UNKNOWN, -1, 0, 0 },
	{ "end: no exit code", 1, 256, -2, 0, FDB_END_UNKNOWN, -1, 0, 0 },
	{ "end: a negative exit code", 1, -1, -2, 0, FDB_END_UNKNOWN, -1, 0, 0 },
	{ "end: no signal", 1, -2, 65, 0, FDB_END_UNKNOWN, -1, 0, 0 },
	{ "end: signal 0 and an exit code", 1, 4, 0, 0, FDB_END_EXITED, 4, 0, 0 },
};

#define N_ENDS (sizeof(end_cases) / sizeof(end_cases[0]))

static void numbers_that_nobody_knows(void **state)
{
	struct fake_job said;
	struct fdb_job *job;

	(void)state;
	fake_job_fill(&said, 1);
	said.job.state = (Fdbroker__V1__JobState)99;
	said.job.when_client_gone = (Fdbroker__V1__WhenClientGone)98;
	said.transitions[1].state = (Fdbroker__V1__JobState)-1;
	said.result.has_cleanup = 1;
	said.result.cleanup = (Fdbroker__V1__Cleanup)97;
	said.job.tasks = UINT32_MAX;
	job = told(&said.job);
	assert_int_equal(fdb_job_state(job), 99);
	assert_string_equal(fdb_job_state_name(fdb_job_state(job)), "UNKNOWN");
	assert_int_equal(fdb_job_when_client_gone(job), 98);
	assert_string_equal(fdb_job_state_name(fdb_job_transition_state(job, 1)), "UNKNOWN");
	assert_int_equal(fdb_result_cleanup(fdb_job_result(job)), 97);
	assert_int_equal(fdb_job_tasks(job), INT32_MAX);
	fdb_job_free(job);
	assert_string_equal(fdb_job_state_name(FDB_JOB_ACCEPTED), "ACCEPTED");
	assert_string_equal(fdb_job_state_name(FDB_JOB_ENDED), "ENDED");
	assert_string_equal(fdb_job_state_name((enum fdb_job_state)0), "UNKNOWN");
}

/* ---- bytes that are none of this ---- */

struct bytes {
	uint8_t data[2048];
	size_t size;
};

static void say_bytes_and_go(struct fake *f)
{
	const struct bytes *b = f->arg;

	if (fake_get(f) && b->size)
		fake_raw(f, b->data, b->size, NULL, 0);
}

/* An answer to the first call of a connection. */
static void encode_answer(struct bytes *b)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__JobReport report = FDBROKER__V1__JOB_REPORT__INIT;
	struct fake_job j;

	fake_job_fill(&j, NUMBER);
	report.job = &j.job;
	m.has_serial = 1;
	m.serial = 1;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT;
	m.job_report = &report;
	b->size = fdbroker__v1__server_message__get_packed_size(&m);
	assert_true(b->size < sizeof(b->data));
	fdbroker__v1__server_message__pack(&m, b->data);
}

/* Whatever comes: the call ends, and what it gives can be looked at. Return: it gave a job. */
static bool survive(struct bytes *b)
{
	struct fdb_job *job = NULL;
	struct fake f;
	int r;

	fake_start(&f, say_bytes_and_go, b);
	r = fdb_show(f.c, NUMBER, FAKE_WAIT_MS, &job);
	assert_true(r <= 0 && r != -ETIMEDOUT);
	if (r == 0) {
		(void)fdb_job_state_name(fdb_job_state(job));
		for (size_t i = 0; i <= fdb_job_n_transitions(job); i++)
			(void)fdb_job_transition_state(job, i);
		assert_true(fdb_job_exit_code(job) <= 255);
		fdb_job_free(job);
	}
	fake_end(&f);
	return r == 0;
}

static void cut_answers_are_survived(void **state)
{
	struct bytes whole, cut;

	(void)state;
	encode_answer(&whole);
	assert_true(survive(&whole));
	for (size_t size = 0; size < whole.size; size++) {
		cut = whole;
		cut.size = size;
		assert_false(survive(&cut));
	}
}

/* Every byte of it changed in two ways. */
static void changed_answers_are_survived(void **state)
{
	struct bytes whole, changed;
	size_t given = 0;

	(void)state;
	encode_answer(&whole);
	for (size_t at = 0; at < whole.size; at++) {
		changed = whole;
		changed.data[at] ^= 0x80;
		given += survive(&changed);
		changed.data[at] = (uint8_t)~whole.data[at];
		given += survive(&changed);
	}
	assert_in_range(given, 1, 2 * whole.size - 1);
}

int main(void)
{
	const struct CMUnitTest simple[] = {
		cmocka_unit_test(a_job_of_which_nothing_is_known),
		cmocka_unit_test(a_job_that_has_failed),
		cmocka_unit_test(a_result_without_a_word_is_a_success),
		cmocka_unit_test(numbers_that_nobody_knows),
		cmocka_unit_test(cut_answers_are_survived),
		cmocka_unit_test(changed_answers_are_survived),
	};
	enum { N_SIMPLE = sizeof(simple) / sizeof(simple[0]) };
	struct CMUnitTest tests[N_SIMPLE + N_ENDS];

	memcpy(tests, simple, sizeof(simple));
	for (size_t i = 0; i < N_ENDS; i++)
		tests[N_SIMPLE + i] = (struct CMUnitTest){ end_cases[i].name, check_end, NULL, NULL,
			&end_cases[i] };
	return cmocka_run_group_tests_name("client_job", tests, NULL, NULL);
}

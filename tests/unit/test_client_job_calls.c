/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: Show, Wait, Cancel and Log, in the form that waits and the one that does not, and what a
 * broker may say instead. What jobs tell: test_client_job.c; lists: test_client_list.c.
 */
#include "fake_jobs.h"

#include <fcntl.h>
#include <sys/mman.h>

#define SHORT_MS 60
#define NUMBER   (UINT64_C(1) << 62)

typedef int (*wait_form)(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_job **ret);
typedef int (*start_form)(struct fdb_client *c, uint64_t job, uint64_t *ret_call);

struct call_case {
	const char *name;
	int call;
	wait_form wait;
	start_form start;
};

static const struct call_case calls[] = {
	{ "Show", FDBROKER__V1__CLIENT_MESSAGE__CALL_SHOW, fdb_show, fdb_start_show },
	{ "Wait", FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT, fdb_wait, fdb_start_wait },
	{ "Cancel", FDBROKER__V1__CLIENT_MESSAGE__CALL_CANCEL, fdb_cancel, fdb_start_cancel },
};

#define N_CALLS (sizeof(calls) / sizeof(calls[0]))

/* ---- everything that a job tells ---- */

/* Every call twice, in both forms; two descriptors come along that nobody has asked for. */
static void tell_all(struct fake *f)
{
	Fdbroker__V1__JobReport report = FDBROKER__V1__JOB_REPORT__INIT;
	Fdbroker__V1__ServerMessage m;
	struct fake_job j;
	int fds[2] = { memfd_create("a", MFD_CLOEXEC), memfd_create("b", MFD_CLOEXEC) };

	while (fake_get(f)) {
		const struct call_case *c = &calls[(f->got - 1) / 2 % N_CALLS];

		fake_expect(f, (int)f->m->call_case == c->call, "another call");
		fake_expect(f, fake_job_wanted(f) == NUMBER, "of another job");
		fake_job_fill(&j, NUMBER);
		report.job = &j.job;
		m = fake_answer(f);
		m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT;
		m.job_report = &report;
		fake_say(f, &m, fds, 2);
	}
	close(fds[0]);
	close(fds[1]);
}

static void a_job_has_everything(void **state)
{
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fdb_job *job;
	struct fake f;
	uint64_t call;

	(void)state;
	fake_start(&f, tell_all, NULL);
	for (size_t i = 0; i < N_CALLS; i++) {
		assert_int_equal(calls[i].wait(f.c, NUMBER, FAKE_WAIT_MS, &job), 0);
		fake_job_expect(job, NUMBER);
		fdb_job_free(job);
		assert_int_equal(calls[i].start(f.c, NUMBER, &call), 0);
		ev = fake_next_answer(f.c, call, 0);
		assert_true(fdb_event_job(ev) == NUMBER);
		fake_job_expect(fdb_event_job_report(ev), NUMBER);
		job = fdb_event_take_job_report(ev);
		assert_null(fdb_event_job_report(ev));
		assert_null(fdb_event_take_job_report(ev));
		fdb_event_free(ev);
		res = fdb_job_take_result(job);
		assert_null(fdb_job_result(job));
		fdb_job_free(job);
		fake_job_expect_result(res, NUMBER);
		fdb_result_free(res);
	}
	fake_end(&f);
	fdb_job_free(NULL);
}

/* ---- errors ---- */

static void refuse_with_advice(struct fake *f)
{
	char hint[2000];

	memset(hint, 'h', sizeof(hint) - 1);
	hint[sizeof(hint) - 1] = 0;
	while (fake_get(f)) {
		Fdbroker__V1__ServerMessage m = fake_answer(f);
		Fdbroker__V1__Error error = FDBROKER__V1__ERROR__INIT;

		error.has_code = 1;
		error.code = FDBROKER__V1__ERROR_CODE__NO_SUCH_JOB;
		error.text = "job 3 is no more";
		error.field = "job";
		error.reason = "forgotten";
		error.hint = f->got == 3 ? hint : "Ask earlier.";
		m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR;
		m.error = &error;
		fake_say(f, &m, NULL, 0);
	}
}

static void errors_bring_reason_and_hint(void **state)
{
	struct fdb_job *job;
	struct fdb_event *ev;
	struct fake f;
	uint64_t call;

	(void)state;
	fake_start(&f, refuse_with_advice, NULL);
	assert_string_equal(fdb_error_reason(f.c), "");
	assert_int_equal(fdb_wait(f.c, 3, FAKE_WAIT_MS, &job), -ESRCH);
	assert_int_equal(fdb_error_code(f.c), FDB_NO_SUCH_JOB);
	assert_string_equal(fdb_error_text(f.c), "job 3 is no more");
	assert_string_equal(fdb_error_field(f.c), "job");
	assert_string_equal(fdb_error_reason(f.c), "forgotten");
	assert_string_equal(fdb_error_hint(f.c), "Ask earlier.");
	assert_int_equal(fdb_start_wait(f.c, 3, &call), 0);
	ev = fake_next_answer(f.c, call, -ESRCH);
	assert_string_equal(fdb_event_error_reason(ev), "forgotten");
	assert_string_equal(fdb_event_error_hint(ev), "Ask earlier.");
	assert_null(fdb_event_job_report(ev));
	fdb_event_free(ev);
	/* One that is too long is cut. */
	assert_int_equal(fdb_wait(f.c, 3, FAKE_WAIT_MS, &job), -ESRCH);
	assert_true(strlen(fdb_error_hint(f.c)) > 400);
	/* The next error of this side has none. */
	assert_int_equal(fdb_next_event(f.c, 0, &ev), -ETIMEDOUT);
	assert_string_equal(fdb_error_reason(f.c), "");
	assert_string_equal(fdb_error_hint(f.c), "");
	fake_end(&f);
}

/* Without the job, and by what answers another call. */
static void answer_wrongly(struct fake *f)
{
	while (fake_get(f)) {
		if (f->got % 3 == 0)
			fake_job_answer(f, f->m->serial, NULL);
		else if (f->got % 3 == 1)
			fake_accepted(f, 77);
		else
			fake_lent(f);
	}
}

static void wrong_answers_fail_one_call(void **state)
{
	const char *const names[] = { "a" };
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fdb_job *job;
	struct fake f;
	uint64_t call;

	(void)state;
	fake_start(&f, answer_wrongly, NULL);
	for (size_t i = 0; i < N_CALLS; i++)
		assert_int_equal(calls[i].wait(f.c, 1, FAKE_WAIT_MS, &job), -EPROTO);
	assert_int_equal(fdb_error_code(f.c), FDB_PROTOCOL);
	assert_int_equal(fdb_return(f.c, names, 1, FAKE_WAIT_MS), -EPROTO);
	for (size_t i = 0; i < N_CALLS; i++) {
		assert_int_equal(calls[i].start(f.c, 1, &call), 0);
		ev = fake_next_answer(f.c, call, -EPROTO);
		assert_null(fdb_event_job_report(ev));
		fdb_event_free(ev);
	}
	/* An Accepted that answers no Restore starts no job. */
	assert_int_equal(fdb_wait_result(f.c, 77, 0, &res), -ESRCH);
	fake_end(&f);
}

/* ---- waiting ---- */

/* The answer to the first call comes after the second. */
static void answer_the_second_first(struct fake *f)
{
	struct fake_job j;
	uint64_t first;

	if (!fake_get(f))
		return;
	first = f->m->serial;
	if (!fake_get(f))
		return;
	fake_job_fill(&j, 2);
	fake_job_answer(f, f->m->serial, &j.job);
	fake_job_fill(&j, 1);
	fake_job_answer(f, first, &j.job);
	fake_get(f);
}

static void a_wait_that_is_over_goes_on(void **state)
{
	struct fdb_event *ev;
	struct fdb_job *job;
	struct fake f;
	uint64_t call;

	(void)state;
	for (size_t i = 1; i < N_CALLS; i++) {
		fake_start(&f, answer_the_second_first, NULL);
		assert_int_equal(calls[i].wait(f.c, 1, SHORT_MS, &job), -ETIMEDOUT);
		call = fdb_error_call(f.c);
		assert_true(call != 0);
		assert_int_equal(fdb_show(f.c, 2, FAKE_WAIT_MS, &job), 0);
		assert_int_equal(fdb_job_number(job), 2);
		fdb_job_free(job);
		ev = fake_next_answer(f.c, call, 0);
		fake_job_expect(fdb_event_job_report(ev), 1);
		fdb_event_free(ev);
		fake_end(&f);
	}
}

/* The events and the result of a restore of this connection come besides. */
static void restore_and_wait(struct fake *f)
{
	struct fake_job j;

	if (!fake_get(f))
		return;
	fake_accepted(f, 6);
	if (!fake_get(f))
		return;
	fake_event(f, 6, FDBROKER__V1__STAGE__QUEUED, 1, NULL, -1);
	fake_event(f, 6, FDBROKER__V1__STAGE__STARTING, 2, NULL, -1);
	fake_success(f, 6);
	fake_job_fill(&j, 6);
	fake_job_answer(f, f->m->serial, &j.job);
	fake_get(f);
}

static void waiting_for_a_job_of_ones_own(void **state)
{
	static const enum fdb_event_kind kinds[] = { FDB_EVENT_QUEUED, FDB_EVENT_STARTING };
	struct fdb_request *rq;
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fdb_job *job;
	struct fake f;
	uint64_t number;

	(void)state;
	fake_start(&f, restore_and_wait, NULL);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &number), 0);
	fdb_request_free(rq);
	assert_int_equal(fdb_wait(f.c, number, FAKE_WAIT_MS, &job), 0);
	assert_int_equal(fdb_job_exit_code(job), 3);
	fdb_job_free(job);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fdb_next_event(f.c, 0, &ev), 0);
		assert_int_equal(fdb_event_kind(ev), kinds[i]);
		assert_true(fdb_event_at_us(ev) == i + 1);
		fdb_event_free(ev);
	}
	assert_int_equal(fdb_wait_result(f.c, number, 0, &res), 0);
	assert_true(fdb_result_success(res));
	fdb_result_free(res);
	fake_end(&f);
}

/* ---- Log ---- */

struct log_case {
	bool has_log;
	uint32_t index;
	bool complete;
	size_t n_fds;
	int r;
};

static const struct log_case log_cases[] = {
	{ true, 0, true, 1, 0 },
	{ true, 1, false, 2, 0 },
	{ false, 0, true, 1, -EPROTO },
	{ true, 0, true, 0, -EPROTO },
	{ true, UINT32_MAX, true, 2, -EPROTO },
};

#define N_LOGS (sizeof(log_cases) / sizeof(log_cases[0]))

/* Each case twice, for both forms. */
static void give_logs(struct fake *f)
{
	int fds[2] = { memfd_create("a", MFD_CLOEXEC), memfd_create("b", MFD_CLOEXEC) };

	fake_expect(f, write(fds[0], "0", 1) == 1 && write(fds[1], "1", 1) == 1, "no memfd");
	while (fake_get(f)) {
		const struct log_case *c = &log_cases[(f->got - 1) / 2 % N_LOGS];
		Fdbroker__V1__ServerMessage m = fake_answer(f);
		Fdbroker__V1__LogFile log = FDBROKER__V1__LOG_FILE__INIT;

		fake_expect(f, f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_LOG, "no Log");
		fake_expect(f, fake_job_wanted(f) == 8, "of another job");
		log.has_job = 1;
		log.job = 8;
		log.has_log = c->has_log;
		log.log = c->index;
		log.has_complete = log.complete = c->complete;
		m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_LOG_FILE;
		m.log_file = &log;
		fake_say(f, &m, fds, c->n_fds);
	}
	close(fds[0]);
	close(fds[1]);
}

static void expect_log(int fd, const struct log_case *want, bool complete)
{
	char byte = 0;

	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, 0), 1);
	assert_int_equal(byte, '0' + (int)want->index);
	assert_int_equal(complete, want->complete);
	close(fd);
}

static void logs_are_files(void **state)
{
	bool complete = false;
	struct fdb_event *ev;
	struct fake f;
	uint64_t call;
	int fd = -1;

	(void)state;
	fake_start(&f, give_logs, NULL);
	for (size_t i = 0; i < N_LOGS; i++) {
		const struct log_case *c = &log_cases[i];

		assert_int_equal(fdb_log(f.c, 8, FAKE_WAIT_MS, &fd, &complete), c->r);
		if (c->r == 0)
			expect_log(fd, c, complete);
		assert_int_equal(fdb_start_log(f.c, 8, &call), 0);
		ev = fake_next_answer(f.c, call, c->r);
		assert_true(fdb_event_job(ev) == 8);
		if (c->r == 0)
			expect_log(fdb_event_take_descriptor(ev), c, fdb_event_log_complete(ev));
		else
			assert_int_equal(fdb_event_descriptor(ev), -1);
		fdb_event_free(ev);
	}
	/* The first case once more: who does not want to know whether it is complete. */
	assert_int_equal(fdb_log(f.c, 8, FAKE_WAIT_MS, &fd, NULL), 0);
	close(fd);
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_has_everything),
		cmocka_unit_test(errors_bring_reason_and_hint),
		cmocka_unit_test(wrong_answers_fail_one_call),
		cmocka_unit_test(a_wait_that_is_over_goes_on),
		cmocka_unit_test(waiting_for_a_job_of_ones_own),
		cmocka_unit_test(logs_are_files),
	};

	return cmocka_run_group_tests_name("client_job_calls", tests, NULL, NULL);
}

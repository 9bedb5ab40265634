/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libfdbroker: events and results, of one job and of two at once, well-formed and not. */
#include "fake_broker.h"

#include <fcntl.h>
#include <sys/mman.h>

#define STARTED  FDBROKER__V1__STAGE__STARTED
#define NOTIFIED FDBROKER__V1__STAGE__NOTIFIED

/* A request that a fake broker does not look at. */
static void start_job(struct fake *f, uint64_t *ret_job)
{
	struct fdb_request *rq;

	assert_int_equal(fdb_request_new(f->c, &rq), 0);
	assert_int_equal(fdb_restore(f->c, rq, FAKE_WAIT_MS, ret_job), 0);
	fdb_request_free(rq);
}

static void expect_event(struct fdb_client *c, enum fdb_event_kind kind, uint64_t job,
	uint64_t at_us, const char *notification)
{
	struct fdb_event *ev;

	assert_int_equal(fdb_next_event(c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), kind);
	assert_true(fdb_event_job(ev) == job);
	assert_true(fdb_event_at_us(ev) == at_us);
	assert_string_equal(fdb_event_notification(ev), notification);
	assert_true((fdb_event_result(ev) != NULL) == (kind == FDB_EVENT_RESULT));
	fdb_event_free(ev);
}

/* ---- one job ---- */

static void succeed(struct fake *f)
{
	Fdbroker__V1__Result res = FDBROKER__V1__RESULT__INIT;
	Fdbroker__V1__Event stages[2] = { fake_stage(0, STARTED, 10, NULL),
		fake_stage(0, NOTIFIED, 20, "post-restore") };
	Fdbroker__V1__Event *list[2] = { &stages[0], &stages[1] };
	int32_t numbers[] = { 5, 3 };
	int fds[2];

	if (!fake_get(f))
		return;
	fds[0] = memfd_create("log", MFD_CLOEXEC);
	fds[1] = memfd_create("pidfd", MFD_CLOEXEC);
	fake_expect(
		f, write(fds[0], "hello", 5) == 5 && lseek(fds[0], 0, SEEK_SET) == 0, "no memfd");
	fake_accepted(f, 7);
	fake_event(f, 7, STARTED, 10, NULL, -1);
	fake_event(f, 7, NOTIFIED, 20, "post-restore", -1);
	res.has_job = res.has_success = res.has_pid = res.has_pidfd = res.has_log =
		res.has_total_us = 1;
	res.job = 7, res.success = 1, res.pid = 99, res.pidfd = 1, res.log = 0, res.total_us = 30;
	res.n_numbers = 2;
	res.numbers = numbers;
	res.n_stages = 2;
	res.stages = list;
	fake_result(f, &res, fds, 2);
	close(fds[0]);
	close(fds[1]);
	fake_get(f);
}

static void look_at_success(struct fdb_result *res)
{
	char text[8] = "";
	int log;

	assert_true(fdb_result_success(res));
	assert_int_equal(fdb_result_code(res), FDB_NONE);
	assert_string_equal(fdb_result_text(res), "");
	assert_int_equal(fdb_result_job(res), 7);
	assert_int_equal(fdb_result_pid(res), 99);
	assert_true(fcntl(fdb_result_pidfd(res), F_GETFD) & FD_CLOEXEC);
	log = fdb_result_take_log(res);
	assert_int_equal(fdb_result_log(res), -1);
	assert_int_equal(read(log, text, sizeof(text)), 5);
	close(log);
	assert_string_equal(text, "hello");
	assert_int_equal(fdb_result_n_numbers(res), 2);
	assert_int_equal(fdb_result_number(res, 0), 5);
	assert_int_equal(fdb_result_number(res, 1), 3);
	assert_int_equal(fdb_result_number(res, 2), -1);
	assert_int_equal(fdb_result_n_stages(res), 2);
	assert_int_equal(fdb_event_kind(fdb_result_stage(res, 0)), FDB_EVENT_STARTED);
	assert_string_equal(fdb_event_notification(fdb_result_stage(res, 1)), "post-restore");
	assert_int_equal(fdb_event_at_us(fdb_result_stage(res, 1)), 20);
	assert_null(fdb_result_stage(res, 2));
	assert_int_equal(fdb_result_total_us(res), 30);
}

/* The events of the job are dropped with it, and it is no job any more. */
static void a_result_has_everything(void **state)
{
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fake f;
	uint64_t job;

	(void)state;
	fake_start(&f, succeed, NULL);
	start_job(&f, &job);
	assert_int_equal(fdb_wait_result(f.c, job, FAKE_WAIT_MS, &res), 0);
	look_at_success(res);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), -ETIMEDOUT);
	assert_int_equal(
		fdb_wait_result(f.c, job, FAKE_WAIT_MS, &(struct fdb_result *){ NULL }), -ESRCH);
	assert_int_equal(
		fdb_wait_result(f.c, 0, FAKE_WAIT_MS, &(struct fdb_result *){ NULL }), -ESRCH);
	fake_end(&f);
	fdb_result_free(res); /* outlives its client */
}

static void events_come_in_their_order(void **state)
{
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fake f;
	uint64_t job;

	(void)state;
	fake_start(&f, succeed, NULL);
	start_job(&f, &job);
	expect_event(f.c, FDB_EVENT_STARTED, 7, 10, "");
	expect_event(f.c, FDB_EVENT_NOTIFIED, 7, 20, "post-restore");
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	res = fdb_event_take_result(ev);
	assert_null(fdb_event_take_result(ev));
	fdb_event_free(ev);
	look_at_success(res);
	fdb_result_free(res);
	assert_int_equal(fdb_wait_result(f.c, job, FAKE_WAIT_MS, &res), -ESRCH);
	fake_end(&f);
}

static void fail_with_a_log(struct fake *f)
{
	Fdbroker__V1__Result res = FDBROKER__V1__RESULT__INIT;
	Fdbroker__V1__Error error = FDBROKER__V1__ERROR__INIT;
	int log = memfd_create("log", MFD_CLOEXEC);

	if (fake_get(f)) {
		fake_accepted(f, 8);
		error.has_code = error.has_errno_value = 1;
		error.code = FDBROKER__V1__ERROR_CODE__CRIU_FAILED;
		error.errno_value = EEXIST;
		error.text = "the pid is taken";
		res.has_job = res.has_success = res.has_log = 1;
		res.job = 8;
		res.error = &error;
		fake_result(f, &res, &log, 1);
		fake_get(f);
	}
	close(log);
}

static void a_failure_says_why(void **state)
{
	struct fdb_result *res;
	struct fake f;
	uint64_t job;

	(void)state;
	fake_start(&f, fail_with_a_log, NULL);
	start_job(&f, &job);
	assert_int_equal(fdb_wait_result(f.c, job, FAKE_WAIT_MS, &res), 0);
	assert_false(fdb_result_success(res));
	assert_int_equal(fdb_result_code(res), FDB_CRIU_FAILED);
	assert_int_equal(fdb_result_errno(res), EEXIST);
	assert_string_equal(fdb_result_text(res), "the pid is taken");
	assert_int_equal(fdb_result_pidfd(res), -1);
	assert_true(fdb_result_log(res) >= 0);
	fdb_result_free(res);
	fake_end(&f);
}

/* ---- two jobs at once ---- */

static void run_two(struct fake *f)
{
	if (!fake_get(f))
		return;
	fake_accepted(f, 1);
	if (!fake_get(f))
		return;
	fake_event(f, 1, STARTED, 11, NULL, -1);
	fake_accepted(f, 2);
	fake_event(f, 2, STARTED, 21, NULL, -1);
	fake_event(f, 1, NOTIFIED, 12, "pre-restore", -1);
	fake_event(f, 2, NOTIFIED, 22, "pre-restore", -1);
	fake_success(f, 1);
	fake_success(f, 2);
	fake_get(f);
}

static void waiting_for_one_job_keeps_the_other(void **state)
{
	struct fdb_result *res;
	struct fake f;
	uint64_t one, two;

	(void)state;
	fake_start(&f, run_two, NULL);
	start_job(&f, &one);
	start_job(&f, &two);
	assert_int_equal(fdb_wait_result(f.c, two, FAKE_WAIT_MS, &res), 0);
	assert_int_equal(fdb_result_pid(res), 1002);
	fdb_result_free(res);
	expect_event(f.c, FDB_EVENT_STARTED, one, 11, "");
	expect_event(f.c, FDB_EVENT_NOTIFIED, one, 12, "pre-restore");
	assert_int_equal(fdb_wait_result(f.c, one, 0, &res), 0);
	assert_int_equal(fdb_result_pid(res), 1001);
	fdb_result_free(res);
	fake_end(&f);
}

static void events_of_two_jobs_interleave(void **state)
{
	struct fake f;
	uint64_t one, two;

	(void)state;
	fake_start(&f, run_two, NULL);
	start_job(&f, &one);
	start_job(&f, &two);
	expect_event(f.c, FDB_EVENT_STARTED, one, 11, "");
	expect_event(f.c, FDB_EVENT_STARTED, two, 21, "");
	expect_event(f.c, FDB_EVENT_NOTIFIED, one, 12, "pre-restore");
	expect_event(f.c, FDB_EVENT_NOTIFIED, two, 22, "pre-restore");
	expect_event(f.c, FDB_EVENT_RESULT, one, 0, "");
	expect_event(f.c, FDB_EVENT_RESULT, two, 0, "");
	fake_end(&f);
}

/* ---- odd things from a newer broker, or a bad one ---- */

static void be_odd(struct fake *f)
{
	static const uint8_t unknown_body[] = { 0xf2, 0x07, 0x00 }; /* field 126, empty */
	Fdbroker__V1__ServerMessage m;
	Fdbroker__V1__Result res = FDBROKER__V1__RESULT__INIT;
	int fds[3] = { memfd_create("a", MFD_CLOEXEC), memfd_create("b", MFD_CLOEXEC),
		memfd_create("c", MFD_CLOEXEC) };

	if (fake_get(f)) {
		m = fake_answer(f);
		m.serial += 1000; /* of a call that was never made */
		m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_LENT;
		m.lent = &(Fdbroker__V1__Lent)FDBROKER__V1__LENT__INIT;
		fake_say(f, &m, NULL, 0);
		fake_raw(f, unknown_body, sizeof(unknown_body), fds, 3);
		fake_accepted(f, 3);
		fake_event(f, 3, 77, 1, NULL, -1);
		fake_event(f, 3, NOTIFIED, 2, "orphan-pts-master", fds[0]);
		fake_event(f, 3, NOTIFIED, 3, "orphan-pts-master", fds[1]);
		/*
		 * No success, no error, indices of descriptors that have not come, and descriptors
		 * without one.
		 */
		res.has_job = res.has_pidfd = res.has_log = 1;
		res.job = 3, res.pidfd = 9, res.log = UINT32_MAX;
		fake_result(f, &res, fds, 3);
		fake_get(f);
	}
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}

static void odd_messages_are_survived(void **state)
{
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fake f;
	uint64_t job;
	int fd;

	(void)state;
	fake_start(&f, be_odd, NULL);
	start_job(&f, &job);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_OTHER);
	assert_int_equal(fdb_event_stage(ev), 77);
	assert_int_equal(fdb_event_descriptor(ev), -1);
	fdb_event_free(ev);
	assert_int_equal(fdb_next_event(f.c, FAKE_WAIT_MS, &ev), 0);
	fd = fdb_event_take_descriptor(ev);
	assert_int_equal(fdb_event_descriptor(ev), -1);
	fdb_event_free(ev);
	assert_int_equal(close(fd), 0);
	/* The descriptor of the second one nobody takes. */
	assert_int_equal(fdb_wait_result(f.c, job, FAKE_WAIT_MS, &res), 0);
	assert_false(fdb_result_success(res));
	assert_int_equal(fdb_result_code(res), FDB_INTERNAL);
	assert_string_equal(fdb_result_text(res), "the broker gave no reason");
	assert_int_equal(fdb_result_pidfd(res), -1);
	assert_int_equal(fdb_result_log(res), -1);
	fdb_result_free(res);
	fake_end(&f);
}

/* An answer of a kind that this library has never heard of. */
static void answer_in_riddles(struct fake *f)
{
	Fdbroker__V1__ServerMessage m;

	if (!fake_get(f))
		return;
	m = fake_answer(f);
	fake_say(f, &m, NULL, 0);
	fake_get(f);
}

static void an_unknown_answer_is_an_error(void **state)
{
	struct fdb_request *rq;
	struct fake f;
	uint64_t job;

	(void)state;
	fake_start(&f, answer_in_riddles, NULL);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &job), -EPROTO);
	fdb_request_free(rq);
	fake_end(&f);
}

/* What was never fetched goes with the client. */
static void unfetched_results_are_closed(void **state)
{
	struct fake f;
	uint64_t job;

	(void)state;
	fake_start(&f, succeed, NULL);
	start_job(&f, &job);
	expect_event(f.c, FDB_EVENT_STARTED, 7, 10, "");
	/* Read or not read from the socket by now: its descriptors are nobody's in either case. */
	assert_int_equal(fdb_process(f.c), 0);
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_has_everything),
		cmocka_unit_test(events_come_in_their_order),
		cmocka_unit_test(a_failure_says_why),
		cmocka_unit_test(waiting_for_one_job_keeps_the_other),
		cmocka_unit_test(events_of_two_jobs_interleave),
		cmocka_unit_test(odd_messages_are_survived),
		cmocka_unit_test(an_unknown_answer_is_an_error),
		cmocka_unit_test(unfetched_results_are_closed),
	};

	return cmocka_run_group_tests_name("client_jobs", tests, NULL, NULL);
}

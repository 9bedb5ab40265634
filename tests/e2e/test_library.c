/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker's calls about jobs, against the daemon with a fake criu: what its own tests
 * (tests/unit/test_client_*.c) take from a broker that says whatever they want.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdbroker.h"
#include "rawclient.h"

#define LONG_MS  10000
#define SHORT_MS 100

static struct broker broker;
static struct fdb_client *mine, *other;

static void start_broker(const char *mode)
{
	broker_start(&broker, mode);
	assert_int_equal(fdb_new(&mine), 0);
	assert_int_equal(fdb_new(&other), 0);
	assert_int_equal(fdb_connect(mine, broker.socket, LONG_MS), 0);
	assert_int_equal(fdb_connect(other, broker.socket, LONG_MS), 0);
}

static void stop_broker(void)
{
	fdb_free(mine);
	fdb_free(other);
	broker_stop(&broker);
}

static uint64_t restore(uint32_t deadline_ms)
{
	int dir = open(broker.images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fdb_request *rq;
	uint64_t job = 0;

	assert_int_equal(fdb_request_new(mine, &rq), 0);
	assert_int_equal(fdb_request_images_dir(rq, dir), 0);
	fdb_request_deadline_ms(rq, deadline_ms);
	assert_int_equal(fdb_restore(mine, rq, LONG_MS, &job), 0);
	fdb_request_free(rq);
	close(dir);
	return job;
}

static struct fdb_job *show(uint64_t number)
{
	struct fdb_job *job;

	assert_int_equal(fdb_show(other, number, LONG_MS, &job), 0);
	assert_true(fdb_job_number(job) == number);
	assert_true(fdb_job_uid(job) == getuid());
	assert_int_equal(fdb_job_client_pid(job), getpid());
	return job;
}

/* ---- a restore that succeeds, and the end of its tree ---- */

static void expect_running(uint64_t number)
{
	struct fdb_job *job = show(number);
	size_t n = fdb_job_n_transitions(job);

	assert_int_equal(fdb_job_state(job), FDB_JOB_RUNNING);
	assert_true(fdb_result_success(fdb_job_result(job)));
	assert_int_equal(fdb_result_pidfd(fdb_job_result(job)), -1);
	assert_int_equal(fdb_job_end(job), FDB_END_NONE);
	assert_int_equal(fdb_job_tasks(job), 1);
	assert_false(fdb_job_recovered(job));
	assert_int_equal(fdb_job_transition_state(job, 0), FDB_JOB_ACCEPTED);
	assert_int_equal(fdb_job_transition_state(job, n - 1), FDB_JOB_RUNNING);
	fdb_job_free(job);
	assert_int_equal(fdb_cancel(other, number, LONG_MS, NULL), -EALREADY);
	assert_int_equal(fdb_error_code(other), FDB_TOO_LATE);
}

static void expect_killed(const struct fdb_job *job)
{
	assert_int_equal(fdb_job_state(job), FDB_JOB_ENDED);
	assert_int_equal(fdb_job_end(job), FDB_END_SIGNAL);
	assert_int_equal(fdb_job_signal(job), SIGKILL);
	assert_int_equal(fdb_job_exit_code(job), -1);
	assert_true(fdb_job_has_usage(job));
}

/* What the broker tells, and what the kernel tells. */
static void expect_status(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int status, r;

	assert_int_equal(poll(&p, 1, LONG_MS), 1);
	r = fdb_pidfd_status(pidfd, &status);
	if (r == -ENOTTY || r == -ESRCH)
		print_message("this kernel keeps no status with a pidfd\n");
	else
		assert_int_equal(r, 0);
	if (r == 0)
		assert_int_equal(status, SIGKILL);
}

static void waits_for_the_end_of_a_tree(void **state)
{
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fdb_job *job;
	uint64_t number, call;

	(void)state;
	start_broker("ok");
	number = restore(5000);
	assert_int_equal(fdb_wait_result(mine, number, LONG_MS, &res), 0);
	assert_true(fdb_result_success(res));
	expect_running(number);
	assert_int_equal(fdb_wait(other, number, SHORT_MS, &job), -ETIMEDOUT);
	call = fdb_error_call(other);
	assert_int_equal(kill(fdb_result_pid(res), SIGKILL), 0);
	assert_int_equal(fdb_next_event(other, LONG_MS, &ev), 0);
	assert_true(fdb_event_call(ev) == call);
	assert_int_equal(fdb_event_status(ev), 0);
	expect_killed(fdb_event_job_report(ev));
	fdb_event_free(ev);
	assert_int_equal(fdb_wait(mine, number, LONG_MS, &job), 0);
	expect_killed(job);
	fdb_job_free(job);
	expect_status(fdb_result_pidfd(res));
	fdb_result_free(res);
	stop_broker();
}

/* ---- one that does not ---- */

static void cancels(void **state)
{
	struct fdb_result *res;
	struct fdb_job *job;
	uint64_t number;

	(void)state;
	start_broker("hang");
	number = restore(60000);
	assert_int_equal(fdb_cancel(other, number, LONG_MS, &job), 0);
	assert_int_equal(fdb_job_state(job), FDB_JOB_ENDED);
	assert_int_equal(fdb_job_end(job), FDB_END_NONE);
	assert_int_equal(fdb_result_code(fdb_job_result(job)), FDB_CANCELLED);
	fdb_job_free(job);
	assert_int_equal(fdb_wait_result(mine, number, LONG_MS, &res), 0);
	assert_int_equal(fdb_result_code(res), FDB_CANCELLED);
	fdb_result_free(res);
	assert_int_equal(fdb_cancel(other, number, LONG_MS, NULL), -EALREADY);
	assert_int_equal(fdb_cancel(other, number + 1000, LONG_MS, NULL), -ESRCH);
	assert_string_equal(fdb_error_field(other), "job");
	stop_broker();
}

static void keeps_the_log(void **state)
{
	char text[4096] = "";
	struct fdb_job *job;
	bool complete = false;
	uint64_t number;
	int fd = -1;

	(void)state;
	start_broker("fail");
	number = restore(5000);
	assert_int_equal(fdb_wait(other, number, LONG_MS, &job), 0);
	assert_int_equal(fdb_result_code(fdb_job_result(job)), FDB_CRIU_FAILED);
	assert_int_not_equal(fdb_result_cleanup(fdb_job_result(job)), FDB_CLEANUP_NONE);
	assert_true(fdb_job_has_log(job));
	assert_int_equal(fdb_log(other, number, LONG_MS, &fd, &complete), 0);
	assert_true(complete);
	assert_int_equal(read(fd, text, sizeof(text)), fdb_job_log_bytes(job));
	assert_non_null(strstr(text, "Error"));
	assert_int_equal(fdb_log(other, number + 1000, LONG_MS, &fd, NULL), -ESRCH);
	close(fd);
	fdb_job_free(job);
	stop_broker();
}

/* ---- many ---- */

/* More than one JobList holds, a few at a time. */
static void lists_all_of_many(void **state)
{
	enum { N = 260, BATCH = 10 };
	struct fdb_job_list *list;
	struct fdb_result *res;
	uint64_t last = 0;

	(void)state;
	start_broker("exit");
	for (int i = 0; i < N; i += BATCH) {
		uint64_t numbers[BATCH];

		for (int k = 0; k < BATCH; k++)
			numbers[k] = restore(5000);
		for (int k = 0; k < BATCH; k++) {
			assert_int_equal(fdb_wait_result(mine, numbers[k], LONG_MS, &res), 0);
			fdb_result_free(res);
		}
	}
	assert_int_equal(fdb_list(other, 0, FDB_ANY_USER, LONG_MS, &list), 0);
	assert_int_equal(fdb_job_list_n(list), N);
	for (size_t i = 0; i < N; i++) {
		const struct fdb_job *job = fdb_job_list_get(list, i);

		assert_true(fdb_job_number(job) > last);
		last = fdb_job_number(job);
		assert_int_equal(fdb_job_state(job), FDB_JOB_ENDED);
		assert_false(fdb_result_success(fdb_job_result(job)));
		assert_int_equal(fdb_job_n_transitions(job), 0);
	}
	fdb_job_list_free(list);
	assert_int_equal(fdb_list(other, FDB_STATE(FDB_JOB_RUNNING), getuid(), LONG_MS, &list), 0);
	assert_int_equal(fdb_job_list_n(list), 0);
	fdb_job_list_free(list);
	assert_int_equal(
		fdb_list(other, FDB_STATE(FDB_JOB_ENDED), getuid() + 1, LONG_MS, &list), 0);
	assert_int_equal(fdb_job_list_n(list), 0);
	fdb_job_list_free(list);
	stop_broker();
}

/* ---- watching ---- */

static void watches_every_state(void **state)
{
	enum fdb_job_state last = (enum fdb_job_state)0;
	struct fdb_event *ev;
	struct fdb_job *job;
	uint64_t number;

	(void)state;
	start_broker("fail");
	assert_int_equal(fdb_watch(other, 0, getuid(), true, LONG_MS), 0);
	number = restore(5000);
	while (last != FDB_JOB_ENDED) {
		assert_int_equal(fdb_next_event(other, LONG_MS, &ev), 0);
		assert_int_equal(fdb_event_kind(ev), FDB_EVENT_JOB);
		assert_true(fdb_event_job(ev) == number);
		assert_int_equal(fdb_event_stage(ev), 0);
		assert_int_equal(fdb_event_lost(ev), 0);
		assert_true(fdb_job_state(fdb_event_job_report(ev)) > last);
		last = fdb_job_state(fdb_event_job_report(ev));
		fdb_event_free(ev);
	}
	assert_int_equal(fdb_unwatch(other, LONG_MS), 0);
	number = restore(5000);
	assert_int_equal(fdb_wait(other, number, LONG_MS, &job), 0);
	fdb_job_free(job);
	assert_int_equal(fdb_next_event(other, 0, &ev), -ETIMEDOUT);
	stop_broker();
}

/* A criu that notifies without end, and nobody who reads. */
static void tells_what_was_lost(void **state)
{
	uint64_t number, lost = 0, told = 0;
	struct fdb_result *res;
	struct fdb_event *ev;

	(void)state;
	start_broker("flood");
	assert_int_equal(fdb_watch(other, 0, FDB_ANY_USER, false, LONG_MS), 0);
	number = restore(2000);
	assert_int_equal(fdb_wait_result(mine, number, LONG_MS, &res), 0);
	assert_int_equal(fdb_result_code(res), FDB_DEADLINE);
	fdb_result_free(res);
	while (fdb_next_event(other, 500, &ev) == 0) {
		lost += fdb_event_lost(ev);
		told++;
		fdb_event_free(ev);
	}
	print_message("%lu told, %lu lost\n", (unsigned long)told, (unsigned long)lost);
	assert_true(lost > 0);
	stop_broker();
}

/* ---- draining ---- */

static void drains(void **state)
{
	struct fdb_request *rq;
	struct fdb_report *rep;
	struct fdb_event *ev;
	bool draining = false;
	uint32_t left = 99;
	uint64_t number, call;
	int dir;

	(void)state;
	start_broker("hang");
	number = restore(60000);
	assert_int_equal(fdb_drain(other, FDB_DRAIN_ON, LONG_MS, &draining, &left), 0);
	assert_true(draining);
	assert_int_equal(left, 1);
	assert_int_equal(fdb_status(other, LONG_MS, &rep), 0);
	assert_true(fdb_report_draining(rep));
	assert_true(fdb_report_max_workers(rep) > 0);
	assert_non_null(fdb_report_state_dir(rep));
	fdb_report_free(rep);
	dir = open(broker.images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fdb_request_new(mine, &rq), 0);
	assert_int_equal(fdb_request_images_dir(rq, dir), 0);
	close(dir);
	assert_int_equal(fdb_restore(mine, rq, LONG_MS, &(uint64_t){ 0 }), -ESHUTDOWN);
	assert_int_equal(fdb_start_drain(other, FDB_DRAIN_WAIT, &call), 0);
	assert_int_equal(fdb_next_event(other, SHORT_MS, &ev), -ETIMEDOUT);
	assert_int_equal(fdb_cancel(mine, number, LONG_MS, NULL), 0);
	assert_int_equal(fdb_next_event(other, LONG_MS, &ev), 0);
	assert_true(fdb_event_call(ev) == call);
	assert_true(fdb_event_draining(ev));
	assert_int_equal(fdb_event_jobs_left(ev), 0);
	fdb_event_free(ev);
	assert_int_equal(fdb_drain(other, FDB_DRAIN_OFF, LONG_MS, &draining, NULL), 0);
	assert_false(draining);
	number = restore(60000);
	assert_int_equal(fdb_cancel(other, number, LONG_MS, NULL), 0);
	fdb_request_free(rq);
	stop_broker();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_the_end_of_a_tree),
		cmocka_unit_test(cancels),
		cmocka_unit_test(keeps_the_log),
		cmocka_unit_test(lists_all_of_many),
		cmocka_unit_test(watches_every_state),
		cmocka_unit_test(tells_what_was_lost),
		cmocka_unit_test(drains),
	};

	return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}

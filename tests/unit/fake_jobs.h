/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a fake broker (fake_broker.h) says of jobs. */
#ifndef FDBROKER_TESTS_FAKE_JOBS_H
#define FDBROKER_TESTS_FAKE_JOBS_H

#include "fake_broker.h"

/* A job of which everything is known, and what it points to. Nothing is allocated. */
struct fake_job {
	Fdbroker__V1__Job job;
	Fdbroker__V1__Transition transitions[2];
	Fdbroker__V1__Transition *transition_list[2];
	Fdbroker__V1__Result result;
	Fdbroker__V1__Statistics statistics;
	Fdbroker__V1__Error error;
	Fdbroker__V1__Problem problem;
	Fdbroker__V1__Problem *problem_list[1];
	Fdbroker__V1__End end;
	Fdbroker__V1__Usage usage;
};

HELPER void fake_job_result(struct fake_job *j)
{
	fdbroker__v1__result__init(&j->result);
	j->result.has_success = j->result.has_pid = j->result.has_total_us = 1;
	j->result.success = 1;
	j->result.pid = 4711;
	j->result.total_us = 3000;
	/* These two mean nothing in a Job: its descriptors are not sent again. */
	j->result.has_pidfd = j->result.has_log = 1;
	j->result.pidfd = 0;
	j->result.log = 1;
	j->result.has_problems_left_out = 1;
	j->result.problems_left_out = 17;
	fdbroker__v1__problem__init(&j->problem);
	j->problem.code = "wrong-position";
	j->problem.text = "it is elsewhere";
	j->problem_list[0] = &j->problem;
	j->result.n_problems = 1;
	j->result.problems = j->problem_list;
	fdbroker__v1__statistics__init(&j->statistics);
	j->statistics.has_pages_compared = j->statistics.has_pages_skipped_cow =
		j->statistics.has_pages_restored = j->statistics.has_forking_us =
			j->statistics.has_restore_us = 1;
	j->statistics.pages_compared = UINT64_MAX;
	j->statistics.pages_skipped_cow = 101;
	j->statistics.pages_restored = 102;
	j->statistics.forking_us = 103;
	j->statistics.restore_us = 104;
	j->result.statistics = &j->statistics;
}

HELPER void fake_job_end(struct fake_job *j)
{
	fdbroker__v1__usage__init(&j->usage);
	j->usage.has_user_us = j->usage.has_system_us = j->usage.has_max_rss_kib = 1;
	j->usage.has_minor_faults = j->usage.has_major_faults = 1;
	j->usage.user_us = 201;
	j->usage.system_us = 202;
	j->usage.max_rss_kib = 203;
	j->usage.minor_faults = 204;
	j->usage.major_faults = UINT64_MAX - 1;
	fdbroker__v1__end__init(&j->end);
	j->end.has_known = j->end.has_exit_code = 1;
	j->end.known = 1;
	j->end.exit_code = 3;
	j->end.usage = &j->usage;
}

HELPER void fake_job_fill(struct fake_job *j, uint64_t number)
{
	fdbroker__v1__job__init(&j->job);
	fake_job_result(j);
	fake_job_end(j);
	j->job.has_job = j->job.has_state = j->job.has_uid = j->job.has_client_pid = 1;
	j->job.has_accepted_us = j->job.has_age_us = j->job.has_deadline_ms = 1;
	j->job.has_when_client_gone = j->job.has_position = j->job.has_tasks = 1;
	j->job.has_tasks_made = j->job.has_log = j->job.has_log_bytes = j->job.has_recovered = 1;
	j->job.job = number;
	j->job.state = FDBROKER__V1__JOB_STATE__JOB_ENDED;
	j->job.uid = UINT32_MAX - 1;
	j->job.client_pid = 12;
	j->job.accepted_us = UINT64_C(1700000000000000);
	j->job.age_us = 14;
	j->job.deadline_ms = 15;
	j->job.when_client_gone = FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON;
	j->job.position = 16;
	j->job.tasks = 17;
	j->job.tasks_made = 18;
	j->job.log = 1;
	j->job.log_bytes = 19;
	j->job.recovered = 1;
	for (int i = 0; i < 2; i++) {
		fdbroker__v1__transition__init(&j->transitions[i]);
		j->transitions[i].has_state = j->transitions[i].has_at_us = 1;
		j->transitions[i].state = (Fdbroker__V1__JobState)(i ? 7 : 1);
		j->transitions[i].at_us = (uint64_t)i * 1000;
		j->transition_list[i] = &j->transitions[i];
	}
	j->job.n_transitions = 2;
	j->job.transitions = j->transition_list;
	j->job.result = &j->result;
	j->job.end = &j->end;
}

/* It has failed. */
HELPER void fake_job_fail(struct fake_job *j)
{
	fdbroker__v1__error__init(&j->error);
	j->error.has_code = 1;
	j->error.code = FDBROKER__V1__ERROR_CODE__CRIU_FAILED;
	j->error.text = "pid 7 is taken";
	j->error.reason = "pid-taken";
	j->error.hint = "End the task.";
	j->result.success = 0;
	j->result.has_pid = j->result.has_pidfd = 0;
	j->result.statistics = NULL;
	j->result.has_cleanup = 1;
	j->result.cleanup = FDBROKER__V1__CLEANUP__TREE_KILLED;
	j->result.error = &j->error;
	j->job.end = NULL;
}

/* The answer to a call of Wait, Cancel or Show; job: NULL: none in it. */
HELPER void fake_job_answer(struct fake *f, uint64_t serial, Fdbroker__V1__Job *job)
{
	Fdbroker__V1__ServerMessage m = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__JobReport report = FDBROKER__V1__JOB_REPORT__INIT;

	report.job = job;
	m.serial = serial;
	m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT;
	m.job_report = &report;
	fake_say(f, &m, NULL, 0);
}

/* Which job a Wait, Cancel, Show or Log is about; 0: another call. */
HELPER uint64_t fake_job_wanted(const struct fake *f)
{
	switch (f->m->call_case) {
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT:
		return f->m->wait->job;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_CANCEL:
		return f->m->cancel->job;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_SHOW:
		return f->m->show->job;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_LOG:
		return f->m->log->job;
	default:
		return 0;
	}
}

/* ---- in the main thread: what comes of it ---- */

/* All that fake_job_fill() has filled in. */
HELPER void fake_job_expect_usage(const struct fdb_job *job)
{
	assert_true(fdb_job_has_usage(job));
	assert_int_equal(fdb_job_user_us(job), 201);
	assert_int_equal(fdb_job_system_us(job), 202);
	assert_int_equal(fdb_job_max_rss_kib(job), 203);
	assert_int_equal(fdb_job_minor_faults(job), 204);
	assert_true(fdb_job_major_faults(job) == UINT64_MAX - 1);
}

HELPER void fake_job_expect_result(const struct fdb_result *res, uint64_t number)
{
	assert_true(fdb_result_job(res) == number);
	assert_true(fdb_result_success(res));
	assert_int_equal(fdb_result_pid(res), 4711);
	assert_int_equal(fdb_result_pidfd(res), -1);
	assert_int_equal(fdb_result_log(res), -1);
	assert_int_equal(fdb_result_total_us(res), 3000);
	assert_string_equal(fdb_result_reason(res), "");
	assert_string_equal(fdb_result_hint(res), "");
	assert_int_equal(fdb_result_cleanup(res), FDB_CLEANUP_NONE);
	assert_int_equal(fdb_result_n_problems(res), 1);
	assert_string_equal(fdb_result_problem_code(res, 0), "wrong-position");
	assert_int_equal(fdb_result_problems_left_out(res), 17);
	assert_true(fdb_result_has_statistics(res));
	assert_true(fdb_result_pages_compared(res) == UINT64_MAX);
	assert_int_equal(fdb_result_pages_skipped_cow(res), 101);
	assert_int_equal(fdb_result_pages_restored(res), 102);
	assert_int_equal(fdb_result_forking_us(res), 103);
	assert_int_equal(fdb_result_restore_us(res), 104);
}

HELPER void fake_job_expect(const struct fdb_job *job, uint64_t number)
{
	assert_true(fdb_job_number(job) == number);
	assert_int_equal(fdb_job_state(job), FDB_JOB_ENDED);
	assert_true(fdb_job_uid(job) == UINT32_MAX - 1);
	assert_int_equal(fdb_job_client_pid(job), 12);
	assert_true(fdb_job_accepted_us(job) == UINT64_C(1700000000000000));
	assert_int_equal(fdb_job_age_us(job), 14);
	assert_int_equal(fdb_job_deadline_ms(job), 15);
	assert_int_equal(fdb_job_when_client_gone(job), FDB_CARRY_ON);
	assert_int_equal(fdb_job_position(job), 16);
	assert_int_equal(fdb_job_tasks(job), 17);
	assert_int_equal(fdb_job_tasks_made(job), 18);
	assert_true(fdb_job_has_log(job));
	assert_int_equal(fdb_job_log_bytes(job), 19);
	assert_true(fdb_job_recovered(job));
	assert_int_equal(fdb_job_n_transitions(job), 2);
	assert_int_equal(fdb_job_transition_state(job, 0), FDB_JOB_ACCEPTED);
	assert_int_equal(fdb_job_transition_state(job, 1), FDB_JOB_RUNNING);
	assert_int_equal(fdb_job_transition_at_us(job, 0), 0);
	assert_int_equal(fdb_job_transition_at_us(job, 1), 1000);
	assert_int_equal(fdb_job_transition_state(job, 2), 0);
	assert_int_equal(fdb_job_transition_at_us(job, 2), 0);
	assert_int_equal(fdb_job_end(job), FDB_END_EXITED);
	assert_int_equal(fdb_job_exit_code(job), 3);
	assert_int_equal(fdb_job_signal(job), 0);
	assert_false(fdb_job_core_dumped(job));
	fake_job_expect_usage(job);
	fake_job_expect_result(fdb_job_result(job), number);
}

/* The answer to a call that did not wait. */
HELPER struct fdb_event *fake_next_answer(struct fdb_client *c, uint64_t call, int status)
{
	struct fdb_event *ev;

	assert_int_equal(fdb_next_event(c, FAKE_WAIT_MS, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_ANSWER);
	assert_true(fdb_event_call(ev) == call);
	assert_int_equal(fdb_event_status(ev), status);
	return ev;
}

#endif

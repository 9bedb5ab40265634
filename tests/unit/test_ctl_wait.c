/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl restore: its wait, and what ^C does to it. The signals are real. */
#include "fake_jobs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/un.h>

#include "ctl/restore_wait.h"

#define JOB 7

/* What the broker of a test does, call by call. */
enum step {
	STEP_RESULT = 1, /* send a result, of success */
	STEP_CANCELLED,  /* send one that says so, and answer the Cancel */
	STEP_SHOW,       /* answer a Show: 5 of 12 tasks are made */
	STEP_TOO_LATE,   /* refuse a Cancel */
	STEP_SILENT,     /* say nothing to a call */
	STEP_INTERRUPT,  /* have the client interrupted, before it calls */
	STEP_GO,         /* close, and await another connection */
	STEP_DIED,       /* answer a Show: ended, for the broker died */
	STEP_ENDED,      /* answer a Wait: exited with 3 */
};

struct script {
	const enum step *steps; /* end with 0 */
	int listener;           /* for STEP_GO */
};

static void send_cancelled(struct fake *f)
{
	Fdbroker__V1__Result res = FDBROKER__V1__RESULT__INIT;
	Fdbroker__V1__Error error = FDBROKER__V1__ERROR__INIT;

	error.has_code = 1;
	error.code = FDBROKER__V1__ERROR_CODE__CANCELLED;
	error.text = "cancelled";
	res.has_job = res.has_success = res.has_cleanup = 1;
	res.job = JOB;
	res.cleanup = FDBROKER__V1__CLEANUP__TREE_KILLED;
	res.error = &error;
	fake_result(f, &res, NULL, 0);
}

/* Each call that is awaited must be of this kind. */
static void expect_call(struct fake *f, Fdbroker__V1__ClientMessage__CallCase wanted)
{
	if (fake_get(f)) {
		fake_expect(f, f->m->call_case == wanted, "another call than was expected");
		fake_expect(f, fake_job_wanted(f) == JOB, "it is about another job");
	} else {
		fake_expect(f, false, "the client has closed");
	}
}

static void answer_show(struct fake *f, bool died)
{
	struct fake_job j;

	expect_call(f, FDBROKER__V1__CLIENT_MESSAGE__CALL_SHOW);
	fake_job_fill(&j, JOB);
	j.job.tasks = 12;
	j.job.tasks_made = 5;
	if (died) {
		fake_job_fail(&j);
		j.error.code = FDBROKER__V1__ERROR_CODE__BROKER_DIED;
	} else {
		j.job.state = FDBROKER__V1__JOB_STATE__JOB_RESTORING;
		j.job.result = NULL;
		j.job.end = NULL;
	}
	if (f->m)
		fake_job_answer(f, f->m->serial, &j.job);
}

static void answer_wait(struct fake *f)
{
	struct fake_job j;

	expect_call(f, FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT);
	fake_job_fill(&j, JOB);
	if (f->m)
		fake_job_answer(f, f->m->serial, &j.job);
}

static void go_and_come(struct fake *f)
{
	const struct script *s = f->arg;

	fake_forget(f);
	close(f->sock);
	f->sock = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	fake_expect(f, f->sock >= 0, "nobody comes back");
}

static void do_step(struct fake *f, enum step step)
{
	switch (step) {
	case STEP_RESULT:
		fake_success(f, JOB);
		break;
	case STEP_CANCELLED:
		expect_call(f, FDBROKER__V1__CLIENT_MESSAGE__CALL_CANCEL);
		send_cancelled(f);
		if (f->m)
			fake_job_answer(f, f->m->serial, NULL);
		break;
	case STEP_SHOW:
		answer_show(f, false);
		break;
	case STEP_TOO_LATE:
		expect_call(f, FDBROKER__V1__CLIENT_MESSAGE__CALL_CANCEL);
		if (f->m)
			fake_error(f, f->m->serial, FDB_TOO_LATE, "", "it is too late", 0);
		break;
	case STEP_SILENT:
		(void)fake_get(f);
		break;
	case STEP_INTERRUPT:
		kill(getpid(), SIGINT);
		break;
	case STEP_GO:
		go_and_come(f);
		break;
	case STEP_DIED:
		answer_show(f, true);
		break;
	case STEP_ENDED:
		answer_wait(f);
		break;
	}
}

/* Its thread has the signals blocked, for they were when it was made. */
static void serve(struct fake *f)
{
	const struct script *s = f->arg;

	for (const enum step *step = s->steps; *step && !f->fault; step++)
		do_step(f, *step);
	while (!f->fault && fake_get(f))
		; /* what is said after the end of the script is not answered */
}

/* ---- a client that waits ---- */

struct waiting {
	struct fake f;
	struct script script;
	struct signals signals;
	struct restore_args args;
	struct ctl ctl;
	struct restore_wait w;
	struct sockaddr_un address;
};

static void listen_at(struct waiting *t)
{
	t->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(t->address.sun_path, sizeof(t->address.sun_path), "/tmp/test_ctl_wait.%d",
		(int)getpid());
	(void)unlink(t->address.sun_path);
	t->script.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(t->script.listener, (struct sockaddr *)&t->address, sizeof(t->address)), 0);
	assert_int_equal(listen(t->script.listener, 1), 0);
	t->ctl.socket = t->address.sun_path;
}

static void begin(struct waiting *t, const enum step *steps)
{
	*t = (struct waiting){ .script = { steps, -1 }, .signals = SIGNALS_NONE };
	listen_at(t);
	signals_watch(&t->signals);
	fake_start(&t->f, serve, &t->script);
	t->w = (struct restore_wait){
		.ctl = &t->ctl, .args = &t->args, .c = t->f.c, .signals = &t->signals, .job = JOB
	};
}

static void end(struct waiting *t)
{
	fake_end(&t->f);
	signals_unwatch(&t->signals);
	close(t->script.listener);
	unlink(t->address.sun_path);
}

/* What it tells is tested elsewhere: not between the lines of this program. Return: the exit code. */
static int quietly(struct waiting *t, struct fdb_result **ret)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), before, code;

	before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(null, STDERR_FILENO);
	code = restore_wait_result(&t->w, ret);
	dup2(before, STDERR_FILENO);
	close(before);
	close(null);
	return code;
}

/* ---- tests ---- */

static void a_result(void **state)
{
	static const enum step steps[] = { STEP_RESULT, 0 };
	struct fdb_result *res;
	struct waiting t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(quietly(&t, &res), 0);
	assert_true(fdb_result_success(res));
	fdb_result_free(res);
	end(&t);
}

static void a_signal_cancels(void **state)
{
	static const enum step steps[] = { STEP_INTERRUPT, STEP_SHOW, STEP_CANCELLED, 0 };
	struct fdb_result *res;
	struct waiting t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(quietly(&t, &res), 0);
	assert_int_equal(fdb_result_code(res), FDB_CANCELLED);
	assert_int_equal(t.w.sig, SIGINT);
	assert_int_equal(t.w.progress.made, 5);
	assert_false(t.w.left);
	fdb_result_free(res);
	end(&t);
}

static void a_signal_comes_too_late(void **state)
{
	static const enum step steps[] = { STEP_INTERRUPT, STEP_SHOW, STEP_TOO_LATE, STEP_RESULT,
		0 };
	struct fdb_result *res;
	struct waiting t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(quietly(&t, &res), 0);
	assert_true(fdb_result_success(res));
	assert_int_equal(t.w.sig, SIGINT);
	fdb_result_free(res);
	end(&t);
}

static void the_second_signal_leaves(void **state)
{
	static const enum step steps[] = { STEP_INTERRUPT, STEP_SHOW, STEP_SILENT, STEP_INTERRUPT,
		0 };
	struct fdb_result *res;
	struct waiting t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(quietly(&t, &res), CTL_CANCELLED);
	assert_true(t.w.left);
	end(&t);
}

static void with_carry_on_the_first_one_does(void **state)
{
	static const enum step steps[] = { STEP_INTERRUPT, 0 };
	struct fdb_result *res;
	struct waiting t;

	(void)state;
	begin(&t, steps);
	t.args.carry_on = true;
	assert_int_equal(quietly(&t, &res), CTL_CANCELLED);
	assert_true(t.w.left);
	assert_int_equal(t.f.got, 0);
	end(&t);
}

/* It is found again, and asked by the job's number until there is a result. */
static void the_broker_dies(void **state)
{
	static const enum step steps[] = { STEP_GO, STEP_SHOW, STEP_SHOW, STEP_DIED, 0 };
	struct fdb_result *res;
	struct waiting t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(quietly(&t, &res), 0);
	assert_int_equal(fdb_result_code(res), FDB_BROKER_DIED);
	assert_true(t.w.anew);
	fdb_result_free(res);
	end(&t);
}

static void a_private_broker_dies(void **state)
{
	static const enum step steps[] = { STEP_GO, 0 };
	struct fdb_result *res;
	struct waiting t;

	(void)state;
	begin(&t, steps);
	t.ctl.local = true;
	t.ctl.broker_log = -1;
	assert_int_equal(quietly(&t, &res), CTL_NO_BROKER);
	/* The thread awaits another connection. */
	(void)fdb_disconnect(t.f.c, 0);
	assert_int_equal(fdb_connect(t.f.c, t.ctl.socket, FAKE_WAIT_MS), 0);
	end(&t);
}

static void the_end_of_the_tree(void **state)
{
	static const enum step steps[] = { STEP_SILENT, STEP_GO, STEP_ENDED, 0 };
	struct fdb_job *job;
	struct waiting t;

	(void)state;
	begin(&t, steps);
	assert_int_equal(restore_wait_end(&t.w, &job), 0);
	assert_int_equal(fdb_job_exit_code(job), 3);
	fdb_job_free(job);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result),
		cmocka_unit_test(a_signal_cancels),
		cmocka_unit_test(a_signal_comes_too_late),
		cmocka_unit_test(the_second_signal_leaves),
		cmocka_unit_test(with_carry_on_the_first_one_does),
		cmocka_unit_test(the_broker_dies),
		cmocka_unit_test(a_private_broker_dies),
		cmocka_unit_test(the_end_of_the_tree),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: how long calls wait, what becomes of answers that come later, and errors as numbers.
 */
#include "fake_broker.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

#define SHORT_MS 60

/* ---- every code has its errno ---- */

static void say_every_error(struct fake *f)
{
	while (fake_get(f))
		fake_error(f, f->m->serial, (int)f->got - 1, NULL, NULL, 0);
}

static void codes_become_errnos(void **state)
{
	static const int errnos[] = { EIO, EIO, EPROTO, EOPNOTSUPP, EINVAL, EPERM, EDQUOT, EEXIST,
		ENOENT, EACCES, EBADMSG, ENOEXEC, EREMOTEIO, EREMOTEIO, ETIME, ECANCELED, EXDEV,
		ESRCH, EALREADY, EOWNERDEAD, ESHUTDOWN, EREMOTEIO };
	struct fake f;

	(void)state;
	fake_start(&f, say_every_error, NULL);
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		assert_int_equal(fdb_hello(f.c, NULL, FAKE_WAIT_MS), -errnos[i]);
		/* No code at all is not the same as an error of this side. */
		assert_int_equal(fdb_error_code(f.c), i ? i : FDB_INTERNAL);
	}
	assert_string_equal(fdb_code_name((enum fdb_code)999), "UNKNOWN");
	fake_end(&f);
}

/* ---- waiting ---- */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Answers the first call when the second comes. */
static void answer_late(struct fake *f)
{
	uint64_t first;

	if (!fake_get(f))
		return;
	first = f->m->serial;
	if (!fake_get(f))
		return;
	fake_error(f, first, FDB_LIMIT, "f", "late", 0);
	fake_returned(f);
	fake_get(f);
}

static void a_late_answer_becomes_an_event(void **state)
{
	const char *const names[] = { "a" };
	int64_t start_ms = now_ms();
	struct fdb_event *ev;
	struct fake f;
	uint64_t call;

	(void)state;
	fake_start(&f, answer_late, NULL);
	assert_int_equal(fdb_hello(f.c, NULL, SHORT_MS), -ETIMEDOUT);
	assert_true(now_ms() - start_ms >= SHORT_MS);
	assert_true(now_ms() - start_ms < SHORT_MS * 50);
	call = fdb_error_call(f.c);
	assert_true(call != 0);
	assert_int_equal(fdb_return(f.c, names, 1, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_ANSWER);
	assert_true(fdb_event_call(ev) == call);
	assert_int_equal(fdb_event_status(ev), -EDQUOT);
	assert_int_equal(fdb_event_error_code(ev), FDB_LIMIT);
	assert_string_equal(fdb_event_error_field(ev), "f");
	assert_string_equal(fdb_event_error_text(ev), "late");
	fdb_event_free(ev);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), -ETIMEDOUT);
	assert_int_equal(fdb_error_call(f.c), 0);
	fake_end(&f);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void stay_silent(struct fake *f)
{
	while (fake_get(f))
		;
}

/* A handler without SA_RESTART makes every system call return EINTR, and none of ours. */
static void signals_do_not_end_a_wait(void **state)
{
	struct sigaction act = { .sa_handler = on_alarm }, before;
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
	int64_t start_ms = now_ms();
	struct fake f;

	(void)state;
	fake_start(&f, stay_silent, NULL);
	sigaction(SIGALRM, &act, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(fdb_hello(f.c, NULL, SHORT_MS), -ETIMEDOUT);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_true(now_ms() - start_ms >= SHORT_MS);
	fake_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_become_errnos),
		cmocka_unit_test(a_late_answer_becomes_an_event),
		cmocka_unit_test(signals_do_not_end_a_wait),
	};

	return cmocka_run_group_tests_name("client_wait", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker: use from an event loop, calls that do not wait, and a broker that goes at every
 * moment.
 */
#include "fake_broker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define NAMES 253
#define CALLS 40

/* ---- an event loop ---- */

/*
 * As an event loop would: poll as told, process, take all events. Return: the next event, the
 * caller's.
 */
static struct fdb_event *loop_until_event(struct fdb_client *c)
{
	struct fdb_event *ev;

	for (;;) {
		struct pollfd p = { .fd = fdb_fd(c), .events = fdb_poll_events(c) };

		if (fdb_next_event(c, 0, &ev) == 0)
			return ev;
		assert_true(p.events & POLLIN);
		assert_int_equal(poll(&p, 1, FAKE_WAIT_MS), 1);
		assert_int_equal(fdb_process(c), 0);
	}
}

static void expect_answer(struct fdb_client *c, uint64_t call, int status, uint64_t job)
{
	struct fdb_event *ev = loop_until_event(c);

	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_ANSWER);
	assert_true(fdb_event_call(ev) == call);
	assert_int_equal(fdb_event_status(ev), status);
	assert_true(fdb_event_job(ev) == job);
	fdb_event_free(ev);
}

static void answer_each(struct fake *f)
{
	while (fake_get(f)) {
		switch (f->m->call_case) {
		case FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND:
			fake_lent(f);
			break;
		case FDBROKER__V1__CLIENT_MESSAGE__CALL_RETURN_LENT:
			fake_error(f, f->m->serial, FDB_NO_SUCH_NAME, "names[0]", "not lent", 0);
			break;
		case FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE:
			fake_accepted(f, 5);
			fake_success(f, 5);
			break;
		default:
			fake_expect(f, false, "another call");
		}
	}
}

static void calls_are_pipelined(void **state)
{
	const char *const names[] = { "a" };
	int fd = memfd_create("a", MFD_CLOEXEC);
	uint64_t lend, back, restore;
	struct fdb_request *rq;
	struct fdb_event *ev;
	struct fake f;

	(void)state;
	fake_start(&f, answer_each, NULL);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	assert_int_equal(fdb_start_lend(f.c, names, &fd, 1, &lend), 0);
	assert_int_equal(fdb_start_return(f.c, names, 1, &back), 0);
	assert_int_equal(fdb_start_restore(f.c, rq, &restore), 0);
	assert_true(lend < back && back < restore);
	close(fd);
	fdb_request_free(rq);
	expect_answer(f.c, lend, 0, 0);
	expect_answer(f.c, back, -ENOENT, 0);
	expect_answer(f.c, restore, 0, 5);
	ev = loop_until_event(f.c);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_RESULT);
	assert_int_equal(fdb_event_job(ev), 5);
	fdb_event_free(ev);
	fake_end(&f);
}

/* A blocking call in between leaves the answers of others where they are. */
static void blocking_and_not_mix(void **state)
{
	const char *const names[] = { "a" };
	int fd = memfd_create("a", MFD_CLOEXEC);
	uint64_t first, second;
	struct fake f;

	(void)state;
	fake_start(&f, answer_each, NULL);
	assert_int_equal(fdb_start_lend(f.c, names, &fd, 1, &first), 0);
	assert_int_equal(fdb_start_return(f.c, names, 1, &second), 0);
	assert_int_equal(fdb_lend(f.c, "b", fd, FAKE_WAIT_MS), 0);
	close(fd);
	expect_answer(f.c, first, 0, 0);
	expect_answer(f.c, second, -ENOENT, 0);
	fake_end(&f);
}

static void start_lend_takes_one_packet(void **state)
{
	const char *names[NAMES + 1];
	int fds[NAMES + 1];
	uint64_t call;
	struct fake f;

	(void)state;
	fake_start(&f, answer_each, NULL);
	assert_int_equal(fdb_start_lend(f.c, names, fds, NAMES + 1, &call), -EINVAL);
	assert_int_equal(fdb_start_lend(f.c, names, fds, 0, &call), -EINVAL);
	fake_end(&f);
}

/* ---- a broker that does not read for a while ---- */

struct slow {
	int go; /* a pipe: readable when it shall read */
	ino_t wanted, came;
	unsigned lends;
};

static void read_when_told(struct fake *f)
{
	struct slow *s = f->arg;
	char byte;

	fake_expect(f, read(s->go, &byte, 1) == 1, "not told");
	while (fake_get(f)) {
		struct stat st;

		if (f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND) {
			s->lends++;
			fake_expect(f,
				f->packet.fds.n == 1 && fstat(f->packet.fds.fds[0], &st) == 0,
				"no descriptor");
			s->came = st.st_ino;
			fake_lent(f);
		} else {
			fake_returned(f);
		}
	}
}

/* 64 kB each without a descriptor, so that what fills is the socket. Return: the last call. */
static uint64_t stuff(struct fdb_client *c)
{
	static char name[256];
	const char *names[NAMES];
	uint64_t call = 0;

	memset(name, 'n', sizeof(name) - 1);
	for (int i = 0; i < NAMES; i++)
		names[i] = name;
	for (int i = 0; i < CALLS; i++)
		assert_int_equal(fdb_start_return(c, names, NAMES, &call), 0);
	return call;
}

static void what_the_socket_cannot_take_is_kept(void **state)
{
	const char *const names[] = { "last" };
	struct slow s = { 0 };
	int go[2], fd = memfd_create("last", MFD_CLOEXEC);
	uint64_t last, call;
	struct stat st;
	struct fake f;

	(void)state;
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	assert_int_equal(fstat(fd, &st), 0);
	s.go = go[0];
	s.wanted = st.st_ino;
	fake_start(&f, read_when_told, &s);
	assert_int_equal(fdb_poll_events(f.c), POLLIN);
	last = stuff(f.c);
	assert_int_equal(fdb_poll_events(f.c), POLLIN | POLLOUT);
	assert_int_equal(fdb_start_lend(f.c, names, &fd, 1, &call), 0);
	close(fd); /* a duplicate waits in the queue */
	assert_int_equal(call, last + 1);
	assert_int_equal(write(go[1], "x", 1), 1);
	for (uint64_t i = 1; i <= CALLS; i++)
		expect_answer(f.c, i, 0, 0);
	expect_answer(f.c, call, 0, 0);
	assert_int_equal(fdb_poll_events(f.c), POLLIN);
	fake_end(&f);
	close(go[0]);
	close(go[1]);
	assert_int_equal(s.lends, 1);
	assert_true(s.came == s.wanted);
}

/* Ended while packets and descriptors wait: they are closed, which the fixture sees. */
static void the_queue_ends_with_its_client(void **state)
{
	const char *const names[] = { "last" };
	struct slow s = { 0 };
	int go[2], fd = memfd_create("last", MFD_CLOEXEC);
	uint64_t call;
	struct fake f;

	(void)state;
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	s.go = go[0];
	fake_start(&f, read_when_told, &s);
	(void)stuff(f.c);
	assert_int_equal(fdb_start_lend(f.c, names, &fd, 1, &call), 0);
	close(fd);
	assert_int_equal(fdb_disconnect(f.c, 0), 0);
	assert_int_equal(fdb_fd(f.c), -1);
	assert_int_equal(fdb_poll_events(f.c), 0);
	assert_int_equal(fdb_process(f.c), -ENOTCONN);
	assert_int_equal(write(go[1], "x", 1), 1);
	fake_end(&f);
	close(go[0]);
	close(go[1]);
}

/* ---- a broker that goes ---- */

static void go_at_once(struct fake *f)
{
	(void)f;
}

static void go_after_a_call(struct fake *f)
{
	fake_get(f);
}

static void go_after_two_calls(struct fake *f)
{
	if (fake_get(f))
		fake_get(f); /* the second is a lend: its descriptors are closed with it */
}

static void go_with_a_word(struct fake *f)
{
	if (fake_get(f))
		fake_error(f, 0, FDB_PROTOCOL, NULL, "a packet was cut", 0);
}

static void go_unread_with_a_word(struct fake *f)
{
	fake_error(f, 0, FDB_PROTOCOL, NULL, "a packet was cut", 0);
	while (recv(f->sock, &(char){ 0 }, 1, MSG_PEEK) < 0)
		; /* until there is one that we leave unread */
}

static void talk_rubbish(struct fake *f)
{
	int fd = memfd_create("rubbish", MFD_CLOEXEC);

	if (fake_get(f))
		fake_raw(f, "\xff\xff\xff\xff\xff", 5, &fd, 1);
	close(fd);
	fake_get(f);
}

/* The reading end alone: sending fails, and there is nothing to read. */
static void close_the_reading_end(struct fake *f)
{
	(void)shutdown(f->sock, SHUT_RD);
	fake_event(f, 1, 1, 1, NULL, -1);
	(void)poll(&(struct pollfd){ .fd = f->sock, .events = POLLRDHUP }, 1, FAKE_WAIT_MS);
}

struct going {
	const char *name;
	void (*serve)(struct fake *f);
	enum fdb_code code; /* what is said of it */
	const char *text;
};

static void expect_gone(struct fdb_client *c, const struct going *g, int r)
{
	assert_int_equal(r, -EPIPE);
	assert_string_equal(fdb_code_name(fdb_error_code(c)), fdb_code_name(g->code));
	if (!strstr(fdb_error_text(c), g->text))
		fail_msg("'%s' does not say '%s'", fdb_error_text(c), g->text);
}

static void going_ends_all_calls(void **state)
{
	const struct going *g = *state;
	int fd = memfd_create("a", MFD_CLOEXEC);
	const char *const names[] = { "a" };
	struct fdb_report *rep;
	struct fdb_event *ev;
	struct fake f;
	uint64_t call;
	int r;

	fake_start(&f, g->serve, NULL);
	/*
	 * One without an answer is pending; then one that waits. Either may be the first to fail.
	 */
	r = fdb_start_return(f.c, names, 1, &call);
	assert_true(r == 0 || r == -EPIPE);
	expect_gone(f.c, g, fdb_lend(f.c, "a", fd, FAKE_WAIT_MS));
	expect_gone(f.c, g, fdb_lend(f.c, "b", fd, FAKE_WAIT_MS));
	expect_gone(f.c, g, fdb_status(f.c, 0, &rep));
	while (fdb_next_event(f.c, 0, &ev) == 0)
		fdb_event_free(ev);
	expect_gone(f.c, g, fdb_next_event(f.c, FAKE_WAIT_MS, &ev));
	expect_gone(f.c, g, fdb_process(f.c));
	assert_int_equal(fdb_poll_events(f.c), 0);
	assert_int_equal(fdb_disconnect(f.c, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_lend(f.c, "a", fd, 0), -ENOTCONN);
	close(fd);
	fake_end(&f);
}

static void go_after_a_result(struct fake *f)
{
	if (!fake_get(f))
		return;
	fake_accepted(f, 1);
	fake_event(f, 1, 1, 1, NULL, -1);
	fake_success(f, 1);
}

static void what_came_before_is_there(void **state)
{
	struct fdb_request *rq;
	struct fdb_result *res;
	struct fdb_event *ev;
	struct fake f;
	uint64_t job;

	(void)state;
	fake_start(&f, go_after_a_result, NULL);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &job), 0);
	fdb_request_free(rq);
	while (fdb_process(f.c) == 0)
		(void)poll(
			&(struct pollfd){ .fd = fdb_fd(f.c), .events = POLLIN }, 1, FAKE_WAIT_MS);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), 0);
	assert_int_equal(fdb_event_kind(ev), FDB_EVENT_STARTED);
	fdb_event_free(ev);
	assert_int_equal(fdb_wait_result(f.c, job, 0, &res), 0);
	assert_true(fdb_result_success(res));
	fdb_result_free(res);
	assert_int_equal(fdb_next_event(f.c, 0, &ev), -EPIPE);
	fake_end(&f);
}

static void go_after_accepting(struct fake *f)
{
	if (fake_get(f))
		fake_accepted(f, 1);
}

static void a_job_without_its_broker(void **state)
{
	struct fdb_request *rq;
	struct fdb_result *res;
	struct fake f;
	uint64_t job;

	(void)state;
	fake_start(&f, go_after_accepting, NULL);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &job), 0);
	fdb_request_free(rq);
	assert_int_equal(fdb_wait_result(f.c, job, FAKE_WAIT_MS, &res), -EPIPE);
	fake_end(&f);
}

int main(void)
{
	static struct going goings[] = {
		{ "gone before any call", go_at_once, FDB_NONE, "the broker is gone" },
		{ "gone after a call", go_after_a_call, FDB_NONE, "the broker is gone" },
		{ "gone after two calls", go_after_two_calls, FDB_NONE, "the broker is gone" },
		{ "gone with last words", go_with_a_word, FDB_PROTOCOL, "a packet was cut" },
		{ "gone with last words, ours unread", go_unread_with_a_word, FDB_PROTOCOL,
			"a packet was cut" },
		{ "rubbish", talk_rubbish, FDB_PROTOCOL, "cannot make out" },
		{ "reads no more", close_the_reading_end, FDB_NONE, "the broker is gone" },
	};
	struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_pipelined),
		cmocka_unit_test(blocking_and_not_mix),
		cmocka_unit_test(start_lend_takes_one_packet),
		cmocka_unit_test(what_the_socket_cannot_take_is_kept),
		cmocka_unit_test(the_queue_ends_with_its_client),
		cmocka_unit_test(what_came_before_is_there),
		cmocka_unit_test(a_job_without_its_broker),
	};
	struct CMUnitTest going_tests[sizeof(goings) / sizeof(goings[0])];
	int failed;

	for (size_t i = 0; i < sizeof(goings) / sizeof(goings[0]); i++)
		going_tests[i] = (struct CMUnitTest){ goings[i].name, going_ends_all_calls, NULL,
			NULL, &goings[i] };
	failed = cmocka_run_group_tests_name("client_loop", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("client_gone", going_tests, NULL, NULL);
}

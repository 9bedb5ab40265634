/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libfdbroker's calls that wait, one by one, against a broker that answers as a test wants it. What
 * comes by itself (events, results): test_client_jobs.c. Status and Drain: test_client_status.c; jobs by
 * their numbers: test_client_job_calls.c. How long they wait: test_client_wait.c.
 * Event loops, the end of connections: test_client_loop.c.
 */
#include "fake_broker.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MANY 600

static int open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void expect_error(const struct fdb_client *c, enum fdb_code code, int sys, const char *field,
	const char *text)
{
	assert_string_equal(fdb_code_name(fdb_error_code(c)), fdb_code_name(code));
	assert_int_equal(fdb_error_errno(c), sys);
	assert_string_equal(fdb_error_field(c), field);
	if (!strstr(fdb_error_text(c), text))
		fail_msg("'%s' does not say '%s'", fdb_error_text(c), text);
}

/* ---- Hello ---- */

static void say_welcome(struct fake *f)
{
	Fdbroker__V1__ServerMessage m;
	Fdbroker__V1__Welcome w = FDBROKER__V1__WELCOME__INIT;
	char *features[] = { "plan", "wait" };

	while (fake_get(f)) {
		fake_expect(
			f, f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_HELLO, "no Hello");
		fake_expect(f, f->m->hello->client && !strcmp(f->m->hello->client, "a test"),
			"another name");
		m = fake_answer(f);
		w.has_protocol = w.has_max_packet_bytes = w.has_max_lent = w.has_max_number =
			w.has_default_deadline_ms = 1;
		w.protocol = 1;
		w.version = f->got == 1 ? "9.8.7" : "9.8.8";
		w.n_features = 2;
		w.features = features;
		w.max_packet_bytes = 1000;
		w.max_lent = 2000;
		w.max_number = 3000;
		w.default_deadline_ms = 4000;
		m.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_WELCOME;
		m.welcome = &w;
		fake_say(f, &m, NULL, 0);
	}
}

static void hello_tells_who_is_there(void **state)
{
	struct fake f;

	(void)state;
	fake_start(&f, say_welcome, NULL);
	assert_string_equal(fdb_broker_version(f.c), "");
	assert_int_equal(fdb_hello(f.c, "a test", FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_broker_protocol(f.c), 1);
	assert_string_equal(fdb_broker_version(f.c), "9.8.7");
	assert_int_equal(fdb_max_packet_bytes(f.c), 1000);
	assert_int_equal(fdb_max_lent(f.c), 2000);
	assert_int_equal(fdb_max_number(f.c), 3000);
	assert_int_equal(fdb_default_deadline_ms(f.c), 4000);
	assert_true(fdb_broker_has(f.c, "wait"));
	assert_false(fdb_broker_has(f.c, "wai"));
	assert_int_equal(fdb_hello(f.c, "a test", FAKE_WAIT_MS), 0);
	assert_string_equal(fdb_broker_version(f.c), "9.8.8");
	fake_end(&f);
}

/* ---- Lend, Return ---- */

struct lending {
	unsigned names[4]; /* how many each packet had */
	unsigned refused;  /* the packet that is refused, counted from 1; 0: none */
	ino_t ino;         /* of the first descriptor that came */
};

static void take_lends(struct fake *f)
{
	struct lending *l = f->arg;

	while (fake_get(f)) {
		struct stat st;

		fake_expect(
			f, f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND, "no Lend");
		fake_expect(f, f->m->lend->n_names == f->packet.fds.n,
			"names and descriptors differ in number");
		if (f->got > sizeof(l->names) / sizeof(l->names[0]))
			fake_expect(f, false, "too many packets");
		else
			l->names[f->got - 1] = (unsigned)f->m->lend->n_names;
		if (f->fault)
			return;
		if (f->got == 1 && fstat(f->packet.fds.fds[0], &st) == 0)
			l->ino = st.st_ino;
		if (f->got == l->refused)
			fake_error(f, f->m->serial, FDB_NAME_TAKEN, "names[3]",
				"names[3]: is lent already", 0);
		else
			fake_lent(f);
	}
}

static void lend_sends_the_descriptor(void **state)
{
	struct lending l = { 0 };
	int fd = memfd_create("lent", MFD_CLOEXEC);
	struct stat st;
	struct fake f;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	fake_start(&f, take_lends, &l);
	assert_int_equal(fdb_lend(f.c, "log", fd, FAKE_WAIT_MS), 0);
	assert_true(fcntl(fd, F_GETFD) >= 0); /* still ours */
	close(fd);
	fake_end(&f);
	assert_int_equal(l.names[0], 1);
	assert_true(l.ino == st.st_ino);
}

/* Names that can be told apart, and one descriptor for all of them. */
struct many {
	char text[MANY][8];
	const char *names[MANY];
	int fds[MANY];
};

static void many_init(struct many *m)
{
	int fd = open_null();

	for (int i = 0; i < MANY; i++) {
		snprintf(m->text[i], sizeof(m->text[i]), "n%d", i);
		m->names[i] = m->text[i];
		m->fds[i] = fd;
	}
}

static void lend_many_in_packets_of_253(void **state)
{
	struct lending l = { 0 };
	size_t lent = 7;
	struct many m;
	struct fake f;

	(void)state;
	many_init(&m);
	fake_start(&f, take_lends, &l);
	assert_int_equal(fdb_lend_many(f.c, m.names, m.fds, MANY, FAKE_WAIT_MS, &lent), 0);
	fake_end(&f);
	close(m.fds[0]);
	assert_int_equal(lent, MANY);
	assert_int_equal(l.names[0], 253);
	assert_int_equal(l.names[1], 253);
	assert_int_equal(l.names[2], MANY - 2 * 253);
}

static void lend_many_keeps_what_was_lent_before(void **state)
{
	struct lending l = { .refused = 2 };
	struct many m;
	struct fake f;
	size_t lent;

	(void)state;
	many_init(&m);
	fake_start(&f, take_lends, &l);
	assert_int_equal(fdb_lend_many(f.c, m.names, m.fds, MANY, FAKE_WAIT_MS, &lent), -EEXIST);
	assert_int_equal(lent, 253);
	expect_error(f.c, FDB_NAME_TAKEN, 0, "names[256]", "lent already");
	fake_end(&f);
	close(m.fds[0]);
	assert_int_equal(l.names[2], 0);
}

static void lend_nothing_is_nothing(void **state)
{
	struct lending l = { 0 };
	struct fake f;
	size_t lent = 7;

	(void)state;
	fake_start(&f, take_lends, &l);
	assert_int_equal(fdb_lend_many(f.c, NULL, NULL, 0, FAKE_WAIT_MS, &lent), 0);
	fake_end(&f);
	assert_int_equal(lent, 0);
	assert_int_equal(l.names[0], 0);
}

/* The kernel refuses it, nothing is sent, and the connection goes on. */
static void lend_a_closed_descriptor(void **state)
{
	struct lending l = { 0 };
	int fd = open_null();
	struct fake f;

	(void)state;
	fake_start(&f, take_lends, &l);
	assert_int_equal(fdb_lend(f.c, "log", -1, FAKE_WAIT_MS), -EBADF);
	expect_error(f.c, FDB_NONE, EBADF, "", "Bad file descriptor");
	assert_int_equal(fdb_lend(f.c, "log", fd, FAKE_WAIT_MS), 0);
	fake_end(&f);
	close(fd);
}

static void take_returns(struct fake *f)
{
	fake_get(f);
	fake_expect(f, f->m && f->m->call_case == FDBROKER__V1__CLIENT_MESSAGE__CALL_RETURN_LENT,
		"no Return");
	fake_expect(f,
		!f->fault && f->m->return_lent->n_names == 2 &&
			!strcmp(f->m->return_lent->names[1], "b"),
		"other names");
	if (f->fault)
		return;
	fake_returned(f);
	if (fake_get(f))
		fake_error(f, f->m->serial, FDB_NO_SUCH_NAME, "names[1]",
			"names[1]: 'b' is not lent", 0);
}

static void return_gives_back(void **state)
{
	const char *const names[] = { "a", "b" };
	struct fake f;

	(void)state;
	fake_start(&f, take_returns, NULL);
	assert_int_equal(fdb_return(f.c, names, 2, FAKE_WAIT_MS), 0);
	assert_int_equal(fdb_return(f.c, names, 2, FAKE_WAIT_MS), -ENOENT);
	expect_error(f.c, FDB_NO_SUCH_NAME, 0, "names[1]", "'b' is not lent");
	fake_end(&f);
}

/* ---- Restore ---- */

static void look_at_restore(struct fake *f)
{
	static const uint8_t opts[] = { 0x38, 0x01, 0x40,
		0x01 }; /* shell_job (7) true, file_locks (8) true */
	const Fdbroker__V1__Restore *r;

	if (!fake_get(f) || f->m->call_case != FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE) {
		fake_expect(f, false, "no Restore");
		return;
	}
	r = f->m->restore;
	fake_expect(f, f->packet.fds.n == 2, "not two directories");
	fake_expect(f,
		r->has_images_dir && r->images_dir == 0 && r->has_work_dir && r->work_dir == 1,
		"other indices");
	fake_expect(f, r->n_mappings == 2, "not two mappings");
	if (!f->fault) {
		fake_expect(f, !strcmp(r->mappings[0]->target->key, "tmp/x=y"), "another key");
		fake_expect(f, !strcmp(r->mappings[0]->lent, "log") && !r->mappings[0]->has_number,
			"another lent, or a number");
		fake_expect(f, r->mappings[1]->has_number && r->mappings[1]->number == 77,
			"another number");
	}
	fake_expect(f, r->has_deadline_ms && r->deadline_ms == 1234, "another deadline");
	fake_expect(f, r->when_client_gone == FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON,
		"it would cancel");
	fake_expect(f,
		r->criu_opts.len == sizeof(opts) && !memcmp(r->criu_opts.data, opts, sizeof(opts)),
		"other options");
	fake_accepted(f, 42);
	while (fake_get(f))
		fake_error(
			f, f->m->serial, FDB_FORBIDDEN_OPTION, "criu_opts.exec_cmd", "no", EPERM);
}

static void restore_says_all_of_it(void **state)
{
	static const uint8_t raw[] = { 0x40, 0x01 };
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fdb_request *rq;
	uint64_t job = 0;
	struct fake f;

	(void)state;
	fake_start(&f, look_at_restore, NULL);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	assert_int_equal(fdb_request_images_dir(rq, dir), 0);
	assert_int_equal(fdb_request_images_dir(rq, dir), 0); /* the second replaces the first */
	assert_int_equal(fdb_request_work_dir(rq, dir), 0);
	assert_int_equal(fdb_request_map(rq, "tmp/x=y", "log", -1), 0);
	assert_int_equal(fdb_request_map(rq, "pipe:[1]", "log", 77), 0);
	fdb_request_deadline_ms(rq, 1234);
	fdb_request_when_client_gone(rq, FDB_CARRY_ON);
	assert_int_equal(fdb_request_option(rq, "shell_job", "yes"), 0);
	assert_int_equal(fdb_request_options_raw(rq, raw, sizeof(raw)), 0);
	close(dir);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &job), 0);
	assert_int_equal(job, 42);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &job), -EACCES);
	expect_error(f.c, FDB_FORBIDDEN_OPTION, EPERM, "criu_opts.exec_cmd", "no");
	fdb_request_free(rq);
	fake_end(&f);
}

static void requests_refuse_what_is_none(void **state)
{
	struct fdb_client *c;
	struct fdb_request *rq;

	(void)state;
	assert_int_equal(fdb_new(&c), 0);
	assert_int_equal(fdb_request_new(c, &rq), 0);
	assert_int_equal(fdb_request_images_dir(rq, -1), -EBADF);
	assert_int_equal(fdb_request_map(rq, NULL, "x", -1), -EINVAL);
	assert_int_equal(fdb_request_option(rq, "no_such_field", "1"), -EINVAL);
	expect_error(c, FDB_NONE, EINVAL, "criu_opts", "no_such_field");
	assert_int_equal(fdb_request_option(rq, "shell_job", "perhaps"), -EINVAL);
	expect_error(c, FDB_BAD_REQUEST, 0, "criu_opts.shell_job", "perhaps");
	fdb_request_free(rq);
	fdb_free(c);
}

/* Longer than a packet may be: refused here, for the broker would end the connection. */
static void a_message_too_long(void **state)
{
	static char key[4096];
	struct lending l = { 0 };
	struct fdb_request *rq;
	int fd = open_null();
	uint64_t job;
	struct fake f;

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	fake_start(&f, take_lends, &l);
	assert_int_equal(fdb_request_new(f.c, &rq), 0);
	for (int i = 0; i < 300; i++)
		assert_int_equal(fdb_request_map(rq, key, "x", -1), 0);
	assert_int_equal(fdb_restore(f.c, rq, FAKE_WAIT_MS, &job), -EMSGSIZE);
	assert_int_equal(fdb_lend(f.c, "log", fd, FAKE_WAIT_MS), 0);
	fdb_request_free(rq);
	fake_end(&f);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_tells_who_is_there),
		cmocka_unit_test(lend_sends_the_descriptor),
		cmocka_unit_test(lend_many_in_packets_of_253),
		cmocka_unit_test(lend_many_keeps_what_was_lent_before),
		cmocka_unit_test(lend_nothing_is_nothing),
		cmocka_unit_test(lend_a_closed_descriptor),
		cmocka_unit_test(return_gives_back),
		cmocka_unit_test(restore_says_all_of_it),
		cmocka_unit_test(requests_refuse_what_is_none),
		cmocka_unit_test(a_message_too_long),
	};

	return cmocka_run_group_tests_name("client_calls", tests, NULL, NULL);
}

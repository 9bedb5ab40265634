/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything about a packet or a request that can be wrong before criu is started. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "rawclient.h"
#include "wire.h"

static struct broker broker;

static int setup(void **state)
{
	(void)state;
	broker_start(&broker, "ok");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	broker_stop(&broker);
	return 0;
}

/* ---- bytes ---- */

static void packet_over_limit(void **state)
{
	size_t size = WIRE_MAX_BYTES + 1;
	char *data = calloc(1, size);
	int sock = raw_connect(&broker), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(raw_send_bytes(sock, data, size, &null, 1), 0);
	raw_expect_error(sock, ERR_PROTOCOL, NULL);
	raw_expect_end(sock);
	free(data);
	close(null);
	close(sock);
}

static void cut_protobuf(void **state)
{
	/* serial 1, then a Lend that says it has 100 bytes and has two */
	static const uint8_t bytes[] = { 0x08, 0x01, 0x1a, 100, 0x0a, 0x01 };
	int sock = raw_connect(&broker), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(raw_send_bytes(sock, bytes, sizeof(bytes), &null, 1), 0);
	raw_expect_error(sock, ERR_PROTOCOL, NULL);
	raw_expect_end(sock);
	close(null);
	close(sock);
}

static void empty_packet(void **state)
{
	int sock = raw_connect(&broker);

	(void)state;
	assert_int_equal(raw_send_bytes(sock, "", 0, NULL, 0), 0);
	raw_expect_end(sock);
	close(sock);
}

static void unknown_call(void **state)
{
	/* serial 7, field 99: a call of a later protocol */
	static const uint8_t bytes[] = { 0x08, 0x07, 0x9a, 0x06, 0x00 };
	int sock = raw_connect(&broker), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(raw_send_bytes(sock, bytes, sizeof(bytes), &null, 1), 0);
	raw_expect_error(sock, ERR_UNSUPPORTED, NULL);
	close(null);
	raw_lend(sock, "the-session-goes-on");
	close(sock);
}

static void serial_reuse(void **state)
{
	static const uint8_t status[] = { 0x08, 0x05, 0x32, 0x00 }, none[] = { 0x32, 0x00 };
	int sock = raw_connect(&broker);
	struct answer a;

	(void)state;
	assert_int_equal(raw_send_bytes(sock, status, sizeof(status), NULL, 0), 0);
	a = raw_recv(sock);
	assert_int_equal(a.message->serial, 5);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_STATUS);
	raw_done(&a);
	assert_int_equal(raw_send_bytes(sock, status, sizeof(status), NULL, 0), 0);
	raw_expect_error(sock, ERR_PROTOCOL, "serial");
	raw_expect_end(sock);
	close(sock);
	sock = raw_connect(&broker);
	assert_int_equal(raw_send_bytes(sock, none, sizeof(none), NULL, 0), 0);
	raw_expect_error(sock, ERR_PROTOCOL, "serial");
	raw_expect_end(sock);
	close(sock);
}

/* The broker's table has room for one descriptor more, a packet brings ten. */
static void cut_descriptors(void **state)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Status status = FDBROKER__V1__STATUS__INIT;
	int sock = raw_connect(&broker), fds[10];
	struct rlimit before, low;
	struct answer a;

	(void)state;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_STATUS;
	message.status = &status;
	raw_send(sock, &message, NULL, 0); /* it has accepted us when it answers */
	a = raw_recv(sock);
	raw_done(&a);
	for (size_t i = 0; i < 10; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(prlimit(broker.pid, RLIMIT_NOFILE, NULL, &before), 0);
	for (low = before, low.rlim_cur = 1; low.rlim_cur < 64; low.rlim_cur++) {
		char path[64];

		/* the lowest number that is free, plus one */
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", broker.pid, (int)low.rlim_cur - 1);
		if (access(path, F_OK) < 0 && errno == ENOENT)
			break;
	}
	assert_int_equal(prlimit(broker.pid, RLIMIT_NOFILE, &low, NULL), 0);
	raw_send(sock, &message, fds, 10);
	raw_expect_error(sock, ERR_PROTOCOL, NULL);
	raw_expect_end(sock);
	assert_int_equal(prlimit(broker.pid, RLIMIT_NOFILE, &before, NULL), 0);
	for (size_t i = 0; i < 10; i++)
		close(fds[i]);
	close(sock);
}

/* ---- Lend and Return ---- */

static void lend_refused(int sock, const char *const *names, size_t n_names, size_t n_fds, int code,
	const char *field)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Lend lend = FDBROKER__V1__LEND__INIT;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC),
	    fds[8] = { null, null, null, null, null, null, null, null };
	unsigned before = raw_lent(broker.witness);

	lend.n_names = n_names;
	lend.names = (char **)names;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	message.lend = &lend;
	raw_send(sock, &message, fds, n_fds);
	raw_expect_error(sock, code, field);
	close(null);
	assert_int_equal(raw_lent(broker.witness), before);
}

static void lend_names(void **state)
{
	char longest[257];
	int sock = raw_connect(&broker);

	(void)state;
	memset(longest, 'x', 256);
	longest[256] = 0;
	raw_lend(sock, "log");
	lend_refused(sock, (const char *[]){ "" }, 1, 1, ERR_BAD_REQUEST, "names[0]");
	lend_refused(sock, (const char *[]){ "a", longest }, 2, 2, ERR_BAD_REQUEST, "names[1]");
	lend_refused(sock, (const char *[]){ "a:b" }, 1, 1, ERR_BAD_REQUEST, "names[0]");
	lend_refused(sock, (const char *[]){ "a\nb" }, 1, 1, ERR_BAD_REQUEST, "names[0]");
	lend_refused(sock, (const char *[]){ "a", "b", "log" }, 3, 3, ERR_NAME_TAKEN, "names[2]");
	lend_refused(sock, (const char *[]){ "a", "a" }, 2, 2, ERR_NAME_TAKEN, "names[1]");
	lend_refused(sock, (const char *[]){ "a", "b" }, 2, 1, ERR_BAD_REQUEST, "names");
	lend_refused(sock, (const char *[]){ "a" }, 1, 2, ERR_BAD_REQUEST, "names");
	lend_refused(sock, NULL, 0, 1, ERR_BAD_REQUEST, "names");
	longest[255] = 0;
	raw_lend(sock, longest);
	raw_lend(sock, "a");
	close(sock);
}

static void return_names(void **state)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Return give_back = FDBROKER__V1__RETURN__INIT;
	const char *names[] = { "a", "nobody", "a" };
	int sock = raw_connect(&broker);
	struct answer a;

	(void)state;
	raw_lend(sock, "a");
	give_back.n_names = 2;
	give_back.names = (char **)names;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_RETURN_LENT;
	message.return_lent = &give_back;
	raw_send(sock, &message, NULL, 0);
	raw_expect_error(sock, ERR_NO_SUCH_NAME, "names[1]");
	assert_int_equal(raw_lent(broker.witness), 2);
	names[1] = "a";
	give_back.n_names = 3;
	raw_send(sock, &message, NULL, 0);
	a = raw_recv(sock);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_RETURNED);
	assert_int_equal(a.message->returned->lent, 0);
	raw_done(&a);
	assert_int_equal(raw_lent(broker.witness), 1);
	close(sock);
}

static void descriptors_nobody_wants(void **state)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Hello hello = FDBROKER__V1__HELLO__INIT;
	int sock = raw_connect(&broker), null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_HELLO;
	message.hello = &hello;
	raw_send(sock, &message, &null, 1);
	raw_expect_error(sock, ERR_BAD_REQUEST, NULL);
	close(null);
	close(sock);
}

/* ---- Restore ---- */

struct bad_mapping {
	const char *name;
	const char *key, *lent;
	int number; /* 0: absent; use the zero flag for a true 0 */
	bool zero;
	int code;
	const char *field;
};

static void bad_mapping(void **state)
{
	const struct bad_mapping *c = *state;
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;
	Fdbroker__V1__Mapping good = FDBROKER__V1__MAPPING__INIT, bad = FDBROKER__V1__MAPPING__INIT,
			      *list[] = { &good, &bad };
	Fdbroker__V1__Target good_target = FDBROKER__V1__TARGET__INIT,
			     bad_target = FDBROKER__V1__TARGET__INIT;
	int sock = raw_connect(&broker);

	raw_lend(sock, "log");
	raw_lend(sock, "pipe");
	good_target.target_case = FDBROKER__V1__TARGET__TARGET_KEY;
	good_target.key = (char *)"var/log/x";
	good.target = &good_target;
	good.lent = (char *)"log";
	good.has_number = true;
	good.number = 20;
	bad_target.target_case =
		c->key ? FDBROKER__V1__TARGET__TARGET_KEY : FDBROKER__V1__TARGET__TARGET__NOT_SET;
	bad_target.key = (char *)c->key;
	bad.target = &bad_target;
	bad.lent = (char *)c->lent;
	bad.has_number = c->number || c->zero;
	bad.number = c->number;
	restore.n_mappings = 2;
	restore.mappings = list;
	raw_restore(sock, &broker, &restore, -1);
	raw_expect_error(sock, c->code, c->field);
	assert_int_equal(raw_lent(sock), 3); /* what was refused has used nothing up */
	close(sock);
}

static void restore_refused(
	Fdbroker__V1__Restore *restore, int fd_images, int code, const char *field)
{
	int sock = raw_connect(&broker);

	raw_restore(sock, &broker, restore, fd_images);
	raw_expect_error(sock, code, field);
	raw_lend(sock, "the-session-goes-on");
	close(sock);
}

static void other_fields(void **state)
{
	Fdbroker__V1__Restore r = FDBROKER__V1__RESTORE__INIT;
	/* exec_cmd (22) "sh"; field 200; shell_job (7) with a string */
	static uint8_t exec_cmd[] = { 0xb2, 0x01, 0x02, 's', 'h' }, newer[] = { 0xc0, 0x0c, 0x01 },
		       wrong[] = { 0x3a, 0x01, 'x' };

	(void)state;
	r.has_deadline_ms = true;
	restore_refused(&r, -1, ERR_BAD_REQUEST, "deadline_ms");
	r.deadline_ms = 86400001;
	restore_refused(&r, -1, ERR_BAD_REQUEST, "deadline_ms");
	r.deadline_ms = 1000;
	r.has_when_client_gone = true;
	r.when_client_gone = 9;
	restore_refused(&r, -1, ERR_BAD_REQUEST, "when_client_gone");
	r.when_client_gone = 0;
	r.has_work_dir = true;
	r.work_dir = 1;
	restore_refused(&r, -1, ERR_BAD_REQUEST, "work_dir");
	r.has_work_dir = false;
	r.has_criu_opts = true;
	r.criu_opts = (ProtobufCBinaryData){ sizeof(exec_cmd), exec_cmd };
	restore_refused(&r, -1, ERR_FORBIDDEN_OPTION, "criu_opts.exec_cmd");
	r.criu_opts = (ProtobufCBinaryData){ sizeof(newer), newer };
	restore_refused(&r, -1, ERR_FORBIDDEN_OPTION, "criu_opts.200");
	r.criu_opts = (ProtobufCBinaryData){ sizeof(wrong), wrong };
	restore_refused(&r, -1, ERR_BAD_REQUEST, "criu_opts.shell_job");
}

static void images_dir_of_other_kinds(void **state)
{
	Fdbroker__V1__Restore r = FDBROKER__V1__RESTORE__INIT;
	char fifo[160];

	(void)state;
	restore_refused(
		&r, open("/etc/passwd", O_RDONLY | O_CLOEXEC), ERR_BAD_REQUEST, "images_dir");
	snprintf(fifo, sizeof(fifo), "%s/fifo", broker.dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	restore_refused(&r, open(fifo, O_RDWR | O_CLOEXEC), ERR_BAD_REQUEST, "images_dir");
	restore_refused(&r, open(broker.images, O_PATH | O_DIRECTORY | O_CLOEXEC), ERR_BAD_REQUEST,
		"images_dir");
}

static void images_dir_without_images(void **state)
{
	Fdbroker__V1__Restore r = FDBROKER__V1__RESTORE__INIT;
	int sock = raw_connect(&broker);

	(void)state;
	raw_restore(
		sock, &broker, &r, open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	raw_expect_failure(sock, ERR_BAD_IMAGES);
	close(sock);
}

static void images_dir_missing(void **state)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Restore r = FDBROKER__V1__RESTORE__INIT;
	int sock = raw_connect(&broker),
	    two[2] = { open(broker.images, O_RDONLY | O_CLOEXEC), open("/", O_RDONLY | O_CLOEXEC) };

	(void)state;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE;
	message.restore = &r;
	raw_send(sock, &message, NULL, 0);
	raw_expect_error(sock, ERR_BAD_REQUEST, "images_dir");
	r.has_images_dir = true;
	r.images_dir = 2;
	raw_send(sock, &message, two, 2);
	raw_expect_error(sock, ERR_BAD_REQUEST, "images_dir");
	r.images_dir = 0;
	raw_send(sock, &message, two, 2); /* nobody uses the second */
	raw_expect_error(sock, ERR_BAD_REQUEST, NULL);
	close(two[0]);
	close(two[1]);
	close(sock);
}

/* ---- who asks ---- */

static void other_users(void **state)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Hello hello = FDBROKER__V1__HELLO__INIT;
	int sock, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	Fdbroker__V1__Lend lend = FDBROKER__V1__LEND__INIT;
	const char *name = "log";
	struct answer a;

	(void)state;
	assert_int_equal(chmod(broker.dir, 0755), 0);
	assert_int_equal(chmod(broker.socket, 0666), 0);
	assert_int_equal(seteuid(4242), 0);
	sock = raw_connect(&broker);
	assert_int_equal(seteuid(0), 0); /* who it was at connect is what counts */
	lend.n_names = 1;
	lend.names = (char **)&name;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	message.lend = &lend;
	raw_send(sock, &message, &null, 1);
	raw_expect_error(sock, ERR_PERMISSION, NULL);
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_HELLO;
	message.hello = &hello;
	raw_send(sock, &message, NULL, 0);
	a = raw_recv(sock);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_WELCOME);
	raw_done(&a);
	close(null);
	close(sock);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define MAPPING(c)                                                                                 \
	{                                                                                          \
		(c)->name, bad_mapping, setup, teardown, (void *)(c)                               \
	}

int main(void)
{
	static char long_key[4097];
	static const struct bad_mapping m[] = {
		{ "number is negative", "a", "pipe", -1, false, ERR_BAD_REQUEST,
			"mappings[1].number" },
		{ "number is very negative", "a", "pipe", INT32_MIN, false, ERR_BAD_REQUEST,
			"mappings[1].number" },
		{ "number is 0", "a", "pipe", 0, true, ERR_BAD_REQUEST, "mappings[1].number" },
		{ "number is 2", "a", "pipe", 2, false, ERR_BAD_REQUEST, "mappings[1].number" },
		{ "number is taken", "a", "pipe", 20, false, ERR_BAD_REQUEST,
			"mappings[1].number" },
		{ "number is over the limit", "a", "pipe", 2000000, false, ERR_BAD_REQUEST,
			"mappings[1].number" },
		{ "name is not lent", "a", "nobody", 0, false, ERR_NO_SUCH_NAME,
			"mappings[1].lent" },
		{ "name of another session", "a", "witness", 0, false, ERR_NO_SUCH_NAME,
			"mappings[1].lent" },
		{ "name is missing", "a", NULL, 0, false, ERR_BAD_REQUEST, "mappings[1].lent" },
		{ "key is empty", "", "pipe", 0, false, ERR_BAD_REQUEST, "mappings[1].target.key" },
		{ "key is too long", long_key, "pipe", 0, false, ERR_BAD_REQUEST,
			"mappings[1].target.key" },
		{ "target is missing", NULL, "pipe", 0, false, ERR_BAD_REQUEST,
			"mappings[1].target" },
	};
	const struct CMUnitTest tests[] = {
		TEST(packet_over_limit),
		TEST(cut_protobuf),
		TEST(empty_packet),
		TEST(unknown_call),
		TEST(serial_reuse),
		TEST(cut_descriptors),
		TEST(lend_names),
		TEST(return_names),
		TEST(descriptors_nobody_wants),
		TEST(other_fields),
		TEST(images_dir_of_other_kinds),
		TEST(images_dir_without_images),
		TEST(images_dir_missing),
		TEST(other_users),
		MAPPING(&m[0]),
		MAPPING(&m[1]),
		MAPPING(&m[2]),
		MAPPING(&m[3]),
		MAPPING(&m[4]),
		MAPPING(&m[5]),
		MAPPING(&m[6]),
		MAPPING(&m[7]),
		MAPPING(&m[8]),
		MAPPING(&m[9]),
		MAPPING(&m[10]),
		MAPPING(&m[11]),

	};

	memset(long_key, 'k', sizeof(long_key) - 1);
	return cmocka_run_group_tests_name("bad packets", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* criu's RPC: what we send, byte for byte where it matters, and what we make of what it says. */
#include "worker/swrk.h"

#include <stdlib.h>
#include <string.h>

#include "criu/rpc.pb-c.h"
#include "fixture.h"

static Criu__Rpc__Options *options_of(const uint8_t *bytes, size_t size)
{
	Criu__Rpc__Request *request = criu__rpc__request__unpack(NULL, size, bytes);
	Criu__Rpc__Options *opts;

	assert_non_null(request);
	assert_int_equal(request->type, 2);
	opts = criu__rpc__options__unpack(NULL, request->opts.len, request->opts.data);
	assert_non_null(opts);
	criu__rpc__request__free_unpacked(request, NULL);
	return opts;
}

static void request(void **state)
{
	static const uint8_t shell_job[] = { 0x38, 0x01 }; /* field 7, true */
	const struct swrk_inherit inherit[] = { { "pipe:[4711]", 9 }, { "var/log/x", 10 } };
	const struct swrk_restore restore = { 5, inherit, 2, shell_job, sizeof(shell_job), false };
	Criu__Rpc__Options *opts;
	uint8_t *bytes;
	size_t size;

	(void)state;
	assert_int_equal(swrk_restore_bytes(&restore, &bytes, &size), 0);
	opts = options_of(bytes, size);
	/* Never a number in our own table: it could be another client's directory by the time criu looks. */
	assert_int_equal(opts->images_dir_fd, -1);
	assert_string_equal(opts->images_dir, "/proc/self/fd/5");
	assert_string_equal(opts->log_file, "-");
	assert_int_equal(opts->log_level, 4);
	assert_true(opts->notify_scripts && opts->rst_sibling);
	assert_true(opts->has_manage_cgroups && !opts->manage_cgroups);
	assert_false(opts->has_unprivileged);
	assert_int_equal(opts->n_inherit_fd, 2);
	assert_string_equal(opts->inherit_fd[0]->key, "pipe:[4711]");
	assert_int_equal(opts->inherit_fd[0]->fd, 9);
	assert_string_equal(opts->inherit_fd[1]->key, "var/log/x");
	assert_int_equal(opts->inherit_fd[1]->fd, 10);
	/* The client's option, which we do not declare, is beside them. */
	assert_int_equal(opts->base.n_unknown_fields, 1);
	assert_int_equal(opts->base.unknown_fields[0].tag, 7);
	criu__rpc__options__free_unpacked(opts, NULL);
	free(bytes);
}

/* What the client says counts, for it comes after what we say. */
static void cgroups_are_managed_where_asked_for(void **state)
{
	static const uint8_t yes[] = { 0xc0, 0x01, 0x01 }; /* field 24, true */
	const struct swrk_restore restore = { .images = 3, .opts = yes, .n_opts = sizeof(yes) };
	Criu__Rpc__Options *opts;
	uint8_t *bytes;
	size_t size;

	(void)state;
	assert_int_equal(swrk_restore_bytes(&restore, &bytes, &size), 0);
	opts = options_of(bytes, size);
	assert_true(opts->manage_cgroups);
	criu__rpc__options__free_unpacked(opts, NULL);
	free(bytes);
}

static void without_rights(void **state)
{
	const struct swrk_restore restore = { .images = 3, .unprivileged = true };
	Criu__Rpc__Options *opts;
	uint8_t *bytes;
	size_t size;

	(void)state;
	assert_int_equal(swrk_restore_bytes(&restore, &bytes, &size), 0);
	opts = options_of(bytes, size);
	assert_true(opts->has_unprivileged && opts->unprivileged);
	criu__rpc__options__free_unpacked(opts, NULL);
	free(bytes);
}

static void nothing_lent(void **state)
{
	Criu__Rpc__Options *opts;
	uint8_t *bytes;
	size_t size;

	(void)state;
	assert_int_equal(
		swrk_restore_bytes(&(struct swrk_restore){ .images = 3 }, &bytes, &size), 0);
	opts = options_of(bytes, size);
	assert_int_equal(opts->n_inherit_fd, 0);
	assert_int_equal(opts->base.n_unknown_fields, 0);
	criu__rpc__options__free_unpacked(opts, NULL);
	free(bytes);
}

static void acks(void **state)
{
	static const uint8_t yes[] = { 0x08, 0x06, 0x18, 0x01 }, no[] = { 0x08, 0x06, 0x18, 0x00 };
	uint8_t bytes[SWRK_ACK_BYTES];

	(void)state;
	assert_int_equal(swrk_ack_bytes(true, bytes), sizeof(yes));
	assert_memory_equal(bytes, yes, sizeof(yes));
	assert_int_equal(swrk_ack_bytes(false, bytes), sizeof(no));
	assert_memory_equal(bytes, no, sizeof(no));
}

struct reply_case {
	const char *name;
	const char *bytes;
	size_t size;
	int r;
	struct swrk_reply reply;
};

static void reply(void **state)
{
	const struct reply_case *c = *state;
	struct swrk_reply got;
	struct err err;

	assert_int_equal(swrk_parse((const uint8_t *)c->bytes, c->size, &got, &err), c->r);
	if (c->r < 0) {
		assert_int_equal(err.code, ERR_CRIU_BROKE);
		return;
	}
	assert_int_equal(got.kind, c->reply.kind);
	assert_int_equal(got.success, c->reply.success);
	assert_int_equal(got.pid, c->reply.pid);
	assert_int_equal(got.cr_errno, c->reply.cr_errno);
	assert_string_equal(got.script, c->reply.script);
}

#define BYTES(s) s, sizeof(s) - 1

int main(void)
{
	static const struct reply_case cases[] = {
		{ "success", BYTES("\x08\x02\x10\x01\x22\x02\x08\x20"), 0,
			{ SWRK_RESULT, true, 32, 0, "" } },
		{ "success with an error text, as without CAP_SYS_RESOURCE",
			BYTES("\x08\x02\x10\x01\x22\x02\x08\x20\x4a\x01x"), 0,
			{ SWRK_RESULT, true, 32, 0, "" } },
		{ "failure: its pid is nobody's", BYTES("\x08\x02\x10\x00\x22\x02\x08\x20\x38\x11"),
			0, { SWRK_RESULT, false, 0, 17, "" } },
		{ "failure with pid -1",
			BYTES("\x08\x02\x10\x00\x22\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
			0, { SWRK_RESULT, false, 0, 0, "" } },
		{ "notification", BYTES("\x08\x06\x10\x01\x2a\x08\x0a\x04name\x10\x20"), 0,
			{ SWRK_NOTIFICATION, true, 32, 0, "name" } },
		{ "notification without a pid", BYTES("\x08\x06\x10\x01\x2a\x06\x0a\x04name"), 0,
			{ SWRK_NOTIFICATION, true, 0, 0, "name" } },
		{ "notification of nothing", BYTES("\x08\x06\x10\x01"), 0,
			{ SWRK_NOTIFICATION, true, 0, 0, "" } },
		{ "another type", BYTES("\x08\x09\x10\x01"), -1, { 0 } },
		{ "EMPTY: criu could not read the request", BYTES("\x08\x00\x10\x00"), -1, { 0 } },
		{ "cut", BYTES("\x08\x02\x10"), -1, { 0 } },
		{ "without success", BYTES("\x08\x02"), -1, { 0 } },
		{ "garbage", BYTES("\xff\xff\xff"), -1, { 0 } },
		{ "empty packet", BYTES(""), -1, { 0 } },
	};
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0]) + 5] = { cmocka_unit_test(request),
		cmocka_unit_test(cgroups_are_managed_where_asked_for),
		cmocka_unit_test(without_rights), cmocka_unit_test(nothing_lent),
		cmocka_unit_test(acks) };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tests[i + 5] =
			(struct CMUnitTest){ cases[i].name, reply, NULL, NULL, (void *)&cases[i] };
	return cmocka_run_group_tests_name("swrk", tests, NULL, NULL);
}

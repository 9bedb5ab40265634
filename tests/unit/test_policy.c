/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy: who may restore, what becomes of every field number, and every way to be refused. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "criu/field.h"
#include "criu/opts.h"
#include "policy/policy.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct policy_peer root = { .uid = 0, .pid = 10 };
static const struct policy_peer own = { .uid = 1000, .gid = 1000, .pid = 11, .allow_own = true };
static const struct policy_peer nobody = { .uid = 1000, .gid = 1000, .pid = 11 };

/* ---- who ------------------------------------------------------------------------------------ */

struct peer_case {
	const char *name;
	struct policy_peer peer;
	enum policy_class class;
	const char *rule; /* part of it */
};

static const struct peer_case peers[] = {
	{ "root", { .uid = 0 }, POLICY_FULL, "it is root" },
	{ "root of another group", { .uid = 0, .gid = 5 }, POLICY_FULL, "root" },
	{ "root at a broker of a user", { .uid = 0, .local = true, .own = { 7, 7, 7 } },
		POLICY_FULL, "root" },
	{ "root is root where users may", { .uid = 0, .allow_own = true }, POLICY_FULL, "root" },
	{ "of the group", { .uid = 1000, .in_group = true }, POLICY_FULL, "in the group" },
	{ "of the group where users may", { .uid = 1000, .in_group = true, .allow_own = true },
		POLICY_FULL, "in the group" },
	{ "a user", { .uid = 1000 }, POLICY_NONE, "AllowOwn is off" },
	{ "a user of group 0", { .uid = 1000, .gid = 0 }, POLICY_NONE, "off" },
	{ "a user where users may", { .uid = 1000, .allow_own = true }, POLICY_OWN,
		"AllowOwn is on" },
	{ "a user whose uid the broker has, but not local", { .uid = 7, .own = { 7, 7, 7 } },
		POLICY_NONE, "off" },
	{ "local, same rights", { .uid = 7, .local = true, .own = { 7, 7, 7 } }, POLICY_FULL,
		"all rights of this broker" },
	{ "local, broker is root", { .uid = 7, .local = true }, POLICY_NONE, "has other rights" },
	{ "local, other real uid", { .uid = 7, .local = true, .own = { 0, 7, 7 } }, POLICY_NONE,
		"other rights" },
	{ "local, other effective uid", { .uid = 7, .local = true, .own = { 7, 0, 7 } },
		POLICY_NONE, "other rights" },
	{ "local, other saved uid",
		{ .uid = 7, .local = true, .own = { 7, 7, 0 }, .allow_own = true }, POLICY_NONE,
		"other rights" },
	{ "an unmapped user", { .uid = 65534 }, POLICY_NONE, "several users" },
	{ "an unmapped user of the group", { .uid = 65534, .in_group = true }, POLICY_NONE,
		"several users" },
	{ "an unmapped user where users may", { .uid = 65534, .allow_own = true }, POLICY_NONE,
		"several users" },
	{ "an unmapped user, local",
		{ .uid = 65534, .local = true, .own = { 65534, 65534, 65534 } }, POLICY_NONE,
		"several users" },
	{ "no credentials", { .uid = (uid_t)-1, .allow_own = true }, POLICY_NONE, "several" },
};

static void check_peer(void **state)
{
	const struct peer_case *c = *state;
	struct err err;
	const char *rule = "";
	char says[64];

	assert_int_equal(policy_class(&c->peer, &rule), c->class);
	assert_int_equal(policy_class(&c->peer, NULL), c->class);
	if (!strstr(rule, c->rule))
		fail_msg("'%s' does not say '%s'", rule, c->rule);
	for (enum policy_class needs = POLICY_NONE; needs <= POLICY_FULL; needs++) {
		err = (struct err){ 0 };
		assert_int_equal(
			policy_may_call(&c->peer, needs, "Sing", &err), c->class >= needs ? 0 : -1);
		if (c->class >= needs) {
			assert_int_equal(err.code, ERR_NONE);
			continue;
		}
		assert_int_equal(err.code, ERR_PERMISSION);
		snprintf(says, sizeof(says),
			"Sing: not for uid %u, whose class is %s: ", c->peer.uid,
			policy_class_name(c->class));
		if (!strstr(err.text, says) || !strstr(err.text, rule))
			fail_msg("'%s' does not say '%s%s'", err.text, says, rule);
	}
}

static void test_whose_rights(void **state)
{
	gid_t groups[] = { 5, 6 };
	struct policy_peer with = own;
	struct credentials c = { 0 };

	(void)state;
	with.groups = groups;
	with.n_groups = 2;
	assert_true(policy_runs_as(&with, &c));
	assert_true(c.uid == 1000 && c.gid == 1000 && c.groups == groups && c.n_groups == 2);
	assert_false(policy_runs_as(&root, &c));
	with.in_group = true;
	assert_false(policy_runs_as(&with, &c));
	assert_true(policy_may_see(&root, 1000) && policy_may_see(&with, 0));
	assert_true(policy_may_see(&own, 1000) && !policy_may_see(&own, 0));
	assert_true(policy_may_see(&nobody, 1000) && !policy_may_see(&nobody, 1001));
}

/* ---- every field number --------------------------------------------------------------------- */

/*
 * What is to become of each field that CRIU has: all others up to 2000 are unknown. "root": of class full alone;
 * "all": of class own too. A flag may be false unless it is the broker's own business.
 */
static const char *const decisions[] = {
	"1 images_dir_fd refused: the broker sets it itself: the images are Restore.images_dir",
	"2 pid refused: the broker sets it itself: pids come from the images",
	"3 leave_running refused: it is for dumps",
	"4 ext_unix_sk root",
	"5 tcp_established root",
	"6 evasive_devices all",
	"7 shell_job root",
	"8 file_locks all",
	"9 log_level refused: the broker sets it itself: reasons of failures",
	"10 log_file refused: the broker sets it itself: criu's log is Result.log",
	"11 ps refused: it is for dumps",
	"12 notify_scripts refused: the broker sets it itself: notifications become events",
	"13 root root",
	"14 parent_img refused: criu would make a link in the images directory",
	"15 track_mem refused: it is for dumps",
	"16 auto_dedup refused: criu would punch holes into the images",
	"17 work_dir_fd refused: the broker sets it itself: the work directory is Restore.work_dir",
	"18 link_remap refused: it is for dumps",
	"19 veths root",
	"20 cpu_cap all",
	"21 force_irmap refused: it is for dumps",
	"22 exec_cmd refused: criu would execute it as root",
	"23 ext_mnt root",
	"24 manage_cgroups root",
	"25 cg_root root",
	"26 rst_sibling refused: the broker sets it itself",
	"27 inherit_fd refused: the broker sets it itself: descriptors come from Restore.mappings",
	"28 auto_ext_mnt root",
	"29 ext_sharing refused: it is for dumps",
	"30 ext_masters refused: it is for dumps",
	"31 skip_mnt refused: it is for dumps",
	"32 enable_fs refused: it is for dumps",
	"33 unix_sk_ino refused: it is for dumps",
	"34 manage_cgroups_mode root",
	"35 ghost_limit refused: it is for dumps",
	"36 irmap_scan_paths refused: it is for dumps",
	"37 external root",
	"38 empty_ns root",
	"39 join_ns root",
	"41 cgroup_props refused: it is for dumps",
	"42 cgroup_props_file refused: it is for dumps",
	"43 cgroup_dump_controller refused: it is for dumps",
	"44 freeze_cgroup refused: it is for dumps",
	"45 timeout refused: it is for dumps",
	"46 tcp_skip_in_flight refused: it is for dumps",
	"47 weak_sysctls root",
	"48 lazy_pages root",
	"49 status_fd refused: the broker sets it itself",
	"50 orphan_pts_master root",
	"51 config_file refused: its lines override all other options and run programs",
	"52 tcp_close root",
	"53 lsm_profile root",
	"54 tls_cacert refused: it is for dumps",
	"55 tls_cacrl refused: it is for dumps",
	"56 tls_cert refused: it is for dumps",
	"57 tls_key refused: it is for dumps",
	"58 tls refused: it is for dumps",
	"59 tls_no_cn_verify refused: it is for dumps",
	"60 cgroup_yard root",
	"61 pre_dump_mode refused: it is for dumps",
	"62 pidfd_store_sk refused: the broker sets it itself",
	"63 lsm_mount_context root",
	"64 network_lock root",
	"65 mntns_compat_mode all",
	"66 skip_file_rwx_check all",
	"67 unprivileged refused: the broker sets it itself",
	"68 images_dir refused: the broker sets it itself: the images are Restore.images_dir",
	"69 leave_stopped all",
	"70 display_stats all",
	"71 log_to_stderr refused: the broker sets it itself",
};

/* A good value for each field, as fdbroker-ctl takes it; 1 for what CRIU does not have. */
static void good_value(uint32_t number, struct field_bytes *ret)
{
	static const struct {
		const char *name, *value;
	} messages[] = {
		{ "ps", "port=1" },
		{ "veths", "if_in=a,if_out=b" },
		{ "ext_mnt", "key=a,val=b" },
		{ "cg_root", "path=/a" },
		{ "inherit_fd", "key=a,fd=3" },
		{ "unix_sk_ino", "inode=1" },
		{ "join_ns", "ns=net,ns_file=/a" },
	};
	const struct opts_field *f = opts_by_number(number);
	const char *value = "1";

	if (!f) {
		assert_int_equal(field_put_varint(ret, number, 1), 0);
		return;
	}
	for (size_t i = 0; i < COUNT(messages); i++)
		if (!strcmp(messages[i].name, f->name))
			value = messages[i].value;
	assert_int_equal(opts_append(&ret->data, &ret->size, f, value, NULL), 0);
}

static void expect_allowed(const struct policy_peer *peer, const struct field_bytes *in)
{
	uint8_t *out = NULL;
	size_t size = 0;
	struct err err = { 0 };

	if (policy_options(peer, in->data, in->size, &out, &size, &err) < 0)
		fail_msg("refused: %s", err.text);
	assert_ptr_not_equal(out, in->data);
	assert_int_equal(size, in->size);
	assert_memory_equal(out, in->data, size);
	free(out);
}

static void expect_refused(const struct policy_peer *peer, const struct field_bytes *in,
	enum err_code code, const char *field, const char *says)
{
	uint8_t *out = NULL;
	size_t size = 7;
	struct err err = { 0 };

	assert_int_equal(policy_options(peer, in->data, in->size, &out, &size, &err), -1);
	assert_true(!out && size == 7);
	assert_string_equal(err_code_name((int)err.code), err_code_name((int)code));
	assert_string_equal(err.field, field);
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
}

/* Taken, and nothing is passed on. */
static void expect_left_out(const struct policy_peer *peer, const struct field_bytes *in)
{
	uint8_t *out = NULL;
	size_t size = 7;
	struct err err = { 0 };

	if (policy_options(peer, in->data, in->size, &out, &size, &err) < 0)
		fail_msg("refused: %s", err.text);
	assert_int_equal(size, 0);
	assert_null(out);
}

/* A flag that is off. */
static void check_false(uint32_t number, const char *line, const char *field)
{
	struct field_bytes off = { 0 }, as_text = { 0 };
	bool ours = strstr(line, "the broker sets it itself");

	assert_int_equal(field_put_varint(&off, number, 0), 0);
	assert_int_equal(field_put_bytes(&as_text, number, "", 0), 0);
	if (ours) {
		expect_refused(&root, &off, ERR_FORBIDDEN_OPTION, field, "sets it itself");
		expect_refused(&own, &off, ERR_FORBIDDEN_OPTION, field, "sets it itself");
	} else if (!strcmp(line, "all")) {
		expect_allowed(&root, &off);
		expect_allowed(&own, &off);
	} else {
		if (!strcmp(line, "root"))
			expect_allowed(&root, &off);
		else
			expect_left_out(&root, &off);
		expect_left_out(&own, &off);
		expect_refused(&own, &as_text, ERR_FORBIDDEN_OPTION, field, field);
		assert_int_equal(field_put_varint(&off, number, 0), 0);
		expect_refused(&own, &off, ERR_BAD_REQUEST, field, "it is there twice");
	}
	expect_refused(&nobody, &off, ERR_FORBIDDEN_OPTION, field, field);
	field_bytes_done(&off);
	field_bytes_done(&as_text);
}

/* The decision for one field, from its line in the table; NULL: unknown. */
static void check_number(uint32_t number, const char *line)
{
	struct field_bytes in = { 0 };
	char name[64], field[80], says[160];
	int used = 0;

	good_value(number, &in);
	if (!line) {
		snprintf(field, sizeof(field), "criu_opts.%u", number);
		snprintf(says, sizeof(says), "%s: this broker does not know the field", field);
		expect_refused(&root, &in, ERR_FORBIDDEN_OPTION, field, says);
		expect_refused(&own, &in, ERR_FORBIDDEN_OPTION, field, says);
		expect_refused(&nobody, &in, ERR_FORBIDDEN_OPTION, field, says);
		field_bytes_done(&in);
		return;
	}
	assert_int_equal(sscanf(line, "%*u %63s %n", name, &used), 1);
	line += used;
	snprintf(field, sizeof(field), "criu_opts.%s", name);
	if (!strncmp(line, "refused: ", 9)) {
		snprintf(says, sizeof(says), "%s: %s", field, line + 9);
		expect_refused(&root, &in, ERR_FORBIDDEN_OPTION, field, says);
		expect_refused(&own, &in, ERR_FORBIDDEN_OPTION, field, says);
	} else if (!strcmp(line, "root")) {
		expect_allowed(&root, &in);
		expect_refused(&own, &in, ERR_FORBIDDEN_OPTION, field,
			"only class full may set it; uid 1000 is of class own");
	} else {
		assert_string_equal(line, "all");
		expect_allowed(&root, &in);
		expect_allowed(&own, &in);
	}
	expect_refused(&nobody, &in, ERR_FORBIDDEN_OPTION, field, name);
	field_bytes_done(&in);
	if (opts_by_number(number)->type == OPTS_BOOL)
		check_false(number, line, field);
}

static void test_every_number(void **state)
{
	size_t at = 0;

	(void)state;
	for (uint32_t number = 1; number <= 2000; number++) {
		bool known = at < COUNT(decisions) && (uint32_t)atoi(decisions[at]) == number;

		check_number(number, known ? decisions[at++] : NULL);
	}
	assert_int_equal(at, COUNT(decisions));
	check_number(1U << 20, NULL);
	check_number((1U << 29) - 1, NULL);
}

/* ---- values --------------------------------------------------------------------------------- */

struct value_case {
	const char *name;
	const char *hex; /* the client's criu_opts */
	const char *out; /* hex of what criu gets; NULL: refused */
	enum err_code code;
	const char *field; /* of the error, after "criu_opts" */
	const char *says;
};

/* Tags: 38 shell_job, 6a root, aa 02 external, ba 01 ext_mnt, a0 01 cpu_cap, 90 02 an enum. */
static const struct value_case values[] = {
	{ "nothing", "", "", 0, NULL, NULL },
	{ "several, in their order", "40 01 38 00 6a 01 2f", "40 01 38 00 6a 01 2f", 0, NULL,
		NULL },
	{ "a repeated string", "aa 02 01 61 aa 02 01 62", "aa 02 01 61 aa 02 01 62", 0, NULL,
		NULL },
	{ "a message", "ba 01 06 0a 01 61 12 01 62", "ba 01 06 0a 01 61 12 01 62", 0, NULL, NULL },
	{ "a bool of 5 becomes 1", "38 05", "38 01", 0, NULL, NULL },
	{ "long encodings become short", "b8 80 00 81 80 00 6a 81 00 2f", "38 01 6a 01 2f", 0, NULL,
		NULL },
	{ "the same inside a message", "ba 01 07 0a 81 00 61 12 01 62",
		"ba 01 06 0a 01 61 12 01 62", 0, NULL, NULL },
	{ "the highest uint32", "a0 01 ff ff ff ff 0f", "a0 01 ff ff ff ff 0f", 0, NULL, NULL },
	{ "the highest value of an enum", "90 02 06", "90 02 06", 0, NULL, NULL },

	{ "cut in a string", "6a 05 2f", NULL, ERR_BAD_REQUEST, "",
		"no protobuf message, or are cut" },
	{ "cut in a number", "38 01 38", NULL, ERR_BAD_REQUEST, "",
		"no protobuf message, or are cut" },
	{ "a group", "3b 3c", NULL, ERR_BAD_REQUEST, "", "no protobuf message" },
	{ "a forbidden one after a good one", "38 01 b2 01 01 61", NULL, ERR_FORBIDDEN_OPTION,
		".exec_cmd", "criu would execute it" },
	{ "a forbidden one, whatever its value", "b0 01 00", NULL, ERR_FORBIDDEN_OPTION,
		".exec_cmd", "execute" },
	{ "a bool as string", "3a 01 31", NULL, ERR_BAD_REQUEST, ".shell_job",
		"the value is no number" },
	{ "a bool as fixed32", "3d 01 00 00 00", NULL, ERR_BAD_REQUEST, ".shell_job",
		"the value is no number" },
	{ "a number as fixed64", "a1 01 01 00 00 00 00 00 00 00", NULL, ERR_BAD_REQUEST, ".cpu_cap",
		"the value is no number" },
	{ "a string as number", "68 01", NULL, ERR_BAD_REQUEST, ".root", "the value is no string" },
	{ "a message as number", "b8 01 01", NULL, ERR_BAD_REQUEST, ".ext_mnt",
		"the value is no message" },
	{ "twice", "38 01 38 01", NULL, ERR_BAD_REQUEST, ".shell_job", "it is there twice" },
	{ "twice, another in between", "6a 01 61 38 01 6a 01 62", NULL, ERR_BAD_REQUEST, ".root",
		"twice" },
	{ "numbers 64 apart are not one", "28 01 a8 04 01", "28 01 a8 04 01", 0, NULL,
		NULL }, /* 5, 69 */
	{ "a uint32 of 33 bits", "a0 01 ff ff ff ff 1f", NULL, ERR_BAD_REQUEST, ".cpu_cap",
		"out of range" },
	{ "an enum of 33 bits", "90 02 80 80 80 80 10", NULL, ERR_BAD_REQUEST,
		".manage_cgroups_mode", "out of range" },
	{ "an enum without that value", "90 02 07", NULL, ERR_BAD_REQUEST, ".manage_cgroups_mode",
		"none of its values" },
	{ "an enum below 0", "90 02 ff ff ff ff ff ff ff ff ff 01", NULL, ERR_BAD_REQUEST,
		".manage_cgroups_mode", "none of its values" },
	{ "a zero byte in a string", "6a 03 2f 00 78", NULL, ERR_BAD_REQUEST, ".root",
		"zero byte" },
	{ "a zero byte in a message's string", "ba 01 07 0a 02 61 00 12 01 62", NULL,
		ERR_BAD_REQUEST, ".ext_mnt", "zero byte" },
	{ "a message that is cut", "ba 01 04 0a 01 61 12", NULL, ERR_BAD_REQUEST, ".ext_mnt",
		"no message" },
	{ "a message without what it needs", "ba 01 03 0a 01 61", NULL, ERR_BAD_REQUEST, ".ext_mnt",
		"val is missing" },
	{ "an empty message", "ba 01 00", NULL, ERR_BAD_REQUEST, ".ext_mnt", "key is missing" },
	{ "a message with one field twice", "ba 01 09 0a 01 61 12 01 62 0a 01 63", NULL,
		ERR_BAD_REQUEST, ".ext_mnt", "key is there twice" },
	{ "a message with an unknown field", "ba 01 08 0a 01 61 12 01 62 18 01", NULL,
		ERR_FORBIDDEN_OPTION, ".ext_mnt", "this broker does not know its field 3" },
	{ "a message with another type inside", "ba 01 05 08 01 12 01 62", NULL, ERR_BAD_REQUEST,
		".ext_mnt", "the value is no string" },
	{ "a page server's descriptor", "5a 02 20 03", NULL, ERR_FORBIDDEN_OPTION, ".ps",
		"for dumps" },
};

static struct field_bytes unhex(const char *hex)
{
	struct field_bytes bytes = { 0 };
	unsigned byte;
	int used;

	for (; sscanf(hex, "%2x%n", &byte, &used) == 1; hex += used) {
		/* Of just this size, so that the sanitizers see a read beyond it. */
		bytes.data = realloc(bytes.data, bytes.size + 1);
		assert_non_null(bytes.data);
		bytes.data[bytes.size++] = (uint8_t)byte;
	}
	return bytes;
}

static void check_value(void **state)
{
	const struct value_case *c = *state;
	struct field_bytes in = unhex(c->hex);

	if (c->out) {
		struct field_bytes expect = unhex(c->out);
		uint8_t *out = NULL;
		size_t size = 7;
		struct err err = { 0 };

		if (policy_options(&root, in.data, in.size, &out, &size, &err) < 0)
			fail_msg("refused: %s", err.text);
		assert_int_equal(size, expect.size);
		if (size)
			assert_memory_equal(out, expect.data, size);
		free(out);
		field_bytes_done(&expect);
	} else {
		char field[80];

		snprintf(field, sizeof(field), "criu_opts%s", c->field);
		expect_refused(&root, &in, c->code, field, c->says);
	}
	field_bytes_done(&in);
}

static void test_sizes(void **state)
{
	struct field_bytes in = { 0 };
	char text[OPTS_MAX_STRING + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	/* 15 strings of 4095 bytes and 5 of tag and length; the last fills it up. */
	for (int i = 0; i < 15; i++)
		assert_int_equal(field_put_bytes(&in, 37, text, 4095), 0);
	assert_int_equal(field_put_bytes(&in, 37, text, CONFIG_MAX_OPTS_BYTES - in.size - 4), 0);
	assert_int_equal(in.size, CONFIG_MAX_OPTS_BYTES);
	expect_allowed(&root, &in);
	assert_int_equal(field_put_varint(&in, 7, 1), 0);
	expect_refused(&root, &in, ERR_BAD_REQUEST, "criu_opts",
		"65538 bytes are over the limit of 65536");
	in.size = 0;
	assert_int_equal(field_put_bytes(&in, 13, text, 4096), 0);
	expect_refused(
		&root, &in, ERR_BAD_REQUEST, "criu_opts.root", "4096 bytes are more than 4095");
	field_bytes_done(&in);
}

/* Good options, bits changed by chance: whatever comes out is allowed when asked again. */
static void test_chance(void **state)
{
	unsigned seed = 31;
	unsigned allowed = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct field_bytes in = unhex(
			"40 01 6a 01 2f aa 02 01 61 ba 01 06 0a 01 61 12 01 62 a0 01 05 90 02 03");
		uint8_t *out = NULL;
		size_t size = 0;

		for (int i = 0; i < 2; i++) {
			seed = seed * 1664525U + 1013904223U;
			in.data[(seed >> 8) % in.size] ^= (uint8_t)(1U << (seed >> 28) % 8);
		}
		if (policy_options(&root, in.data, in.size, &out, &size, NULL) == 0) {
			struct field_bytes again = { out, size };

			expect_allowed(&root, &again);
			allowed++;
		}
		free(out);
		field_bytes_done(&in);
	}
	assert_in_range(allowed, 1000, 19000); /* both ways were taken often */
}

int main(void)
{
	struct CMUnitTest tests[COUNT(peers) + COUNT(values) + 4] = {
		cmocka_unit_test(test_every_number),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_whose_rights),
	};
	size_t n = 4;

	for (size_t i = 0; i < COUNT(peers); i++)
		tests[n++] = (struct CMUnitTest){ peers[i].name, check_peer, NULL, NULL,
			(void *)&peers[i] };
	for (size_t i = 0; i < COUNT(values); i++)
		tests[n++] = (struct CMUnitTest){ values[i].name, check_value, NULL, NULL,
			(void *)&values[i] };
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}

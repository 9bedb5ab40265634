/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of criu_opts, fields from text to bytes, and bytes taken apart again (field). */
#include "fixture.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "criu/field.h"
#include "criu/opts.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the table ------------------------------------------------------------------------------ */

/* CRIU 4.2's images/rpc.proto, told again by hand: number, name, type, one or many, sub-fields. */
static const char *const criu_fields[] = {
	"1 images_dir_fd int32",
	"2 pid int32",
	"3 leave_running bool",
	"4 ext_unix_sk bool",
	"5 tcp_established bool",
	"6 evasive_devices bool",
	"7 shell_job bool",
	"8 file_locks bool",
	"9 log_level int32",
	"10 log_file string",
	"11 ps message(1 address string, 2 port int32, 3 pid int32, 4 fd int32)",
	"12 notify_scripts bool",
	"13 root string",
	"14 parent_img string",
	"15 track_mem bool",
	"16 auto_dedup bool",
	"17 work_dir_fd int32",
	"18 link_remap bool",
	"19 veths message(1 if_in string!, 2 if_out string!) many",
	"20 cpu_cap uint32",
	"21 force_irmap bool",
	"22 exec_cmd string many",
	"23 ext_mnt message(1 key string!, 2 val string!) many",
	"24 manage_cgroups bool",
	"25 cg_root message(1 ctrl string, 2 path string!) many",
	"26 rst_sibling bool",
	"27 inherit_fd message(1 key string!, 2 fd int32!) many",
	"28 auto_ext_mnt bool",
	"29 ext_sharing bool",
	"30 ext_masters bool",
	"31 skip_mnt string many",
	"32 enable_fs string many",
	"33 unix_sk_ino message(1 inode uint32!) many",
	"34 manage_cgroups_mode "
	"enum(IGNORE=0, CG_NONE=1, PROPS=2, SOFT=3, FULL=4, STRICT=5, DEFAULT=6)",
	"35 ghost_limit uint32",
	"36 irmap_scan_paths string many",
	"37 external string many",
	"38 empty_ns uint32",
	"39 join_ns message(1 ns string!, 2 ns_file string!, 3 extra_opt string) many",
	"41 cgroup_props string",
	"42 cgroup_props_file string",
	"43 cgroup_dump_controller string many",
	"44 freeze_cgroup string",
	"45 timeout uint32",
	"46 tcp_skip_in_flight bool",
	"47 weak_sysctls bool",
	"48 lazy_pages bool",
	"49 status_fd int32",
	"50 orphan_pts_master bool",
	"51 config_file string",
	"52 tcp_close bool",
	"53 lsm_profile string",
	"54 tls_cacert string",
	"55 tls_cacrl string",
	"56 tls_cert string",
	"57 tls_key string",
	"58 tls bool",
	"59 tls_no_cn_verify bool",
	"60 cgroup_yard string",
	"61 pre_dump_mode enum(SPLICE=1, VM_READ=2)",
	"62 pidfd_store_sk int32",
	"63 lsm_mount_context string",
	"64 network_lock enum(IPTABLES=1, NFTABLES=2, SKIP=3)",
	"65 mntns_compat_mode bool",
	"66 skip_file_rwx_check bool",
	"67 unprivileged bool",
	"68 images_dir string",
	"69 leave_stopped bool",
	"70 display_stats bool",
	"71 log_to_stderr bool",
};

static const char *const type_names[] = {
	[OPTS_BOOL] = "bool",
	[OPTS_INT32] = "int32",
	[OPTS_UINT32] = "uint32",
	[OPTS_ENUM] = "enum",
	[OPTS_STRING] = "string",
	[OPTS_MESSAGE] = "message",
};

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t size, const char *fmt, ...)
{
	size_t used = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + used, size - used, fmt, ap);
	va_end(ap);
}

static void describe(const struct opts_field *f, char *text, size_t size)
{
	text[0] = '\0';
	add(text, size, "%u %s %s", f->number, f->name, type_names[f->type]);
	for (const struct opts_name *v = f->values; v && v->name; v++)
		add(text, size, "%s%s=%d", v == f->values ? "(" : ", ", v->name, v->number);
	for (const struct opts_field *sub = f->subs; sub && sub->name; sub++) {
		assert_in_range(sub->number, 1, 31);
		assert_ptr_equal(opts_sub(f, sub->number), sub);
		add(text, size, "%s%u %s %s%s", sub == f->subs ? "(" : ", ", sub->number, sub->name,
			type_names[sub->type], sub->required ? "!" : "");
	}
	add(text, size, "%s%s", f->values || f->subs ? ")" : "", f->repeated ? " many" : "");
}

static void test_table_is_criu_s(void **state)
{
	size_t n;
	const struct opts_field *all = opts_all(&n);
	char text[256];

	(void)state;
	assert_int_equal(n, COUNT(criu_fields));
	for (size_t i = 0; i < n; i++) {
		describe(&all[i], text, sizeof(text));
		assert_string_equal(text, criu_fields[i]);
		assert_in_range(all[i].number, 1, OPTS_NUMBERS - 1);
		assert_ptr_equal(opts_by_number(all[i].number), &all[i]);
		assert_ptr_equal(opts_by_name(all[i].name), &all[i]);
		assert_int_equal(all[i].type == OPTS_ENUM, !!all[i].values);
		assert_int_equal(all[i].type == OPTS_MESSAGE, !!all[i].subs);
		/* Whatever is refused is refused with a reason, and nothing else has one. */
		assert_int_equal(
			all[i].class == OPTS_ALL || all[i].class == OPTS_FULL, !all[i].reason);
	}
	assert_null(opts_by_number(0));
	assert_null(opts_by_number(40));
	assert_null(opts_by_number(72));
	assert_null(opts_by_number(UINT32_MAX));
	assert_null(opts_by_name("shell-job"));
	assert_null(opts_by_name(""));
	assert_null(opts_sub(opts_by_name("ext_mnt"), 3));
	assert_null(opts_sub(opts_by_name("shell_job"), 1));
}

/* ---- from text ------------------------------------------------------------------------------ */

struct text_case {
	const char *name;  /* of the case: the field and its value, "field: value" */
	const char *bytes; /* hex of what is appended; NULL: refused */
	const char *says;  /* part of the error */
};

static const struct text_case texts[] = {
	/* Tags: number << 3 | wire type; 56 is 7 << 3. */
	{ "shell_job: true", "38 01", NULL },
	{ "shell_job: NO", "38 00", NULL },
	{ "shell_job: 1", "38 01", NULL },
	{ "shell_job: 0", "38 00", NULL },
	{ "shell_job: on", "38 01", NULL },
	{ "shell_job: off", "38 00", NULL },
	{ "shell_job: yes", "38 01", NULL },
	{ "shell_job: false", "38 00", NULL },
	{ "shell_job: maybe", NULL, "criu_opts.shell_job: 'maybe' is neither true nor false" },
	{ "shell_job: ", NULL, "'' is neither" },
	{ "shell_job: 2", NULL, "'2' is neither" },
	{ "cpu_cap: 0", "a0 01 00", NULL },
	{ "cpu_cap: 300", "a0 01 ac 02", NULL },
	{ "cpu_cap: 0xFFFFffff", "a0 01 ff ff ff ff 0f", NULL },
	{ "cpu_cap: 4294967296", NULL, "no number from 0 to 4294967295" },
	{ "cpu_cap: -1", NULL, "no number from 0" },
	{ "cpu_cap: 0x", NULL, "'0x' is no number" },
	{ "cpu_cap:  7", NULL, "' 7' is no number" },
	{ "cpu_cap: 7 ", NULL, "'7 ' is no number" },
	{ "cpu_cap: ", NULL, "'' is no number" },
	{ "cpu_cap: 99999999999999999999", NULL, "no number from 0" },
	{ "pid: -1", "10 ff ff ff ff ff ff ff ff ff 01", NULL },
	{ "pid: -2147483648", "10 80 80 80 80 f8 ff ff ff ff 01", NULL },
	{ "pid: -0x10", "10 f0 ff ff ff ff ff ff ff ff 01", NULL },
	{ "pid: 2147483648", NULL, "no number from -2147483648 to 2147483647" },
	{ "pid: --1", NULL, "'--1' is no number" },
	{ "manage_cgroups_mode: soft", "90 02 03", NULL },
	{ "manage_cgroups_mode: CG_NONE", "90 02 01", NULL },
	{ "manage_cgroups_mode: 6", "90 02 06", NULL },
	{ "manage_cgroups_mode: 7", NULL,
		"'7' is none of IGNORE, CG_NONE, PROPS, SOFT, FULL, STRICT, DEFAULT" },
	{ "manage_cgroups_mode: sof", NULL, "'sof' is none of IGNORE" },
	{ "network_lock: 0", NULL, "'0' is none of IPTABLES, NFTABLES, SKIP" },
	{ "root: /r", "6a 02 2f 72", NULL },
	{ "root: ", "6a 00", NULL },
	{ "external: mnt[a,b]:c=d", "aa 02 0c 6d 6e 74 5b 61 2c 62 5d 3a 63 3d 64", NULL },
	{ "ext_mnt: key=a,val=/b", "ba 01 07 0a 01 61 12 02 2f 62", NULL },
	{ "ext_mnt: val=/b,key=a", "ba 01 07 12 02 2f 62 0a 01 61", NULL },
	{ "ext_mnt: key=a\\,b,val=c\\\\d=e\\f",
		"ba 01 0e 0a 03 61 2c 62 12 07 63 5c 64 3d 65 5c 66", NULL },
	{ "ext_mnt: key=,val=", "ba 01 04 0a 00 12 00", NULL },
	{ "ext_mnt: key=a", NULL, "criu_opts.ext_mnt: val= is missing" },
	{ "ext_mnt: ", NULL, "'' does not fit key=...,val=..." },
	{ "ext_mnt: key=a,", NULL, "'' does not fit" },
	{ "ext_mnt: key=a,val=b,key=c", NULL, "key is there twice" },
	{ "ext_mnt: ke=a,val=b", NULL, "'ke=a' does not fit key=...,val=..." },
	{ "ext_mnt: key,val=b", NULL, "'key' does not fit" },
	{ "join_ns: ns=user,ns_file=/n,extra_opt=0\\,0",
		"ba 02 0f 0a 04 75 73 65 72 12 02 2f 6e 1a 03 30 2c 30", NULL },
	{ "unix_sk_ino: inode=5", "8a 02 02 08 05", NULL },
	{ "unix_sk_ino: inode=x", NULL, "criu_opts.unix_sk_ino: 'x' is no number from 0" },
	{ "ps: address=h,port=80", "5a 05 0a 01 68 10 50", NULL },
	{ "ps: port=-1", "5a 0b 10 ff ff ff ff ff ff ff ff ff 01", NULL },
	{ "cg_root: path=/c", "ca 01 04 12 02 2f 63", NULL },
};

static size_t unhex(const char *hex, uint8_t *ret, size_t max)
{
	size_t n = 0;
	int used;
	unsigned byte;

	for (; sscanf(hex, "%2x%n", &byte, &used) == 1; hex += used) {
		assert_true(n < max);
		ret[n++] = (uint8_t)byte;
	}
	return n;
}

static void check_text(void **state)
{
	const struct text_case *c = *state;
	const char *value = strstr(c->name, ": ") + 2;
	char *name = strndup(c->name, (size_t)(value - c->name) - 2);
	/* Something is there already, and must stay. */
	uint8_t expect[64] = { 0x40, 0x01 }, *bytes = malloc(2);
	size_t size = 2, n = 2;
	struct err err = { 0 };
	int r;

	assert_true(name && bytes && opts_by_name(name));
	memcpy(bytes, expect, 2);
	r = opts_append(&bytes, &size, opts_by_name(name), value, &err);
	if (c->bytes) {
		assert_int_equal(r, 0);
		n += unhex(c->bytes, expect + 2, sizeof(expect) - 2);
	} else {
		char field[64];

		assert_int_equal(r, -1);
		assert_int_equal(err.code, ERR_BAD_REQUEST);
		snprintf(field, sizeof(field), "criu_opts.%s", name);
		assert_string_equal(err.field, field);
		if (!strstr(err.text, c->says))
			fail_msg("'%s' does not say '%s'", err.text, c->says);
	}
	assert_int_equal(size, n);
	assert_memory_equal(bytes, expect, n);
	free(bytes);
	free(name);
}

static void test_from_nothing(void **state)
{
	uint8_t *bytes = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(opts_append(&bytes, &size, opts_by_name("tcp_close"), "true", NULL), 0);
	assert_int_equal(opts_append(&bytes, &size, opts_by_name("external"), "a", NULL), 0);
	assert_int_equal(opts_append(&bytes, &size, opts_by_name("external"), "b", NULL), 0);
	assert_int_equal(size, 11);
	assert_memory_equal(bytes, "\xa0\x03\x01\xaa\x02\x01\x61\xaa\x02\x01\x62", 11);
	free(bytes);
}

static void test_long_string(void **state)
{
	char text[OPTS_MAX_STRING + 2];
	uint8_t *bytes = NULL;
	size_t size = 0;
	struct err err = { 0 };

	(void)state;
	memset(text, 'x', sizeof(text));
	text[OPTS_MAX_STRING + 1] = '\0';
	assert_int_equal(opts_append(&bytes, &size, opts_by_name("root"), text, &err), -1);
	assert_string_equal(err.text, "criu_opts.root: 4096 bytes are more than 4095");
	assert_null(bytes);
	text[OPTS_MAX_STRING] = '\0';
	assert_int_equal(opts_append(&bytes, &size, opts_by_name("root"), text, &err), 0);
	assert_int_equal(size, OPTS_MAX_STRING + 3);
	free(bytes);
}

/* ---- bytes taken apart ---------------------------------------------------------------------- */

static void test_fields_of_every_wire_type(void **state)
{
	/* 1: 300; 2: "ab", its length in two bytes for one; 3: fixed64; 4: fixed32; 5: -1 */
	static const uint8_t bytes[] = { 0x08, 0xac, 0x02, 0x12, 0x82, 0x00, 'a', 'b', 0x19, 1, 2,
		3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4, 0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0x01 };
	static const enum field_wire wires[] = { FIELD_VARINT, FIELD_BYTES, FIELD_FIXED64,
		FIELD_FIXED32, FIELD_VARINT };
	struct field_list list = { 0 };
	struct field f;

	(void)state;
	assert_int_equal(field_list_read(bytes, sizeof(bytes), &list), 0);
	assert_int_equal(list.n, COUNT(wires));
	for (size_t i = 0; i < list.n; i++) {
		f = field_list_get(&list, i);
		assert_int_equal(f.number, i + 1);
		assert_int_equal(f.wire, wires[i]);
		assert_int_equal(!f.data, f.wire != FIELD_BYTES);
	}
	assert_int_equal(field_list_get(&list, 0).value, 300);
	f = field_list_get(&list, 1);
	assert_int_equal(f.size, 2);
	assert_memory_equal(f.data, "ab", 2);
	assert_true(field_list_get(&list, 4).value == UINT64_MAX);
	field_list_done(&list);
	assert_int_equal(field_list_read(NULL, 0, &list), 0);
	assert_int_equal(list.n, 0);
	field_list_done(&list);
}

/* Each of them is no message; cut at every byte no more is, or is shorter. */
static void test_fields_of_bad_bytes(void **state)
{
	static const struct {
		const char *hex;
	} bad[] = {
		{ "08" },                                  /* a tag without its value */
		{ "08 80" },                               /* a varint without an end */
		{ "08 80 80 80 80 80 80 80 80 80 80 01" }, /* one that is too long */
		{ "12 05 61" },          /* a string that is longer than the message */
		{ "12 ff ff ff ff 0f" }, /* the same by a length that would wrap around */
		{ "0b 0c" },             /* a group */
		{ "0e" }, { "0f" },      /* wire types that do not exist */
		{ "19 01 02 03" },       /* a cut fixed64 */
		{ "25 01" },             /* a cut fixed32 */
		{ "80" },                /* a cut tag */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct field_list list = { 0 };
		uint8_t raw[16];
		size_t n = unhex(bad[i].hex, raw, sizeof(raw));
		/* Of just this size, so that the sanitizers see a read beyond it. */
		uint8_t *bytes = malloc(n);

		assert_non_null(bytes);
		memcpy(bytes, raw, n);
		if (field_list_read(bytes, n, &list) != -EBADMSG)
			fail_msg("%s was taken for a message", bad[i].hex);
		assert_null(list.message);
		free(bytes);
	}
}

static void test_written_fields_are_read_again(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX };
	static const uint32_t numbers[] = { 1, 15, 16, 2047, 2048, (1U << 29) - 1 };
	struct field_bytes bytes = { 0 };
	struct field_list list = { 0 };
	size_t at = 0;

	(void)state;
	for (size_t n = 0; n < COUNT(numbers); n++) {
		for (size_t v = 0; v < COUNT(values); v++)
			assert_int_equal(field_put_varint(&bytes, numbers[n], values[v]), 0);
		assert_int_equal(field_put_bytes(&bytes, numbers[n], "x\0y", 3), 0);
		assert_int_equal(field_put_bytes(&bytes, numbers[n], NULL, 0), 0);
	}
	assert_int_equal(field_list_read(bytes.data, bytes.size, &list), 0);
	assert_int_equal(list.n, COUNT(numbers) * (COUNT(values) + 2));
	for (size_t n = 0; n < COUNT(numbers); n++) {
		for (size_t v = 0; v < COUNT(values); v++, at++) {
			assert_int_equal(field_list_get(&list, at).number, numbers[n]);
			assert_true(field_list_get(&list, at).value == values[v]);
		}
		assert_int_equal(field_list_get(&list, at).size, 3);
		assert_memory_equal(field_list_get(&list, at++).data, "x\0y", 3);
		assert_int_equal(field_list_get(&list, at++).size, 0);
	}
	field_list_done(&list);
	field_bytes_done(&bytes);
}

int main(void)
{
	struct CMUnitTest tests[COUNT(texts) + 6] = {
		cmocka_unit_test(test_table_is_criu_s),
		cmocka_unit_test(test_from_nothing),
		cmocka_unit_test(test_long_string),
		cmocka_unit_test(test_fields_of_every_wire_type),
		cmocka_unit_test(test_fields_of_bad_bytes),
		cmocka_unit_test(test_written_fields_are_read_again),
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		tests[6 + i] = (struct CMUnitTest){ texts[i].name, check_text, NULL, NULL,
			(void *)&texts[i] };
	return cmocka_run_group_tests_name("opts", tests, NULL, NULL);
}

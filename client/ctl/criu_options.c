/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * criu's spelling -> fields of criu_opts. In the table: what has a meaning for a restore (criu 4.2,
 * the classes OPTS_ALL and OPTS_FULL of proto/criu/opts.c); --criu-opt reaches everything else.
 */
#include "criu_options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

struct criu_option {
	const char *name;
	int letter; /* short option, or 0 */
	int has_arg;
	/* How the argument becomes the field's value: */
	int (*put)(struct fdb_request *rq, const struct criu_option *o, const char *arg);
	const char *field;
	const char
		*subs[3]; /* of a message: its sub-fields, in the order of the argument's parts */
	const char *between; /* and what stands between the parts, one character each */
};

static int put_flag(struct fdb_request *rq, const struct criu_option *o, const char *arg)
{
	(void)arg;
	return fdb_request_option(rq, o->field, "yes");
}

static int put_text(struct fdb_request *rq, const struct criu_option *o, const char *arg)
{
	return fdb_request_option(rq, o->field, arg);
}

/* Appends "NAME=TEXT" as opts_append() has it: a comma and a backslash are escaped. */
static char *put_sub(char *out, const char *name, const char *text, size_t size)
{
	out += sprintf(out, "%s=", name);
	for (size_t i = 0; i < size; i++) {
		if (text[i] == ',' || text[i] == '\\')
			*out++ = '\\';
		*out++ = text[i];
	}
	*out = 0;
	return out;
}

/* The argument's parts, split at the first of each separator; the last ones may be missing. */
static int put_message(struct fdb_request *rq, const struct criu_option *o, const char *arg)
{
	/* Each byte may be escaped; "NAME=" and a comma for each of the three. */
	autofree char *value = malloc(strlen(arg) * 2 + 3 * 32);
	char *out = value;
	size_t i = 0;

	if (!value)
		return -ENOMEM;
	for (;;) {
		const char *end = i < strlen(o->between) ? strchr(arg, o->between[i]) : NULL;
		size_t size = end ? (size_t)(end - arg) : strlen(arg);

		out = put_sub(out, o->subs[i++], arg, size);
		if (!end)
			return fdb_request_option(rq, o->field, value);
		out = stpcpy(out, ",");
		arg = end + 1;
	}
}

static int put_ext_mount(struct fdb_request *rq, const struct criu_option *o, const char *arg)
{
	return strcmp(arg, "auto") ? put_message(rq, o, arg)
				   : fdb_request_option(rq, "auto_ext_mnt", "yes");
}

/* "[CONTROLLER:]PATH" */
static int put_cgroup_root(struct fdb_request *rq, const struct criu_option *o, const char *arg)
{
	struct criu_option path_alone = *o;

	if (arg[0] != '/')
		return put_message(rq, o, arg);
	path_alone.subs[0] = o->subs[1];
	path_alone.between = "";
	return put_message(rq, &path_alone, arg);
}

static int put_manage_cgroups(struct fdb_request *rq, const struct criu_option *o, const char *arg)
{
	if (!arg)
		return fdb_request_option(rq, "manage_cgroups", "yes");
	/* The only word that the two interfaces of criu spell differently. */
	return fdb_request_option(rq, o->field, strcmp(arg, "none") ? arg : "cg_none");
}

/* criu takes namespaces as the flags of clone(2), and no other than CLONE_NEWNET. */
static int put_empty_ns(struct fdb_request *rq, const struct criu_option *o, const char *arg)
{
	return fdb_request_option(rq, o->field, strcmp(arg, "net") ? arg : "0x40000000");
}

#define NO  no_argument
#define YES required_argument
#define CAN optional_argument

/* clang-format off */
static const struct criu_option table[] = {
	{ "shell-job", 'j', NO, put_flag, "shell_job", { 0 }, NULL },
	{ "file-locks", 'l', NO, put_flag, "file_locks", { 0 }, NULL },
	{ "leave-stopped", 's', NO, put_flag, "leave_stopped", { 0 }, NULL },
	{ "ext-unix-sk", 0, NO, put_flag, "ext_unix_sk", { 0 }, NULL },
	{ "tcp-established", 0, NO, put_flag, "tcp_established", { 0 }, NULL },
	{ "tcp-close", 0, NO, put_flag, "tcp_close", { 0 }, NULL },
	{ "evasive-devices", 0, NO, put_flag, "evasive_devices", { 0 }, NULL },
	{ "weak-sysctls", 0, NO, put_flag, "weak_sysctls", { 0 }, NULL },
	{ "skip-file-rwx-check", 0, NO, put_flag, "skip_file_rwx_check", { 0 }, NULL },
	{ "mntns-compat-mode", 0, NO, put_flag, "mntns_compat_mode", { 0 }, NULL },
	{ "lazy-pages", 0, NO, put_flag, "lazy_pages", { 0 }, NULL },
	{ "root", 'r', YES, put_text, "root", { 0 }, NULL },
	{ "external", 0, YES, put_text, "external", { 0 }, NULL },
	{ "ext-mount-map", 0, YES, put_ext_mount, "ext_mnt", { "key", "val" }, ":" },
	{ "veth-pair", 0, YES, put_message, "veths", { "if_in", "if_out" }, "=" },
	{ "join-ns", 'J', YES, put_message, "join_ns", { "ns", "ns_file", "extra_opt" }, ":," },
	{ "empty-ns", 0, YES, put_empty_ns, "empty_ns", { 0 }, NULL },
	{ "manage-cgroups", 0, CAN, put_manage_cgroups, "manage_cgroups_mode", { 0 }, NULL },
	{ "cgroup-root", 0, YES, put_cgroup_root, "cg_root", { "ctrl", "path" }, ":" },
	{ "cgroup-yard", 0, YES, put_text, "cgroup_yard", { 0 }, NULL },
	{ "lsm-profile", 0, YES, put_text, "lsm_profile", { 0 }, NULL },
	{ "lsm-mount-context", 0, YES, put_text, "lsm_mount_context", { 0 }, NULL },
	{ "network-lock", 0, YES, put_text, "network_lock", { 0 }, NULL },
};
/* clang-format on */

#define COUNT (sizeof(table) / sizeof(table[0]))

static int val_of(size_t i)
{
	return table[i].letter ? table[i].letter : OPTIONS_CRIU + (int)i;
}

void criu_options_add(struct options *o)
{
	for (size_t i = 0; i < COUNT; i++)
		options_add(o, table[i].name, table[i].has_arg, val_of(i));
}

int criu_options_take(
	struct fdb_client *c, struct fdb_request *rq, int val, const char *arg, struct err *err)
{
	for (size_t i = 0; i < COUNT; i++) {
		int r;

		if (val_of(i) != val)
			continue;
		r = table[i].put(rq, &table[i], arg);
		if (r == -ENOMEM)
			return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "--%s", table[i].name);
		if (r < 0)
			return err_set(err, ERR_BAD_REQUEST, 0, NULL, "--%s: %s", table[i].name,
				fdb_error_text(c));
		return 1;
	}
	return 0;
}

int criu_options_raw(
	struct fdb_client *c, struct fdb_request *rq, const char *text, struct err *err)
{
	const char *equal = strchr(text, '=');
	autofree char *name = equal ? strndup(text, (size_t)(equal - text)) : NULL;

	if (!equal || equal == text)
		return err_set(
			err, ERR_BAD_REQUEST, 0, NULL, "--criu-opt: '%s' is not FIELD=VALUE", text);
	if (!name)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "--criu-opt");
	if (fdb_request_option(rq, name, equal + 1) < 0)
		return err_set(err, ERR_BAD_REQUEST, 0, NULL, "--criu-opt: %s", fdb_error_text(c));
	return 0;
}

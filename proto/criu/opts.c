/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of criu_opts. See opts.h. From text to bytes: opts_text.c.
 *
 * How a class was found: in setup_opts_from_req() (criu/cr-service.c of criu 4.1.1) each field
 * becomes a member of opts; a field is OPTS_DUMP if no function that reads that member is reached
 * from cr_restore_tasks(). Where a comment names a function, it is the one that decided.
 */
#include "criu/opts.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define B   OPTS_BOOL
#define I32 OPTS_INT32
#define U32 OPTS_UINT32
#define E   OPTS_ENUM
#define S   OPTS_STRING
#define M   OPTS_MESSAGE

#define MAY(c)   .class = c
#define DUMPS    .class = OPTS_DUMP, .reason = "it is for dumps, a restore does not look at it"
#define OURS(w)  .class = OPTS_OURS, .reason = "the broker sets it itself: " w
#define NEVER(w) .class = OPTS_NEVER, .reason = w
#define MANY     .repeated = true
#define NEEDED   .required = true
#define OPTIONAL .required = false

/* clang-format off */
static const struct opts_name cg_modes[] = {
	{ "IGNORE", 0 }, { "CG_NONE", 1 }, { "PROPS", 2 }, { "SOFT", 3 }, { "FULL", 4 },
	{ "STRICT", 5 }, { "DEFAULT", 6 }, { NULL, 0 },
};
static const struct opts_name network_locks[] = {
	{ "IPTABLES", 1 }, { "NFTABLES", 2 }, { "SKIP", 3 }, { NULL, 0 },
};
static const struct opts_name pre_dump_modes[] = { { "SPLICE", 1 }, { "VM_READ", 2 }, { NULL, 0 } };

static const struct opts_field page_server[] = {
	{ 1, "address", S, OPTIONAL },
	{ 2, "port", I32, OPTIONAL },
	{ 3, "pid", I32, OPTIONAL },
	{ 4, "fd", I32, OPTIONAL },
	{ 0 },
};
static const struct opts_field veth_pair[] = {
	{ 1, "if_in", S, NEEDED },
	{ 2, "if_out", S, NEEDED },
	{ 0 },
};
static const struct opts_field ext_mount[] = {
	{ 1, "key", S, NEEDED },
	{ 2, "val", S, NEEDED },
	{ 0 },
};
static const struct opts_field join_namespace[] = {
	{ 1, "ns", S, NEEDED },
	{ 2, "ns_file", S, NEEDED },
	{ 3, "extra_opt", S, OPTIONAL },
	{ 0 },
};
static const struct opts_field inherit_fd[] = {
	{ 1, "key", S, NEEDED },
	{ 2, "fd", I32, NEEDED },
	{ 0 },
};
static const struct opts_field cgroup_root[] = {
	{ 1, "ctrl", S, OPTIONAL },
	{ 2, "path", S, NEEDED },
	{ 0 },
};
static const struct opts_field unix_sk[] = { { 1, "inode", U32, NEEDED }, { 0 } };

/* By number. Number 40 is not in use. */
static const struct opts_field table[] = {
	{ 1, "images_dir_fd", I32, OURS("the images are Restore.images_dir") },
	{ 2, "pid", I32, OURS("pids come from the images") },
	{ 3, "leave_running", B, DUMPS },
	/* Connects, as root, to socket paths of the images. */
	{ 4, "ext_unix_sk", B, MAY(OPTS_FULL) },
	{ 5, "tcp_established", B, MAY(OPTS_FULL) },
	/* Read by check_path_remap() of a dump alone, but runc sends it with every restore. */
	{ 6, "evasive_devices", B, MAY(OPTS_ALL) },
	/* Tasks join criu's session and terminal (prepare_pstree_for_shell_job). */
	{ 7, "shell_job", B, MAY(OPTS_FULL) },
	{ 8, "file_locks", B, MAY(OPTS_ALL) },
	{ 9, "log_level", I32, OURS("reasons of failures are read from criu's log") },
	{ 10, "log_file", S, OURS("criu's log is Result.log") },
	/* Read by dumps, page server and lazy-pages daemon (uffd.c): none of them a restore. */
	{ 11, "ps", M, DUMPS, .subs = page_server },
	{ 12, "notify_scripts", B, OURS("notifications become events") },
	{ 13, "root", S, MAY(OPTS_FULL) },
	/* symlinkat() in open_image_dir(). */
	{ 14, "parent_img", S, NEVER("criu would make a link in the images directory") },
	/* Not read, but makes a restore fail without dirty tracking (check_options). */
	{ 15, "track_mem", B, DUMPS },
	/* punch_hole() in pagemap.c. */
	{ 16, "auto_dedup", B, NEVER("criu would punch holes into the images") },
	{ 17, "work_dir_fd", I32, OURS("the work directory is Restore.work_dir") },
	/* create_link_remap() */
	{ 18, "link_remap", B, DUMPS },
	{ 19, "veths", M, MAY(OPTS_FULL), MANY, .subs = veth_pair },
	/* Which features of the processor must be as in the images. */
	{ 20, "cpu_cap", U32, MAY(OPTS_ALL) },
	/* check_open_handle() */
	{ 21, "force_irmap", B, DUMPS },
	{ 22, "exec_cmd", S, NEVER("criu would execute it as root after the restore"), MANY },
	{ 23, "ext_mnt", M, MAY(OPTS_FULL), MANY, .subs = ext_mount },
	{ 24, "manage_cgroups", B, MAY(OPTS_FULL) },
	{ 25, "cg_root", M, MAY(OPTS_FULL), MANY, .subs = cgroup_root },
	{ 26, "rst_sibling", B, OURS("the restored root is its child") },
	{ 27, "inherit_fd", M, OURS("descriptors come from Restore.mappings"), MANY,
		.subs = inherit_fd },
	/* get_mp_root(): mount points by paths of the images. */
	{ 28, "auto_ext_mnt", B, MAY(OPTS_FULL) },
	/* This one and the next: resolve_external_mounts(), from collect_namespaces() of a dump. */
	{ 29, "ext_sharing", B, DUMPS },
	{ 30, "ext_masters", B, DUMPS },
	/* parse_mountinfo(): for_dump && should_skip_mount(). */
	{ 31, "skip_mnt", S, DUMPS, MANY },
	/* find_fstype_by_name(); a restore takes types from the images, by decode_fstype(). */
	{ 32, "enable_fs", S, DUMPS, MANY },
	/* unix_sk_exception_lookup_id() */
	{ 33, "unix_sk_ino", M, DUMPS, MANY, .subs = unix_sk },
	{ 34, "manage_cgroups_mode", E, MAY(OPTS_FULL), .values = cg_modes },
	/* dump_ghost_remap() */
	{ 35, "ghost_limit", U32, DUMPS },
	/* irmap_lookup() */
	{ 36, "irmap_scan_paths", S, DUMPS, MANY },
	{ 37, "external", S, MAY(OPTS_FULL), MANY },
	/* CLONE_NEWNET (0x40000000) or 0, else criu refuses without a word. */
	{ 38, "empty_ns", U32, MAY(OPTS_FULL) },
	{ 39, "join_ns", M, MAY(OPTS_FULL), MANY, .subs = join_namespace },
	/* This one and the next: cgp_init(), from cr_dump_tasks(). */
	{ 41, "cgroup_props", S, DUMPS },
	{ 42, "cgroup_props_file", S, DUMPS },
	/* cgp_should_skip_controller(), from parse_thread_cgroup() and parse_cg_info(). */
	{ 43, "cgroup_dump_controller", S, DUMPS, MANY },
	/* This one and the next: seize.c. A restore's time limit is Restore.deadline_ms. */
	{ 44, "freeze_cgroup", S, DUMPS },
	{ 45, "timeout", U32, DUMPS },
	/* can_dump_inet_sk() */
	{ 46, "tcp_skip_in_flight", B, DUMPS },
	{ 47, "weak_sysctls", B, MAY(OPTS_FULL) },
	/* Memory by way of a socket in the work directory (uffd.c). */
	{ 48, "lazy_pages", B, MAY(OPTS_FULL) },
	{ 49, "status_fd", I32, OURS("its number would mean a descriptor of the broker") },
	{ 50, "orphan_pts_master", B, MAY(OPTS_FULL) },
	{ 51, "config_file", S, NEVER("its lines override all other options and run programs") },
	{ 52, "tcp_close", B, MAY(OPTS_FULL) },
	{ 53, "lsm_profile", S, MAY(OPTS_FULL) },
	/* 54 to 59: tls_x509_init() is reached from the page server and its clients, see 11. */
	{ 54, "tls_cacert", S, DUMPS },
	{ 55, "tls_cacrl", S, DUMPS },
	{ 56, "tls_cert", S, DUMPS },
	{ 57, "tls_key", S, DUMPS },
	{ 58, "tls", B, DUMPS },
	{ 59, "tls_no_cn_verify", B, DUMPS },
	{ 60, "cgroup_yard", S, MAY(OPTS_FULL) },
	{ 61, "pre_dump_mode", E, DUMPS, .values = pre_dump_modes },
	{ 62, "pidfd_store_sk", I32, OURS("its number would mean a descriptor of the broker") },
	{ 63, "lsm_mount_context", S, MAY(OPTS_FULL) },
	/* Overridden by the images (check_img_inventory), but crun sends it with its restores. */
	{ 64, "network_lock", E, MAY(OPTS_FULL), .values = network_locks },
	{ 65, "mntns_compat_mode", B, MAY(OPTS_ALL) },
	{ 66, "skip_file_rwx_check", B, MAY(OPTS_ALL) },
	{ 67, "unprivileged", B, OURS("criu runs with the broker's own rights") },
	{ 68, "images_dir", S, OURS("the images are Restore.images_dir") },
	{ 69, "leave_stopped", B, MAY(OPTS_ALL) },
	/* Into criu's standard output, which is the log. */
	{ 70, "display_stats", B, MAY(OPTS_ALL) },
	{ 71, "log_to_stderr", B, OURS("criu's log is Result.log") },
};
/* clang-format on */

const struct opts_field *opts_by_number(uint32_t number)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

const struct opts_field *opts_by_name(const char *name)
{
	for (size_t i = 0; i < COUNT(table); i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

const struct opts_field *opts_sub(const struct opts_field *f, uint32_t number)
{
	for (const struct opts_field *sub = f->subs; sub && sub->name; sub++)
		if (sub->number == number)
			return sub;
	return NULL;
}

const struct opts_field *opts_all(size_t *ret_n)
{
	*ret_n = COUNT(table);
	return table;
}

bool opts_has_value(const struct opts_field *f, int32_t number)
{
	for (const struct opts_name *v = f->values; v && v->name; v++)
		if (v->number == number)
			return true;
	return false;
}

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

#define MAY(c, w) .class = (c), .what = (w)
#define DUMPS     .class = OPTS_DUMP, .reason = "it is for dumps, a restore does not look at it"
#define OURS(w)   .class = OPTS_OURS, .reason = "the broker sets it itself: " w
#define NEVER(w)  .class = OPTS_NEVER, .reason = w
#define MANY      .repeated = true
#define NEEDED    .required = true
#define OPTIONAL  .required = false

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
	{ 1, S, "address", OPTIONAL },
	{ 2, I32, "port", OPTIONAL },
	{ 3, I32, "pid", OPTIONAL },
	{ 4, I32, "fd", OPTIONAL },
	{ 0 },
};
static const struct opts_field veth_pair[] = {
	{ 1, S, "if_in", NEEDED },
	{ 2, S, "if_out", NEEDED },
	{ 0 },
};
static const struct opts_field ext_mount[] = {
	{ 1, S, "key", NEEDED },
	{ 2, S, "val", NEEDED },
	{ 0 },
};
static const struct opts_field join_namespace[] = {
	{ 1, S, "ns", NEEDED },
	{ 2, S, "ns_file", NEEDED },
	{ 3, S, "extra_opt", OPTIONAL },
	{ 0 },
};
static const struct opts_field inherit_fd[] = {
	{ 1, S, "key", NEEDED },
	{ 2, I32, "fd", NEEDED },
	{ 0 },
};
static const struct opts_field cgroup_root[] = {
	{ 1, S, "ctrl", OPTIONAL },
	{ 2, S, "path", NEEDED },
	{ 0 },
};
static const struct opts_field unix_sk[] = { { 1, U32, "inode", NEEDED }, { 0 } };

/* By number. Number 40 is not in use. */
static const struct opts_field table[] = {
	{ 1, I32, "images_dir_fd", OURS("the images are Restore.images_dir") },
	{ 2, I32, "pid", OURS("pids come from the images") },
	{ 3, B, "leave_running", DUMPS },
	/* Connects, as root, to socket paths of the images. */
	{ 4, B, "ext_unix_sk", MAY(OPTS_FULL, "connect unix sockets to what is outside of the tree") },
	{ 5, B, "tcp_established", MAY(OPTS_FULL, "restore TCP connections") },
	/* Read by check_path_remap() of a dump alone, but runc sends it with every restore. */
	{ 6, B, "evasive_devices", MAY(OPTS_ALL, "of dumps; runc sends it with every restore") },
	/* Tasks join criu's session and terminal (prepare_pstree_for_shell_job). */
	{ 7, B, "shell_job", MAY(OPTS_FULL, "restore what was started from a shell into the session of criu") },
	{ 8, B, "file_locks", MAY(OPTS_ALL, "restore file locks") },
	{ 9, I32, "log_level", OURS("reasons of failures are read from criu's log") },
	{ 10, S, "log_file", OURS("criu's log is Result.log") },
	/* Read by dumps, page server and lazy-pages daemon (uffd.c): none of them a restore. */
	{ 11, M, "ps", DUMPS, .subs = page_server },
	{ 12, B, "notify_scripts", OURS("notifications become events") },
	{ 13, S, "root", MAY(OPTS_FULL, "the root directory that the tree is restored into") },
	/* symlinkat() in open_image_dir(). */
	{ 14, S, "parent_img", NEVER("criu would make a link in the images directory") },
	/* Not read, but makes a restore fail without dirty tracking (check_options). */
	{ 15, B, "track_mem", DUMPS },
	/* punch_hole() in pagemap.c. */
	{ 16, B, "auto_dedup", NEVER("criu would punch holes into the images") },
	{ 17, I32, "work_dir_fd", OURS("the work directory is Restore.work_dir") },
	/* create_link_remap() */
	{ 18, B, "link_remap", DUMPS },
	{ 19, M, "veths", MAY(OPTS_FULL, "names of pairs of virtual network devices"), MANY, .subs = veth_pair },
	/* Which features of the processor must be as in the images. */
	{ 20, U32, "cpu_cap", MAY(OPTS_ALL, "which features of the processor must be as in the images") },
	/* check_open_handle() */
	{ 21, B, "force_irmap", DUMPS },
	{ 22, S, "exec_cmd", NEVER("criu would execute it as root after the restore"), MANY },
	{ 23, M, "ext_mnt", MAY(OPTS_FULL, "what external mounts are replaced by"), MANY, .subs = ext_mount },
	{ 24, B, "manage_cgroups", MAY(OPTS_FULL, "put tasks into the cgroups that they were in") },
	{ 25, M, "cg_root", MAY(OPTS_FULL, "the cgroups below which those of the images are made"), MANY, .subs = cgroup_root },
	{ 26, B, "rst_sibling", OURS("the restored root is its child") },
	{ 27, M, "inherit_fd", OURS("descriptors come from Restore.mappings"), MANY,
		.subs = inherit_fd },
	/* get_mp_root(): mount points by paths of the images. */
	{ 28, B, "auto_ext_mnt", MAY(OPTS_FULL, "find external mounts by the paths of their mount points") },
	/* This one and the next: resolve_external_mounts(), from collect_namespaces() of a dump. */
	{ 29, B, "ext_sharing", DUMPS },
	{ 30, B, "ext_masters", DUMPS },
	/* parse_mountinfo(): for_dump && should_skip_mount(). */
	{ 31, S, "skip_mnt", DUMPS, MANY },
	/* find_fstype_by_name(); a restore takes types from the images, by decode_fstype(). */
	{ 32, S, "enable_fs", DUMPS, MANY },
	/* unix_sk_exception_lookup_id() */
	{ 33, M, "unix_sk_ino", DUMPS, MANY, .subs = unix_sk },
	{ 34, E, "manage_cgroups_mode", MAY(OPTS_FULL, "how cgroups are restored"), .values = cg_modes },
	/* dump_ghost_remap() */
	{ 35, U32, "ghost_limit", DUMPS },
	/* irmap_lookup() */
	{ 36, S, "irmap_scan_paths", DUMPS, MANY },
	{ 37, S, "external", MAY(OPTS_FULL, "external resources by name"), MANY },
	/* CLONE_NEWNET (0x40000000) or 0, else criu refuses without a word. */
	{ 38, U32, "empty_ns", MAY(OPTS_FULL, "leave namespaces empty") },
	{ 39, M, "join_ns", MAY(OPTS_FULL, "namespaces to join"), MANY, .subs = join_namespace },
	/* This one and the next: cgp_init(), from cr_dump_tasks(). */
	{ 41, S, "cgroup_props", DUMPS },
	{ 42, S, "cgroup_props_file", DUMPS },
	/* cgp_should_skip_controller(), from parse_thread_cgroup() and parse_cg_info(). */
	{ 43, S, "cgroup_dump_controller", DUMPS, MANY },
	/* This one and the next: seize.c. A restore's time limit is Restore.deadline_ms. */
	{ 44, S, "freeze_cgroup", DUMPS },
	{ 45, U32, "timeout", DUMPS },
	/* can_dump_inet_sk() */
	{ 46, B, "tcp_skip_in_flight", DUMPS },
	{ 47, B, "weak_sysctls", MAY(OPTS_FULL, "go on if a sysctl cannot be set") },
	/* Memory by way of a socket in the work directory (uffd.c). */
	{ 48, B, "lazy_pages", MAY(OPTS_FULL, "fetch memory on demand, from a socket in the work directory") },
	{ 49, I32, "status_fd", OURS("its number would mean a descriptor of the broker") },
	{ 50, B, "orphan_pts_master", MAY(OPTS_FULL, "restore terminals whose master was not dumped") },
	{ 51, S, "config_file", NEVER("its lines override all other options and run programs") },
	{ 52, B, "tcp_close", MAY(OPTS_FULL, "restore TCP connections as closed") },
	{ 53, S, "lsm_profile", MAY(OPTS_FULL, "the security profile of the tasks") },
	/* 54 to 59: tls_x509_init() is reached from the page server and its clients, see 11. */
	{ 54, S, "tls_cacert", DUMPS },
	{ 55, S, "tls_cacrl", DUMPS },
	{ 56, S, "tls_cert", DUMPS },
	{ 57, S, "tls_key", DUMPS },
	{ 58, B, "tls", DUMPS },
	{ 59, B, "tls_no_cn_verify", DUMPS },
	{ 60, S, "cgroup_yard", MAY(OPTS_FULL, "a directory where cgroups are mounted") },
	{ 61, E, "pre_dump_mode", DUMPS, .values = pre_dump_modes },
	{ 62, I32, "pidfd_store_sk", OURS("its number would mean a descriptor of the broker") },
	{ 63, S, "lsm_mount_context", MAY(OPTS_FULL, "the security context of mounts") },
	/* Overridden by the images (check_img_inventory), but crun sends it with its restores. */
	{ 64, E, "network_lock", MAY(OPTS_FULL, "how the network is locked meanwhile"), .values = network_locks },
	{ 65, B, "mntns_compat_mode", MAY(OPTS_ALL, "restore mounts by the older algorithm") },
	{ 66, B, "skip_file_rwx_check", MAY(OPTS_ALL, "do not compare the mode of files with that of the dump") },
	{ 67, B, "unprivileged", OURS("criu runs with the broker's own rights") },
	{ 68, S, "images_dir", OURS("the images are Restore.images_dir") },
	{ 69, B, "leave_stopped", MAY(OPTS_ALL, "leave the tasks stopped") },
	/* Into criu's standard output, which is the log. */
	{ 70, B, "display_stats", MAY(OPTS_ALL, "print statistics to the log") },
	{ 71, B, "log_to_stderr", OURS("criu's log is Result.log") },
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

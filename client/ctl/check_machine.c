/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is missing on this machine, or odd, and what to do. It does not stop the check. */
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "check.h"

/* The cache of kernel features, and what a criu that died at it leaves (kerndat.c of CRIU). */
#define KDAT_DIR  "/run"
#define KDAT_TMP  "/run/criu.kdat.tmp"
#define CRIU_CONF "/etc/criu/default.conf"

static const struct check_finding no_criu = {
	"there is no criu where the broker looks for one",
	"install criu 3.19 or newer (Debian 13 has 4.1), or start the broker with --criu",
};
static const struct check_finding old_criu = {
	"this criu is too old: the broker needs 3.19, kernels from 6.13 on need more",
	"install a newer one (Debian 13 has 4.1), or start the broker with --criu",
};
static const struct check_finding fault = {
	"criu runs with CRIU_FAULT, as it must where hardware breakpoints do not fire",
	"nothing, the broker sees to it; other runs of a criu before 4.2 need the same",
};
static const struct check_finding conf = {
	CRIU_CONF " exists, and has no effect on restores by the broker",
	"give its options with each restore; see fdbroker-ctl restore --help",
};
static const struct check_finding no_tmpfs = {
	KDAT_DIR " is no tmpfs: criu keeps no cache and looks the kernel over each time",
	"mount a tmpfs on " KDAT_DIR ": saves some 35 ms a restore",
};
static const struct check_finding stale_kdat = {
	KDAT_TMP " was left by a criu that died: its cache cannot be written any more",
	"remove it while no criu runs",
};
static const struct check_finding no_cgroup = {
	"the broker has no cgroup v2: a restore that had to be killed may leave tasks",
	"mount one: mount -t cgroup2 none /sys/fs/cgroup/unified",
};

static void note(struct check *ch, const struct check_finding *finding)
{
	if (ch->n_findings < CHECK_MAX_FINDINGS)
		ch->findings[ch->n_findings++] = finding;
}

static bool on_tmpfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static bool is_old(const char *version)
{
	int major, minor;

	return sscanf(version, "%d.%d", &major, &minor) == 2 &&
	       (major < 3 || (major == 3 && minor < 19));
}

void check_machine(struct check *ch)
{
	struct utsname name;

	if (uname(&name) == 0)
		snprintf(ch->release, sizeof(ch->release), "%s", name.release);
	if (!fdb_report_criu_usable(ch->rep))
		note(ch, &no_criu);
	if (is_old(ch->criu_version))
		note(ch, &old_criu);
	if (fdb_report_criu_fault(ch->rep))
		note(ch, &fault);
	if (access(CRIU_CONF, F_OK) == 0)
		note(ch, &conf);
	if (!on_tmpfs(KDAT_DIR))
		note(ch, &no_tmpfs);
	if (access(KDAT_TMP, F_OK) == 0)
		note(ch, &stale_kdat);
	if (!fdb_report_cgroup(ch->rep))
		note(ch, &no_cgroup);
}

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

static void find(struct check *ch, const char *text, const char *todo)
{
	if (ch->n_findings < CHECK_MAX_FINDINGS)
		ch->findings[ch->n_findings++] = (struct check_finding){ text, todo };
}

static bool on_tmpfs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

static void look_at_criu(struct check *ch)
{
	int major, minor;

	if (!fdb_report_criu_usable(ch->rep))
		find(ch, "there is no criu where the broker looks for one",
			"install criu 3.19 or newer (Debian 13 has 4.1), or start the broker with --criu PATH");
	else if (sscanf(ch->criu_version, "%d.%d", &major, &minor) == 2 &&
		 (major < 3 || (major == 3 && minor < 19)))
		find(ch,
			"this criu is too old: the broker needs 3.19, and kernels from 6.13 on need more",
			"install a newer criu (Debian 13 has 4.1), or start the broker with --criu PATH");
	if (fdb_report_criu_fault(ch->rep))
		find(ch,
			"criu runs with CRIU_FAULT, as is needed where hardware breakpoints do not fire",
			"nothing: the broker sees to it. Run other criu commands here with the same, or with criu 4.2");
	if (access(CRIU_CONF, F_OK) == 0)
		find(ch, CRIU_CONF " exists, and has no effect on restores by the broker",
			"give its options with each restore; see fdbroker-ctl restore --help");
}

void check_machine(struct check *ch)
{
	struct utsname name;

	if (uname(&name) == 0)
		snprintf(ch->release, sizeof(ch->release), "%s", name.release);
	look_at_criu(ch);
	if (!on_tmpfs(KDAT_DIR))
		find(ch,
			KDAT_DIR
			" is no tmpfs: criu keeps no cache there and looks the kernel over in every restore",
			"mount a tmpfs on " KDAT_DIR
			", as systemd does; saves some 35 ms each time");
	if (access(KDAT_TMP, F_OK) == 0)
		find(ch,
			KDAT_TMP
			" was left by a criu that died: no criu can write its cache any more",
			"remove it while no criu runs");
	if (!fdb_report_cgroup(ch->rep))
		find(ch,
			"the broker has no cgroup v2: it cannot prove that a restore that failed has left nothing",
			"mount one: mount -t cgroup2 none /sys/fs/cgroup/unified");
}

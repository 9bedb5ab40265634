/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --help says, each text a screen at most. */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "fdbroker.h"

static const char program[] =
	"Usage: fdbroker-ctl [OPTION]... COMMAND [OPTION]...\n"
	"Restores processes from CRIU's images, open files of yours in place of theirs.\n"
	"\n"
	"  restore           restore a process tree\n"
	"  check             dump and restore a tiny process: do restores work here?\n"
	"  status            how the broker is\n"
	"\n"
	"Options of every command:\n"
	"      --socket PATH the broker's socket [" FDB_DEFAULT_SOCKET "]\n"
	"      --local       start a private broker, for this command only\n"
	"      --criu PATH   the criu that it runs\n"
	"      --json[=HOW]  results and errors as JSON: pretty (the default), short, off\n"
	"  -v, --verbose     tell more: what happens, and criu's last lines if it fails;\n"
	"                    -vv: what a private broker says too, -vvv: all of that\n"
	"  -h, --help        this; after a command: its options\n"
	"      --version\n"
	"\n"
	"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused before criu was started,\n"
	"  4 criu failed, 5 cancelled, interrupted or the deadline was over, 6 no broker.\n";

static const char restore[] =
	"Usage: fdbroker-ctl restore -D DIR [--fd NAME=WHAT --map KEY=NAME]... [OPTION]..\n"
	"Restores a process tree. --map puts a descriptor of yours in place of a resource\n"
	"of the images: all open files of the tree on that resource become yours.\n"
	"\n"
	"  -D, --images-dir DIR  the images\n"
	"  -W, --work-dir DIR    for criu's statistics, and its log: DIR/restore.log\n"
	"  --fd NAME=N           lend descriptor N of this command, as of 5>>FILE\n"
	"  --fd NAME=PATH[:MODE] open PATH as a shell does: r <, w >, a >>, rw <>.\n"
	"                        Without a mode: an existing file, to read and to append\n"
	"  --map KEY=NAME        KEY: pipe:[4711], socket:[4711], tty[8800:5], /memfd:X,\n"
	"                        or a path without its first slash: var/log/x\n"
	"  --inherit-fd fd[N]:KEY  --fd and --map in one, as criu spells it\n"
	"  --at NAME=NUMBER      its number in criu's own table [the lowest free one]\n"
	"  --deadline SECONDS    then end criu and all it has made [as the broker says]\n"
	"  --carry-on            restore even if this command is interrupted\n"
	"\n"
	"As in criu restore: -j --shell-job, -l --file-locks, -s --leave-stopped,\n"
	"  --tcp-established, --tcp-close, --ext-unix-sk, -r --root, --external,\n"
	"  --ext-mount-map, --veth-pair, -J --join-ns, --empty-ns, --cgroup-root,\n"
	"  --manage-cgroups[=MODE], --cgroup-yard, --lsm-profile, --lsm-mount-context,\n"
	"  --network-lock, --evasive-devices, --weak-sysctls, --skip-file-rwx-check,\n"
	"  --mntns-compat-mode, --lazy-pages;\n"
	"  and --criu-opt FIELD=VALUE for any other field of its criu_opts.\n"
	"\n"
	"  fdbroker-ctl restore -D imgs --fd log=/var/log/new:a --map var/log/x=log\n"
	"  fdbroker-ctl restore -D imgs --inherit-fd 'fd[5]:var/log/x' 5>>/var/log/new\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char check[] =
	"Usage: fdbroker-ctl check [OPTION]...\n"
	"Makes a tiny process, dumps it with the broker's criu, restores it through the\n"
	"broker with a file of its own in place of the process's, looks whether that is\n"
	"there, and ends and removes everything. Says what is missing on this machine and\n"
	"what to do. With no broker running it starts a private one. For root.\n"
	"\n"
	"  --deadline SECONDS    for the dump, and again for the restore [10]\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char status[] =
	"Usage: fdbroker-ctl status [OPTION]...\n"
	"Prints how the broker is: its version, its criu, sessions, restores, warnings.\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

int help_show(const char *command)
{
	static const struct {
		const char *command;
		const char *text;
	} texts[] = { { "restore", restore }, { "check", check }, { "status", status } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].command, command) != 0)
			continue;
		fputs(texts[i].text, stdout);
		return CTL_DONE;
	}
	fputs(program, stdout);
	return CTL_DONE;
}

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
	"  inspect           what is in a set of images\n"
	"  plan              what a restore with your mappings would do, and what fails\n"
	"  restore           restore a process tree\n"
	"  check             dump and restore a tiny process: do restores work here?\n"
	"  list              the jobs (each restore is one): under way, running, ended\n"
	"  show JOB          all about one: times, problems, why it failed, how it ended\n"
	"  wait JOB...       until it has ended; prints its exit status\n"
	"  cancel JOB...     end a restore that is under way, and all it has made\n"
	"  log [-f] JOB      criu's log of it; -f: while criu writes it\n"
	"  watch [JOB]       a line for everything that happens to jobs\n"
	"  drain             have the broker take no more restores\n"
	"  status            how the broker is\n"
	"  config            its settings, and where each comes from\n"
	"  metrics           its figures, for a monitoring system\n"
	"\n"
	"Options of every command:\n"
	"      --socket PATH the broker's socket [" FDB_DEFAULT_SOCKET "]\n"
	"      --local       start a private broker, for this command only\n"
	"      --criu PATH   the criu that it runs\n"
	"      --json[=HOW]  results and errors as JSON: pretty (the default), short, off\n"
	"      --no-pager    not even for long output on a terminal ($FDBROKER_PAGER,\n"
	"                    $PAGER, less); --full: do not cut lines to its width;\n"
	"                    --no-legend: no header, no count; NO_COLOR is respected\n"
	"  -v, --verbose     tell more: what happens, and criu's last lines if it fails;\n"
	"                    -vv: what a private broker says too, -vvv: all of that\n"
	"  -h, --help        this; after a command: its options\n"
	"      --version\n"
	"\n"
	"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused: nothing has happened (or\n"
	"  no such job, or too late), 4 criu failed, 5 cancelled, interrupted, over the\n"
	"  deadline, or the broker died under it, 6 no broker. Where a task's status is\n"
	"  handed on (`restore --wait`, `wait --exit-status`): that, and 125 for 1, 3-6.\n";

static const char inspect[] =
	"Usage: fdbroker-ctl inspect -D DIR [OPTION]...\n"
	"Shows what is in a set of images: tasks, their descriptors, the open files\n"
	"behind them, what must come from outside. Reads the images itself, needs no\n"
	"broker.\n"
	"\n"
	"  -D, --images-dir DIR  the images\n"
	"  --task PID            only this task, and with whom it shares each open file\n"
	"  --brief               of a task only what differs from its parent\n"
	"  --needs               only what must come from outside of the tree; --json:\n"
	"                        a file to fill in, for --mappings\n"
	"  --dot                 a drawing: fdbroker-ctl inspect -D DIR --dot | dot -Tsvg\n"
	"  --json[=HOW]          all of it as JSON\n"
	"\n"
	"A line has the descriptor, how it is open (r, w, rw; p: O_PATH), a letter, the\n"
	"kind, the name, and what is notable. The same letter is the same open file:\n"
	"replace one of them (--map 17.4=NAME: task 17's descriptor 4) and all change.\n"
	"\n"
	"Exit code 3: the images are broken or over a limit. The JSON: docs/inspect.md.\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

#define MAPPING_OPTIONS                                                                            \
	"  -D, --images-dir DIR  the images\n"                                                     \
	"  --fd NAME=N           lend descriptor N of this command, as of 5>>FILE\n"               \
	"  --fd NAME=PATH[:MODE] open PATH as a shell does: r <, w >, a >>, rw <>.\n"              \
	"                        Without a mode: an existing file, to read and append\n"           \
	"  --map TARGET=NAME     put it in place of a target:\n"                                   \
	"       17.4               task 17's descriptor 4: that one open file, wherever\n"         \
	"       id:0xabc           the open file of that id\n"                                     \
	"       path:/var/log/x    every open file on that path\n"                                 \
	"       key:pipe:[4711]    all that criu's key hits; what is none of these is a\n"         \
	"                          key too: pipe:[4711], var/log/x, /memfd:X, tty[8800:5]\n"       \
	"  --inherit-fd fd[N]:KEY  --fd and --map in one, as criu spells it\n"                     \
	"  --at NAME=NUMBER      its number in criu's own table [the lowest free one]\n"           \
	"  --mappings FILE       more of them, in JSON; `inspect --needs --json` writes\n"         \
	"                        one to fill in (docs/inspect.md)\n"                               \
	"  --reopen NAME         a new open file on what is lent, with the flags and\n"            \
	"                        position of the images, not the lent open file itself\n"          \
	"  --at-own-risk CODE[,CODE]...  make warnings of these errors of the plan\n"

static const char plan[] =
	"Usage: fdbroker-ctl plan -D DIR [--fd NAME=WHAT --map TARGET=NAME]...\n"
	"Says what a restore with these mappings would do: which descriptors of which\n"
	"tasks change, how, and all that speaks against it. Reads the images itself:\n"
	"needs no broker, changes nothing, opens no PATH.\n"
	"\n" MAPPING_OPTIONS "  --json[=HOW]          the plan as JSON\n"
	"\n"
	"HOW: dup: tasks share the lent open file; reopen: they get new ones on the same\n"
	"file. SPLIT: these open files get a key of their own, in a private copy of the\n"
	"images.\n"
	"\n"
	"Exit codes: 0 there is no error; 3 refused: the errors say why, or\n"
	"  the images cannot be read. Others, and common options: fdbroker-ctl --help\n";

static const char restore[] =
	"Usage: fdbroker-ctl restore -D DIR [--fd NAME=WHAT --map TARGET=NAME]...\n"
	"Restores a process tree, with descriptors of yours in place of open files of it.\n"
	"Plans first, as `plan` does: what cannot work is refused before criu is started.\n"
	"\n" MAPPING_OPTIONS
	"  -W, --work-dir DIR    for criu's statistics, and its log: DIR/restore.log\n"
	"  --deadline SECONDS    then end criu and all it has made [as the broker says]\n"
	"  --carry-on            restore even if this command is interrupted\n"
	"  --detach, --no-wait   the same, and do not wait: prints the job's number\n"
	"  --wait                wait for the end of the restored tree; exit with the\n"
	"                        root task's status (128+N: signal N); 125 for failures\n"
	"^C cancels the restore, and waits until nothing of it is left; again: leaves.\n"
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

static const char list[] =
	"Usage: fdbroker-ctl list [OPTION]...\n"
	"Lists jobs: those under way, those whose tree runs, those that ended within the\n"
	"last hour. Who may not restore as root sees the own ones only.\n"
	"\n"
	"  --state STATE[,STATE]...  only these: accepted, planned, queued, starting,\n"
	"                        restoring, ending, running, ended\n"
	"  --user USER           only those of this user, a name or a number\n"
	"  --all                 also those that ended longer ago\n"
	"  --json[=HOW]          an array of jobs\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char show[] =
	"Usage: fdbroker-ctl show JOB\n"
	"Shows everything about one job: who and when, each state with its time, what the\n"
	"plan found, why it failed and what helps, what was done to be rid of it, criu's\n"
	"figures, how the restored task ended and what it used. Times of the history are\n"
	"counted from the acceptance.\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char wait[] =
	"Usage: fdbroker-ctl wait [--exit-status] JOB...\n"
	"Waits until each job has ended (its restore failed, or its root task is gone)\n"
	"and prints the status of its root task, a line each: the exit code, or 128 and\n"
	"the number of the signal; - where there is none. With -v it says so in words,\n"
	"too. A broker that is started anew meanwhile is found again.\n"
	"\n"
	"  --exit-status         for one JOB: print nothing, and exit with that status\n"
	"\n"
	"Exit code 0: the statuses are printed, whatever they are. 3, 4, 5: a restore has\n"
	"failed, as `restore` has it. 1: a task is gone, and how is not known.\n"
	"With --exit-status: the task's own; 125 for all of these.\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char cancel[] =
	"Usage: fdbroker-ctl cancel JOB...\n"
	"Ends restores that are under way, waits until nothing of them is left, and says\n"
	"what was done. A tree that is restored already is its own master: exit code 3.\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char log_text[] =
	"Usage: fdbroker-ctl log [-f] JOB\n"
	"Prints criu's log of a job, which the broker keeps for as long as it keeps the\n"
	"job; it needs no directory of the client's. What is no text is escaped on a\n"
	"terminal.\n"
	"\n"
	"  -f, --follow          go on until criu has ended; also for a job in the queue\n"
	"  --json[=HOW]          all of it as one text; with -f a text for each line\n"
	"\n"
	"Exit code 3: there is no such job, or criu was never started for it.\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char watch[] =
	"Usage: fdbroker-ctl watch [OPTION]... [JOB]\n"
	"Prints a line for everything that happens to jobs from now on, or to one of them\n"
	"until it has ended. What is indented is a stage of criu's. Who reads too slowly\n"
	"loses events, and is told how many.\n"
	"\n"
	"  --states              only new states, not criu's stages\n"
	"  --user USER           only jobs of this user, a name or a number\n"
	"  --json[=HOW]          one JSON text a line, always short\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char drain[] =
	"Usage: fdbroker-ctl drain [--wait | --off]\n"
	"Has the broker take no more restores (`restore` ends with 3); those that it has\n"
	"accepted go on, and restored trees are not touched. For who may restore as root.\n"
	"\n"
	"  --wait                until no restore is under way; 5: somebody said --off\n"
	"  --off                 take restores again\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char config[] =
	"Usage: fdbroker-ctl config [OPTION]... [KEY]\n"
	"Prints the settings that hold in the broker as a configuration file that sets them,\n"
	"and behind each where it comes from: FILE:LINE, an option of the broker's command\n"
	"line, or the default. With KEY only settings of that name. For who may restore as\n"
	"root.\n"
	"\n"
	"  --changed             only what is not the default\n"
	"  --json[=HOW]          a list of objects: section, key, value, origin, default\n"
	"\n"
	"criu-fdbroker --check-config looks at files before the broker reads them.\n"
	"Exit code 3: there is no setting KEY.\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

static const char metrics[] =
	"Usage: fdbroker-ctl metrics\n"
	"Prints figures of the broker as OpenMetrics text, which Prometheus and others read:\n"
	"restores by outcome, their times, queues, what is lent, what each user uses. What\n"
	"they mean, and which of them to alarm on: docs/operations.md. For who may restore as\n"
	"root.\n"
	"\n"
	"Common options and exit codes: fdbroker-ctl --help\n";

int help_show(const char *command)
{
	static const struct {
		const char *command;
		const char *text;
	} texts[] = { { "inspect", inspect }, { "plan", plan }, { "restore", restore },
		{ "check", check }, { "status", status }, { "list", list }, { "show", show },
		{ "wait", wait }, { "cancel", cancel }, { "log", log_text }, { "watch", watch },
		{ "drain", drain }, { "config", config }, { "metrics", metrics } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(texts[i].command, command) != 0)
			continue;
		fputs(texts[i].text, stdout);
		return CTL_DONE;
	}
	fputs(program, stdout);
	return CTL_DONE;
}

# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The harness of the end-to-end tests. tests/e2e/NN-topic.sh has functions named test_*, and is
#
#	. "$(dirname "$0")/lib.sh"
#	test_this_and_that() { ... }
#	e2e_main "$@"
#
# "NN-topic.sh list" prints the names of its tests; "NN-topic.sh run NAME" runs one, as root, in a world of
# its own: pid and mount namespaces, a tmpfs on /run and /tmp, a cgroup, an environment made from nothing,
# a deadline. Exit status 0 pass, 77 skip (the reason is the last line), else fail. Nothing stays
# behind, however a test ends; a test that leaves processes, mounts or cgroups for others to clean up fails.
#
# A test runs with set -e, in /tmp, and ends what it has started: stop_broker, end PID.
#
# Environment: FDB_BUILD the build folder (default build), TEST_TIMEOUT seconds for a test (default 120),
# CRIU a criu to use instead of the one that tests/rig/find-criu finds, ROUNDS how often to repeat what is
# repeated (the tests themselves say how often that is by default). What begins with FDB_ is there in a test, too.
set -uo pipefail

e2e_file=$(realpath "$0")
e2e_top=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
e2e_build=$(cd "$e2e_top" && realpath -m "${FDB_BUILD:-build}")
# The runner kills us by SIGKILL when its time is over: be earlier, and tidy.
e2e_limit_s=$((${TEST_TIMEOUT:-120} - 5))

BROKER=$e2e_build/criu-fdbroker
CTL=$e2e_build/fdbroker-ctl
TARGETS=$e2e_build/tests/targets
TOOLS=$e2e_build/tests/tools
SOCKET=/run/criu-fdbroker/fdbroker.sock
broker_options=()

# ---- saying how it went -----------------------------------------------------------------------

# Names the line of the test file that was at work.
fail() { # text
	local i line=

	for i in "${!BASH_SOURCE[@]}"; do
		[ "${BASH_SOURCE[i]}" = "${BASH_SOURCE[0]}" ] || { line=${BASH_LINENO[i - 1]} && break; }
	done
	echo "FAILED: ${line:+${e2e_file##*/}:$line: }$*" >&2
	trap - ERR
	exit 1
}

skip() { # reason
	echo "$*"
	exit 77
}

assert_eq() { # what got wanted
	[ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"
}

assert_match() { # what got extended-regex
	[[ $2 =~ $3 ]] || fail "$1 is '$2', which does not match '$3'"
}

# The command must end with just this status; its output, stderr too, is left in $output.
assert_status() { # status command...
	local status=0 wanted=$1

	shift
	output=$("$@" 2>&1) || status=$?
	[ $status = "$wanted" ] || fail "status $status, not $wanted, of: $* -- it said: $output"
}

# ---- waiting, always with a deadline ----------------------------------------------------------

# Until the command succeeds. What it prints is not shown.
wait_for() { # [-t seconds] command...
	local end seconds=10

	[ "$1" != -t ] || { seconds=$2 && shift 2; }
	end=$((${EPOCHREALTIME/./} + seconds * 1000000))
	until "$@" >/dev/null 2>&1; do
		[ ${EPOCHREALTIME/./} -lt $end ] || fail "waited $seconds s in vain for: $*"
		sleep 0.02
	done
}

gone() { # pid...
	local pid

	for pid in "$@"; do
		# A zombie is gone as well: its pid is the parent's business.
		[ ! -e "/proc/$pid" ] || [[ $(cat "/proc/$pid/stat") =~ \)\ [ZX]\  ]] || return 1
	done
}

has_lines() { # file count
	[ "$(wc -l <"$1")" -ge "$2" ]
}

# ---- looking at processes ---------------------------------------------------------------------

# One line for each descriptor: number, what it is.
fds_of() { # pid
	find "/proc/$1/fd" -type l -printf '%f %l\n' | sort -n
}

fd_is() { # pid fd: prints what it is
	readlink "/proc/$1/fd/$2"
}

# The process and all that descend from it.
tree_of() { # pid
	local child children

	echo "$1"
	read -r -d '' -a children < <(cat "/proc/$1/task/"*/children 2>/dev/null) || true
	for child in "${children[@]}"; do
		tree_of "$child"
	done
}

same_open_file() { # pid1 fd1 pid2 fd2
	"$TOOLS/kcmp-file" "$@"
}

# Who shares which open file in a process and all that descend from it: one line for each open file, as
# tools/kcmp-classes prints it. With --with only that of another process's descriptor.
classes_of() { # [--with pid2 fd2] pid
	local with=() tree

	[ "$1" != --with ] || { with=("${@:1:3}") && shift 3; }
	mapfile -t tree < <(tree_of "$1")
	"$TOOLS/kcmp-classes" "${with[@]}" "${tree[@]}"
}

# Every two descriptors of the tree share an open file just if they did before, and the one of descriptor fd
# is now the very one that another process has.
assert_replaced() { # classes-before pid.fd pid2 fd2
	assert_eq "who shares open files" "$(classes_of "${2%.*}")" "$1"
	assert_eq "who has what was lent for $2" "$(classes_of --with "$3" "$4" "${2%.*}")" \
		"$(grep -E "(^| )$2( |$)" <<<"$1")"
}

# Have a target read and write all that it holds; prints its report (targets/poke.h).
poke() { # pid report
	rm -f "$2"
	kill -USR1 "$1"
	wait_for test -e "$2"
	cat "$2"
}

assert_poke() { # pid report line...
	assert_eq "what the descriptors of $1 are worth" "$(poke "$1" "$2" | tr '\n' ';')" \
		"$(printf '%s;' "${@:3}")"
}

# Kill processes with all that descend from them, and wait until they are gone.
end() { # pid...
	local pid all=()

	for pid in "$@"; do
		mapfile -t -O ${#all[@]} all < <(tree_of "$pid")
	done
	kill -KILL "${all[@]}" 2>/dev/null || true
	wait_for gone "${all[@]}"
}

# ---- starting things --------------------------------------------------------------------------

close_from_3() {
	local fd

	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		# 255 is the shell's own, close-on-exec.
		[ "$fd" -le 2 ] || [ "$fd" = 255 ] || exec {fd}>&-
	done
}

# Before a command: its signals and environment as they are where nobody has prepared anything.
e2e_clean=(env -i --default-signal "PATH=$PATH" LANG=C)

# Start a target in a way that lets criu dump it: leader of a session, nothing open from outside but what -o
# says, on /dev/null otherwise, and an orphan, so that pid 1 reaps it and its pid is free after the dump.
# Sets $target to its pid when it is ready.
start_target() { # [-o descriptor for its output] name argument...
	local out=

	[ "$1" != -o ] || { out=$2 && shift 2; }
	(
		if [ "$out" ]; then exec >&"$out"; else exec >/dev/null; fi
		exec </dev/null 2>/tmp/target.err
		close_from_3
		exec 2>/dev/null
		"${e2e_clean[@]}" setsid "$TARGETS/$1" "${@:2}" &
		echo $! >/tmp/target.pid
	)
	target=$(</tmp/target.pid)
	rm -f /tmp/target.pid /tmp/target.err
	wait_for is_ready "$target"
}

is_ready() { # pid
	[ "$(cat "/proc/$1/comm")" = ready ]
}

# criu itself, with a deadline that it cannot ignore.
criu() { # argument...
	timeout -s KILL 30 env ${CRIU_FAULT:+"CRIU_FAULT=$CRIU_FAULT"} "$CRIU" "$@"
}

# Dump a process and wait until its pid is free.
dump() { # pid directory [argument for criu...]
	mkdir -p "$2"
	criu dump -t "$1" -D "$2" -o dump.log "${@:3}" 2>/tmp/dump.err || {
		grep -hs Error "$2/dump.log" /tmp/dump.err >&2
		fail "the dump of $1 failed"
	}
	wait_for test ! -e "/proc/$1"
}

# fdbroker-ctl, which finds the daemon where start_broker puts it.
ctl() { # argument...
	timeout -s KILL 60 "$CTL" "$@"
}

# Start the daemon, with the options in the array broker_options: $broker is its pid, $SOCKET its socket,
# /tmp/broker.log what it says.
start_broker() {
	mkdir -p "${SOCKET%/*}"
	(
		close_from_3
		exec "${e2e_clean[@]}" "$BROKER" --socket "$SOCKET" --criu "$CRIU" "${broker_options[@]}"
	) </dev/null >/tmp/broker.log 2>&1 &
	broker=$!
	wait_for broker_serves
	# Before the first client: what is open now stays open for good.
	broker_fds=$(fds_of "$broker")
}

# It says so when everything is set up. If it is gone there is nothing to wait for.
broker_serves() {
	gone "$broker" && fail "the daemon ended: $(tail -n 5 /tmp/broker.log)"
	grep -q ': serving' /tmp/broker.log
}

broker_as_before() {
	[ "$(fds_of "$broker")" = "$broker_fds" ]
}

# The daemon's descriptors must be those that it had at the start, to the number and the inode.
assert_broker_as_before() {
	local end=$((${EPOCHREALTIME/./} + 5000000))

	until broker_as_before; do
		if [ ${EPOCHREALTIME/./} -ge $end ]; then
			diff <(echo "$broker_fds") <(fds_of "$broker") >&2 || true
			fail "the daemon's descriptors are not those that it had at the start"
		fi
		sleep 0.02
	done
}

# What is left of criu: its name is that of a loader where find-criu has unpacked it.
criu_runs() {
	pgrep -f -- '--no-default-config' >/dev/null
}

no_criu_runs() {
	! criu_runs
}

# Have the daemon end, and end well.
stop_broker() {
	local status=0

	assert_broker_as_before
	kill -TERM "$broker"
	wait_for gone "$broker"
	wait "$broker" || status=$?
	[ $status = 0 ] || fail "the daemon's exit status is $status"
}

# ---- inside the world: pid 1 ------------------------------------------------------------------

# A build folder, a criu or the whole tree may lie in /tmp, which is about to be covered. They keep their
# paths.
e2e_cover_tmp() {
	local path name shown=0

	for path in "$e2e_top" "$e2e_build" "$CRIU"; do
		[[ $path != /tmp/* ]] || shown=1
	done
	if [ $shown = 1 ]; then
		mkdir /run/outer-tmp
		mount --rbind /tmp /run/outer-tmp
	fi
	mount -t tmpfs -o mode=1777 e2e /tmp
	for path in "$e2e_top" "$e2e_build" "$CRIU"; do
		[[ $path == /tmp/* ]] || continue
		name=${path#/tmp/}
		ln -sfn "/run/outer-tmp/${name%%/*}" "/tmp/${name%%/*}"
	done
}

# Processes but for this shell: sets $e2e_others. By builtins alone, for it would find its own helpers.
e2e_find_others() {
	local dir command

	e2e_others=
	for dir in /proc/[0-9]*; do
		{ [ "$dir" != /proc/1 ] && read -r command <"$dir/stat"; } 2>/dev/null || continue
		[[ $command =~ \)\ [ZX]\  ]] || e2e_others+="${command%%)*}) "
	done
	[ "$e2e_others" ]
}

# What the test has not ended by itself. A moment of grace, for what it has killed and not awaited.
e2e_left_behind() { # mounts as they were
	local i

	for ((i = 0; i < 50; i++)); do
		e2e_find_others || break
		sleep 0.02
	done
	[ -z "$e2e_others" ] || echo "FAILED: left behind: $e2e_others" >&2
	[ "$1" = "$(</proc/self/mountinfo)" ] || { echo "FAILED: a mount was left behind" >&2; return 1; }
	[ -z "$e2e_others" ]
}

e2e_show_logs() {
	local log

	for log in /tmp/broker.log /tmp/*/restore.log; do
		[ ! -s "$log" ] || { echo "--- $log"; tail -n 30 "$log"; }
	done >&2
}

# This shell is pid 1: it adopts orphans, and bash reaps every child that it has.
e2e_world() { # name
	local status mounts folder

	mount -t tmpfs -o mode=755 e2e /run
	# What the machine's own daemon is told is not for ours.
	for folder in /etc/criu-fdbroker /usr/lib/criu-fdbroker; do
		[ ! -d $folder ] || mount -t tmpfs -o mode=755 e2e $folder
	done
	e2e_cover_tmp
	cd /tmp || exit 1
	close_from_3
	mounts=$(</proc/self/mountinfo)
	(
		set -eE
		trap 'echo "FAILED: ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND (status $?)" >&2' ERR
		"$1"
	)
	status=$? # not by ||, which would switch set -e off inside
	if [ $status = 0 ]; then
		e2e_left_behind "$mounts" || status=1
	elif [ $status != 77 ]; then
		e2e_show_logs
	fi
	exit $status
}

# ---- outside ----------------------------------------------------------------------------------

# An empty cgroup below the one that we are in: $e2e_cgroup.
e2e_make_cgroup() {
	local root own old

	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ "$root" ] || fail "no cgroup v2 is mounted: mount -t cgroup2 cgroup2 DIRECTORY"
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	root=$root${own%/}
	# Of tests that were ended by SIGKILL: their processes went with them. One that has processes all
	# the same belongs to another pid namespace, and stays.
	for old in "$root"/fdbroker-e2e.*; do
		[ -d "$old" ] && [ ! -e "/proc/${old##*.}" ] || continue
		find "$old" -depth -type d -exec rmdir {} + 2>/dev/null
	done
	e2e_cgroup=$root/fdbroker-e2e.$$
	mkdir "$e2e_cgroup" || fail "cannot make a cgroup"
}

e2e_cgroup_empty() { # cgroup
	grep -qx 'populated 0' "$1/cgroup.events"
}

# Ends what is in it and removes it. Status 1 if there were cgroups in it.
e2e_remove_cgroup() { # cgroup
	local below

	[ -d "$1" ] || return 0
	echo 1 >"$1/cgroup.kill"
	(wait_for e2e_cgroup_empty "$1") || return 1
	below=$(find "$1" -mindepth 1 -type d)
	find "$1" -depth -type d -exec rmdir {} +
	[ -z "$below" ] || { echo "cgroups left behind: $below" >&2; return 1; }
}

# Everything that is started for the test dies with this shell: the kernel sees to it (PDEATHSIG, pid
# namespace).
e2e_run() { # name
	local status=0 fault pid own

	[ "$(id -u)" = 0 ] || fail "root is needed"
	declare -F "$1" >/dev/null || fail "no test $1 in $e2e_file"
	export FDB_BUILD=$e2e_build
	[ "${e2e_fit:-}" = 1 ] || exec env e2e_fit=1 "$e2e_top/tests/rig/fit" bash "$e2e_file" run "$1"
	unset e2e_fit
	CRIU=$("$e2e_top/tests/rig/find-criu") || skip "no criu that restores here"
	fault=$("$e2e_top/tests/rig/criu-env") || fail "cannot find out whether hardware breakpoints fire"
	mapfile -t own < <(env | grep '^FDB_' || true)
	e2e_make_cgroup
	trap 'e2e_remove_cgroup "$e2e_cgroup"' EXIT
	trap 'exit 1' INT TERM HUP
	(
		echo "$BASHPID" >"$e2e_cgroup/cgroup.procs" &&
			exec setpriv --pdeathsig KILL timeout -s KILL "$e2e_limit_s" setpriv --pdeathsig KILL \
				unshare -m -p -f --kill-child --mount-proc --propagation private \
				env -i --default-signal HOME=/root LANG=C.UTF-8 \
				PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
				"${own[@]}" CRIU="$CRIU" ${fault:+"$fault"} ${ROUNDS:+"ROUNDS=$ROUNDS"} \
				bash "$e2e_file" world "$1"
	) </dev/null &
	pid=$!
	{ wait $pid || status=$?; } 2>/dev/null
	[ $status != 137 ] || echo "FAILED: killed, after $e2e_limit_s s or by somebody" >&2
	if ! e2e_remove_cgroup "$e2e_cgroup" && [ $status = 0 ]; then
		status=1
	fi
	exit $status
}

e2e_main() { # arguments of the test file
	case ${1:-} in
	list) compgen -A function test_ ;;
	run) e2e_run "${2:?name of a test}" ;;
	world) e2e_world "$2" ;;
	*)
		echo "usage: ${0##*/} list | run NAME" >&2
		exit 2
		;;
	esac
}

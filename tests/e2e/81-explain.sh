#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Real criu made to fail, and what its log is made into: the very text of docs/errors.md, but for numbers and
# the names of programs. criu is run as it is, and its log explained by the library of the daemon; what is met
# most also through the broker.
. "$(dirname "$0")/lib.sh"

page=$e2e_top/docs/errors.md
criu_limit_s=20
criu_as=()

# What stands between the fences after a heading; with "plan" what the plan says.
examples() { # reason
	awk -v heading="## $1" -v fence="$([ "$1" = plan ] && echo '```plan' || echo '```')" '
		$0 == heading || heading == "## plan" { here = 1 }
		here && inside && /^```/ { exit }
		inside { print }
		here && $0 == fence { inside = 1 }' "$page"
}

plain() {
	sed -E 's/\b[0-9a-f]*[0-9][0-9a-f]*\b/N/g; s/(task N) \([^)]*\)/\1 (PROGRAM)/g'
}

assert_on_page() { # reason text
	plain <<<"$2" | grep -qxFf <(examples "$1" | plain) ||
		fail "docs/errors.md does not say under '$1': $2"
}

# A restore by criu alone must fail, or, with "hang" before its arguments, must not come to an end.
fails() { # [hang] argument...
	local status=0 wanted=1

	[ "${1:-}" != hang ] || { wanted=137 && criu_limit_s=3 && shift; }
	rm -f restore.log
	"${criu_as[@]}" timeout -s KILL "$criu_limit_s" "$CRIU" restore -d --no-default-config -D images -W /tmp \
		-o restore.log -v4 "$@" >said 2>&1 || status=$?
	assert_eq "criu's exit status" $status $wanted
	# Before it has a log it speaks to its standard error.
	[ -s restore.log ] || mv said restore.log
}

# And this is why.
explained() { # reason [TARGET=LENT]...
	local images=images

	"$TOOLS/explain-log" images restore.log "${@:2}" >why 2>/dev/null || images=-
	"$TOOLS/explain-log" $images restore.log "${@:2}" >why
	assert_eq "the reason" "$(sed -n 1p why)" "$1"
	assert_on_page "$1" "$(sed -n 2p why)"
	assert_eq "the hint" "hint: $(sed -n 3p why)" "$(examples "$1" | grep '^hint: ')"
}

# The same restore by the broker says so too, in words and in JSON. What is lent is named in the arguments.
told_by_broker() { # ctl's-status reason argument...
	start_broker
	assert_status "$1" ctl restore -D images "${@:3}"
	assert_on_page "$2" "$(sed -nE 's/^fdbroker-ctl restore: (criu|.*; its log says): //p' <<<"$output")"
	assert_eq "the hint" "$(grep '^hint: ' <<<"$output")" "$(examples "$2" | grep '^hint: ')"
	assert_status "$1" ctl restore --json=short -D images "${@:3}"
	assert_match "the error" "$output" "\"reason\":\"$2\""
	stop_broker
}

# What a criu that was killed has left.
end_what_hangs() {
	local pid

	for pid in /proc/[0-9]*; do
		pid=${pid#/proc/}
		[ "$pid" = 1 ] || [ "$pid" = "$BASHPID" ] || kill -KILL "$pid" 2>/dev/null || true
	done
}

without() { # capability...
	local list

	list=$(printf ',-%s' "$@")
	criu_as=(setpriv --bounding-set "${list#,}" --inh-caps "${list#,}")
}

# ---- the seven that are met most ----------------------------------------------------------------

test_1_a_file_has_grown() {
	echo before >data
	start_target fdholder r:/tmp/data dup:3 child:3
	dump "$target" images
	echo "not as before" >data
	fails
	explained size-changed
	told_by_broker 4 size-changed
}

test_2_a_file_is_missing() {
	mkdir d
	start_target fdholder rw:/tmp/d/data
	dump "$target" images
	rm d/data
	fails
	explained file-missing
	told_by_broker 4 file-missing
}

test_3_a_pid_is_taken() {
	start_target fdholder
	dump "$target" images
	echo $((target - 1)) >/proc/sys/kernel/ns_last_pid
	sleep 60 &
	assert_eq "the pid" $! "$target"
	fails
	explained pid-taken
	kill $!
	wait $! || true
}

# A program that was started from a shell. Sets $target and $holder, which has the master.
start_on_a_terminal() {
	local slave

	mkdir k
	start_target kinds pty /tmp/k
	holder=$target
	slave=$(fd_is "$holder" 4)
	# shellcheck disable=SC2016 # for the inner shell
	(
		close_from_3
		"${e2e_clean[@]}" setsid bash -c 'exec "$1" <>"$2" >&0 2>&0' bash "$TARGETS/fdholder" "$slave" &
		echo $! >target.pid
	)
	target=$(<target.pid)
	wait_for is_ready "$target"
}

test_4_no_terminal() {
	start_on_a_terminal
	dump "$target" images --shell-job
	fails
	explained tty-outside
	fails --shell-job
	explained no-tty
	told_by_broker 4 tty-outside
	told_by_broker 4 no-tty --shell-job
	end "$holder"
}

test_5_a_unix_socket_leads_out_of_the_tree() {
	local server

	mkdir k servers
	start_target kinds listening /tmp/servers
	server=$target
	ln -s /tmp/servers/socket k/stream
	start_target kinds client /tmp/k
	dump "$target" images --ext-unix-sk
	fails
	explained peer-missing
	told_by_broker 4 peer-missing
	end "$server"
}

test_6_a_socket_lent_for_a_pipe() {
	local key lender

	start_target kinds stream /tmp
	lender=$target
	start_target fdholder pipe
	key=$(fd_is "$target" 3)
	dump "$target" images
	criu_as=("$TOOLS/borrow" "10=$lender.3")
	fails --inherit-fd "fd[10]:$key"
	explained lent-unfit
	end "$lender"
}

# The plan says it before criu is started: through the broker.
test_7_what_the_plan_refuses() {
	local key

	start_target fdholder w:/tmp/log pipe
	key=$(fd_is "$target" 4)
	dump "$target" images
	start_broker
	exec 10<>log
	exec 11<log
	refused --fd a=10 --map "pipe${key#pipe:}=a"
	refused --fd log=11 --map "$target.3=log"
	ctl restore -D images
	refused
	end "$target"
	stop_broker
}

refused() { # argument...
	assert_status 3 ctl restore -D images "$@"
	# Of several problems each has a line of its own.
	assert_on_page plan "$(sed -nE 's/^fdbroker-ctl restore: //p; s/^error: //p' <<<"$output")"
}

# ---- files --------------------------------------------------------------------------------------

test_mode_and_kind_changed() {
	echo x >data
	start_target fdholder rw:/tmp/data
	dump "$target" images
	chmod 600 data
	fails
	explained mode-changed
	rm data
	mkdir data
	chmod 644 data
	fails
	explained kind-changed
}

test_a_program_has_changed() {
	local at

	cp "$TARGETS/fdholder" fdholder
	cp fdholder old
	TARGETS=/tmp
	start_target fdholder
	dump "$target" images
	echo >>fdholder
	fails
	explained program-changed
	# The build id, somewhere in its note: the same size, another build.
	cp old fdholder
	at=$(grep -obUaP '\x03\x00\x00\x00GNU\x00' fdholder | head -n 1 | cut -d: -f1)
	printf '\x00\x01\x02\x03' | dd of=fdholder bs=1 seek=$((at + 10)) conv=notrunc status=none
	fails
	explained program-changed
	rm fdholder
	fails
	explained program-missing
}

test_a_working_directory_is_missing() {
	mkdir k
	cd k
	start_target fdholder
	cd ..
	dump "$target" images
	rmdir k
	fails
	explained file-missing
}

test_no_permission() {
	mkdir d
	start_target fdholder rw:/tmp/d/data
	dump "$target" images
	chown 65534 d/data
	without dac_override dac_read_search
	fails
	explained permission
}

test_a_file_system_that_is_read_only_or_full() {
	mkdir k
	mount -t tmpfs -o size=64k e2e k
	start_target kinds ghost /tmp/k
	dump "$target" images
	dd if=/dev/zero of=k/fill bs=4k count=100 status=none 2>/dev/null || true
	fails
	explained no-space
	mount -o remount,ro k
	fails
	explained read-only
	umount k
}

test_link_remap_files_are_used_up() {
	mkdir k
	start_target kinds linked /tmp/k
	dump "$target" images --link-remap
	rm k/link_remap.*
	fails
	explained link-remap-gone
}

test_a_device_without_a_driver() {
	mkdir k
	mknod k/zero c 1 5
	start_target fdholder r:/tmp/k/zero
	dump "$target" images
	rm k/zero
	mknod k/zero c 6 200
	fails
	explained no-device
}

# ---- from outside -------------------------------------------------------------------------------

# Sets $key: that of a file which the images have as one from outside.
dump_external_file() {
	local mount inode

	mkdir d
	mount -t tmpfs e2e d
	echo b >d/data
	start_target fdholder rw:/tmp/d/data
	mount=$(awk '$5 == "/tmp/d" { print $1 }' /proc/self/mountinfo)
	inode=$(stat -c %i d/data)
	key=$(printf 'file[%x:%x]' "$mount" "$inode")
	dump "$target" images --external "$key"
}

test_an_external_file() {
	dump_external_file
	fails
	explained external-missing
	echo long >other
	exec 10<>other
	fails --inherit-fd "fd[10]:$key"
	explained lent-unfit "$target.3=data"
	umount d
}

test_an_external_terminal() {
	local dev rdev external holder

	mkdir k holder
	start_target kinds pty /tmp/holder
	holder=$target
	ln -s "$(fd_is "$holder" 4)" k/tty
	start_target kinds tty /tmp/k
	read -r dev rdev < <(stat -L -c '%d %r' k/tty)
	external=$(printf 'tty[%x:%x]' "$rdev" "$dev")
	dump "$target" images --external "$external"
	fails
	explained tty-outside
	exec 10<>/dev/null
	fails --inherit-fd "fd[10]:$external"
	explained not-a-tty "$target.3=screen"
	end "$holder"
}

test_the_number_of_a_pseudoterminal() {
	local i holders=()

	mkdir k
	start_target kinds pty /tmp/k
	dump "$target" images
	for i in 1 2 3; do
		mkdir "other$i"
		echo $((target + 20 * i)) >/proc/sys/kernel/ns_last_pid
		start_target_other "$i"
	done
	fails
	explained pty-taken
	end "${holders[@]}"
}

# One whose pids are not those of the images.
start_target_other() { # number
	local dumped=$target

	start_target kinds pty "/tmp/other$1"
	holders+=("$target")
	target=$dumped
}

test_a_mount_namespace() {
	mkdir root empty
	start_target jail /tmp/root
	dump "$target" images
	fails
	explained root-needed
	fails --root /tmp/nosuch
	explained mount
	fails --root /tmp/empty
	explained mount
}

# ---- images, limits, privileges -----------------------------------------------------------------

test_damaged_images() {
	start_target fdholder
	dump "$target" images
	cp -r images whole
	rm images/core-*.img
	fails
	explained images-damaged
	cp whole/core-* images
	rm images/pages-1.img
	fails
	explained images-damaged
	cp whole/pages-1.img images
	rm images/mm-*.img
	fails
	explained crashed
	cp whole/mm-* images
	# The first field of the first record, img_version.
	printf '\x09' | dd of=images/inventory.img bs=1 seek=9 conv=notrunc status=none
	fails
	explained images-version
	cp whole/inventory.img images
	# And of the core: mtype.
	printf '\x03' | dd of=images/core-"$target".img bs=1 seek=13 conv=notrunc status=none
	fails
	explained images-architecture
}

test_missing_capabilities() {
	start_target fdholder
	dump "$target" images
	without sys_admin checkpoint_restore
	fails
	explained capability
	without net_admin
	fails
	explained capability
	without setuid setgid setpcap
	fails
	explained capability
}

test_too_few_descriptors() {
	start_target fdholder logs:40:/tmp/log
	dump "$target" images
	without sys_resource
	criu_as+=(prlimit --nofile=20:20)
	fails
	explained no-descriptors
}

test_a_script_says_no() {
	start_target fdholder
	dump "$target" images
	fails --action-script /bin/false
	explained refused
}

# ---- what hangs ---------------------------------------------------------------------------------

test_half_a_pair() {
	local key

	mkdir k
	start_target kinds stream /tmp/k
	key=$(fd_is "$target" 3)
	dump "$target" images
	exec 10<>/dev/null
	fails hang --inherit-fd "fd[10]:$key"
	explained descriptor-waits
	end_what_hangs
}

test_a_fifo_that_nobody_has_open() {
	local key

	start_target fdholder pipe
	key=$(fd_is "$target" 3)
	dump "$target" images
	mkfifo silent
	exec 7<>silent 10</proc/self/fd/7 7>&-
	fails hang --inherit-fd "fd[10]:$key"
	explained open-waits "$target.3=out"
	end_what_hangs
	told_by_broker 5 open-waits --fd out=10 --map "$key=out" --deadline 1
}

# A machine on which nothing comes of setting a breakpoint.
test_breakpoints_that_do_not_fire() {
	start_target fdholder
	dump "$target" images
	cat >shim.c <<-'C'
		#include <stdarg.h>
		#include <sys/syscall.h>
		#include <sys/ptrace.h>
		#include <unistd.h>
		long ptrace(enum __ptrace_request request, ...)
		{
			va_list args;
			va_start(args, request);
			long pid = va_arg(args, long), at = va_arg(args, long), data = va_arg(args, long);
			va_end(args);
			return request == PTRACE_POKEUSER ? 0 : syscall(SYS_ptrace, request, pid, at, data);
		}
	C
	gcc -shared -fPIC -D_GNU_SOURCE -o shim.so shim.c
	criu_as=(env -u CRIU_FAULT LD_PRELOAD=/tmp/shim.so)
	fails hang
	explained breakpoints
	end_what_hangs
}

e2e_main "$@"

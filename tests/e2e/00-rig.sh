#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The rig itself, without the daemon: what the other tests stand on. If these fail, look here first.
. "$(dirname "$0")/lib.sh"

# The log's descriptor becomes the very open file lent, the pipe the lent pipe, and the program goes on.
test_plain_criu_restores_with_lent_descriptors() {
	local pipe before

	exec {out}> >(exec cat >/dev/null)
	start_target -o "$out" writer /tmp/old.log
	pipe=$(fd_is "$target" 1)
	assert_match "the writer's output" "$pipe" '^pipe:'
	dump "$target" images
	exec {out}>&-
	before=$(wc -l <old.log)

	exec {log}>>new.log {out}> >(exec cat >arrived)
	criu restore -d -D images -o restore.log \
		--inherit-fd "fd[$log]:tmp/old.log" --inherit-fd "fd[$out]:$pipe"
	wait_for has_lines new.log 3
	wait_for has_lines arrived 3
	same_open_file "$target" 3 "$BASHPID" "$log"
	assert_eq "the writer's output" "$(fd_is "$target" 1)" "$(fd_is "$BASHPID" "$out")"
	assert_eq "the first line after the restore" "$(head -n 1 new.log)" "line $((before + 1))"
	assert_eq "the old log's length" "$(wc -l <old.log)" "$before"
	end "$target"
	exec {out}>&-
}

test_a_target_has_nothing_open_from_outside() {
	exec 3<>/tmp/one 7<>/tmp/two
	start_target fdholder a:/tmp/held pipe
	assert_match "descriptors" "$(fds_of "$target" | tr '\n' ' ')" \
		'^0 /dev/null 1 /dev/null 2 /dev/null 3 /tmp/held 4 pipe:\[[0-9]+\] 5 pipe:\[[0-9]+\] $'
	assert_eq "session" "$(ps -o sid= -p "$target" | tr -d ' ')" "$target"
	end "$target"
}

test_kcmp_tells_open_files_apart() {
	exec 5>>/tmp/one 6>>/tmp/one 7>&5
	same_open_file "$BASHPID" 5 "$BASHPID" 7
	assert_status 1 same_open_file "$BASHPID" 5 "$BASHPID" 6
	assert_status 2 same_open_file "$BASHPID" 5 "$BASHPID" 77
}

test_orphans_are_reaped() {
	local orphan

	orphan=$(setsid sh -c 'sleep 0.1 >/dev/null & echo $!')
	wait_for test ! -e "/proc/$orphan"
}

# Every kind of ending leaves nothing behind: tests of this harness by itself, from inside a world.
test_a_forgotten_process_fails_the_test() {
	assert_harness 1 "left behind" 'test_it() { sleep 1000 & }'
}

test_a_failed_command_fails_the_test() {
	assert_harness 1 "false" 'test_it() { sleep 1000 & false; true; }'
}

test_a_hanging_test_is_killed() {
	TEST_TIMEOUT=7 assert_harness 137 "killed" 'test_it() { setsid sleep 1000 & sleep 1000; }'
}

test_a_forgotten_cgroup_fails_the_test() {
	local root

	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	assert_harness 1 "cgroups left behind" \
		"test_it() { mkdir $root\$(sed -n 's/^0:://p' /proc/self/cgroup)/sub; }"
}

test_a_forgotten_mount_fails_the_test() {
	assert_harness 1 "a mount was left" 'test_it() { mkdir m; mount -t tmpfs left m; }'
}

test_a_skip_gives_its_reason() {
	assert_harness 77 "not today" 'test_it() { skip "not today"; }'
}

test_a_killed_harness_takes_everything_along() {
	local harness

	write_harness 'test_it() { setsid sleep 1000 & sleep 1000; }'
	FDB_BUILD=$e2e_build bash inner.sh run test_it &
	harness=$!
	wait_for finds_sleeps 2
	kill -KILL $harness
	wait_for finds_sleeps 0
	# Only its empty cgroup is left, and the next one removes that.
	assert_harness 0 "" 'test_it() { true; }'
}

finds_sleeps() { # how many
	[ "$(pgrep -c -x sleep || true)" = "$1" ]
}

write_harness() { # text of the test
	printf '. "%s/tests/e2e/lib.sh"\n%s\ne2e_main "$@"\n' "$e2e_top" "$1" >inner.sh
}

assert_harness() { # status text-that-it-says text-of-the-test
	write_harness "$3"
	assert_status "$1" env FDB_BUILD="$e2e_build" TEST_TIMEOUT="${TEST_TIMEOUT:-120}" \
		bash inner.sh run test_it
	assert_match "what it said" "$output" "$2"
	wait_for finds_sleeps 0
}

e2e_main "$@"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Trees with a root and a mount namespace of their own (targets/jail.c): some of the images are opened by
# tasks that are inside already.
. "$(dirname "$0")/lib.sh"

dump_jail() {
	mkdir root
	start_target jail /tmp/root
	before=$(classes_of "$target")
	dump "$target" images
	start_broker
	echo lent >new.log
	exec {log}<>new.log
}

finish() {
	assert_eq "who has the lent log" "$(classes_of --with "$BASHPID" "$log" "$target")" \
		"$(classes_of "$target" | grep "^$target.3 ")"
	assert_eq "the other log" "$(fd_is "$target" 4)" /log
	assert_eq "its tmpfs" "$(fd_is "$target" 5)" /run/state
	assert_eq "its root" "$(stat -L -c %i "/proc/$target/root/log")" "$(stat -c %i root/log)"
	assert_poke "$target" root/report "3 read=lent. wrote=8" "4 read=end wrote=8" "5 read=end wrote=8"
	assert_eq "the lent log" "$(<new.log)" "lent"$'\n'"fd 0003"
	assert_eq "the other log" "$(<root/log)" "fd 0004"
	end "$target"
	exec {log}>&-
	stop_broker
}

test_one_of_two_openings() {
	dump_jail
	ctl restore -D images --root /tmp/root --fd log="$log" --map "$target.3=log"
	assert_replaced "$before" "$target.3" "$BASHPID" "$log"
	finish
}

# A file of its own tmpfs, which criu brings back all the same.
test_a_file_on_its_own_mount() {
	dump_jail
	ctl restore -D images --root /tmp/root --fd log="$log" --map "$target.5=log"
	assert_replaced "$before" "$target.5" "$BASHPID" "$log"
	assert_eq "the log" "$(fd_is "$target" 3)" /log
	[ -e "/proc/$target/root/run/state" ] || fail "its tmpfs is empty"
	end "$target"
	exec {log}>&-
	stop_broker
}

# With a pid namespace of its own, too: tasks are named by the pids that they have there.
test_a_pid_namespace() {
	local init inside

	mkdir root
	start_target jail --pids /tmp/root
	init=$(tree_of "$target" | sed -n 2p)
	wait_for is_ready "$init"
	dump "$init" images
	wait_for gone "$target"
	start_broker
	echo lent >new.log
	exec {log}<>new.log
	ctl restore -D images --root /tmp/root --fd log="$log" --map 1.3=log --json=short >said
	target=$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' said)
	inside=$(awk '/^NSpid/ { print $NF }' "/proc/$target/status")
	assert_eq "its pid inside" "$inside" 1
	finish
}

e2e_main "$@"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many descriptors, many restores, several at a time.
. "$(dirname "$0")/lib.sh"

test_4000_lent_descriptors_in_one_restore() {
	local n=4000 i arguments=()

	mkdir old new
	start_target fdholder "logs:$n:/tmp/old/"
	dump "$target" images
	start_broker
	for ((i = 0; i < n; i++)); do
		arguments+=(--fd "l$i=new/$i:a" --map "tmp/old/$i=l$i")
	done
	ctl restore -D images "${arguments[@]}" >said
	# Descriptor I+3 is log I, each and every one.
	assert_eq "descriptors that are not the lent ones" "$(fds_of "$target" |
		awk '$1 > 2 && $2 != "/tmp/new/" $1 - 3')" ""
	assert_eq "descriptors" "$(fds_of "$target" | wc -l)" $((n + 3))
	end "$target"
	stop_broker
}

# Two writers dumped; restored at one time, over and over, each must get its own log.
test_two_sessions_at_the_same_time() {
	local i round a b first second

	mkdir a b
	for i in a b; do
		start_target fdholder a:/tmp/$i/old
		dump "$target" $i/images
		[ $i = a ] && first=$target || second=$target
	done
	start_broker
	for round in 1 2 3 4 5; do
		exec {a}>>a/new {b}>>b/new
		ctl restore -D a/images --fd log=$a --map tmp/a/old=log >a/said &
		ctl restore -D b/images --fd log=$b --map tmp/b/old=log >b/said
		wait $!
		same_open_file "$first" 3 "$BASHPID" $a || fail "round $round: a"
		same_open_file "$second" 3 "$BASHPID" $b || fail "round $round: b"
		end "$first" "$second"
		wait_for test ! -e "/proc/$first" -a ! -e "/proc/$second"
		exec {a}>&- {b}>&-
	done
	stop_broker
}

# A restore that fails beside one that works.
test_a_failure_does_not_disturb_the_other_session() {
	start_target fdholder a:/tmp/old
	dump "$target" images
	mkdir empty
	start_broker
	assert_status 3 ctl restore -D empty &
	exec 10>>new
	ctl restore -D images --fd log=10 --map tmp/old=log
	wait $!
	same_open_file "$target" 3 "$BASHPID" 10
	end "$target"
	stop_broker
}

test_200_restores_leave_the_daemon_as_it_was() {
	local i

	start_target fdholder a:/tmp/old
	dump "$target" images
	start_broker
	exec 10>>new
	for ((i = 0; i < 200; i++)); do
		ctl restore -D images --fd log=10 --map tmp/old=log >said 2>&1 ||
			fail "restore $i: $(cat said)"
		end "$target"
		wait_for test ! -e "/proc/$target"
	done
	assert_match "the status" "$(ctl status)" 200
	stop_broker
}

e2e_main "$@"

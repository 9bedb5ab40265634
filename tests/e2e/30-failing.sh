#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Restores that cannot work, and some that are stopped: a clear reason, nothing left, nobody disturbed.
. "$(dirname "$0")/lib.sh"

# A restore must end with this exit status of ctl and this error.
assert_refused() { # status code regex-for-the-text argument...
	assert_status "$1" ctl restore --json=short "${@:4}"
	assert_match "the error" "$output" "\"code\":\"$2\""
	assert_match "the error" "$output" "$3"
}

# Images of which a restore never ends: criu opens what is lent for the pipe again, and that is a FIFO that
# nobody writes to. Sets $target, $key, and descriptor 10.
dump_what_hangs() {
	start_target fdholder pipe
	key=$(fd_is "$target" 3)
	dump "$target" images
	mkfifo silent
	exec 7<>silent 10</proc/self/fd/7 7>&-
}

test_images_that_are_none() {
	start_broker
	: >file
	mkfifo fifo
	mkdir empty garbage
	head -c 100 /dev/urandom >garbage/inventory.img
	assert_refused 3 LOCAL "missing" -D missing
	assert_refused 3 LOCAL "file" -D file
	assert_refused 3 LOCAL "fifo" -D fifo
	assert_refused 3 BAD_IMAGES "inventory.img" -D empty
	assert_refused 3 BAD_IMAGES "inventory.img: has the magic" -D garbage
	stop_broker
}

# Nobody but root may ask for a restore, not even with images of root's; and what a user may not read cannot
# be lent.
test_a_user_is_refused() {
	local as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)

	start_target fdholder
	dump "$target" images
	chmod 755 images
	start_broker
	assert_status 6 "${as_nobody[@]}" "$CTL" restore -D images
	chmod 666 "$SOCKET"
	assert_status 3 "${as_nobody[@]}" "$CTL" restore -D images
	assert_match "the error" "$output" "65534"
	chmod 700 images
	assert_status 3 "${as_nobody[@]}" "$CTL" restore -D images
	assert_match "the error" "$output" "denied"
	[ ! -e "/proc/$target" ] || fail "it was restored all the same"
	stop_broker
}

test_a_forbidden_option_runs_nothing() {
	start_target fdholder
	dump "$target" images
	start_broker
	assert_refused 3 FORBIDDEN_OPTION '"field":"criu_opts.exec_cmd"' -D images \
		--criu-opt exec_cmd=touch --criu-opt exec_cmd=/tmp/ran
	if [ -e ran ] || [ -e "/proc/$target" ]; then fail "something has run"; fi
	stop_broker
}

test_a_pid_that_is_taken() {
	start_target fdholder a:/tmp/log
	dump "$target" images
	start_broker
	ctl restore -D images
	assert_refused 3 REFUSED "pid $target of the tree is taken: it is a process named ready" -D images
	assert_eq "the first one" "$(cat "/proc/$target/comm")" ready
	end "$target"
	stop_broker
}

test_a_file_that_has_changed() {
	echo before >data
	start_target fdholder r:/tmp/data
	dump "$target" images
	echo "not as before" >data
	start_broker
	assert_refused 4 CRIU_FAILED "/tmp/data is 14 bytes long now, and 7 bytes in the images" -D images
	wait_for test ! -e "/proc/$target"
	wait_for no_criu_runs
	# And with another file in its place it is none of criu's business.
	ctl restore -D images --fd data=data:r --map tmp/data=data
	end "$target"
	stop_broker
}

# The whole log of a restore that failed can be had as ctl says.
test_the_log_of_a_failure_is_kept() {
	local how

	echo before >data
	start_target fdholder r:/tmp/data
	dump "$target" images
	echo "not as before" >data
	start_broker
	assert_status 4 ctl restore -D images
	how=$(sed -n "s/^criu's whole log: fdbroker-ctl //p" <<<"$output")
	assert_eq "how to see the log" "$how" "log 1"
	ctl log 1 | grep -q "Restoring FAILED"
	stop_broker
	# A private broker keeps nothing: there it is a file.
	assert_status 4 ctl restore -D images --local --criu "$CRIU"
	how=$(sed -n "s/^criu's whole log: //p" <<<"$output")
	grep -q "Restoring FAILED" "$how"
}

test_the_deadline_ends_a_criu_that_hangs() {
	local start=$SECONDS

	dump_what_hangs
	start_broker
	assert_refused 5 DEADLINE "deadline" -D images --fd one=10 --map "$key=one" --deadline 1
	[ $((SECONDS - start)) -lt 8 ] || fail "it took $((SECONDS - start)) s"
	assert_eq "criu, when the result is told" "$(criu_runs && echo runs || echo gone)" gone
	[ ! -e "/proc/$target" ] || fail "a half-restored task is left"
	stop_broker
}

test_a_client_that_is_killed_cancels() {
	dump_what_hangs
	start_broker
	"$CTL" restore -D images --fd one=10 --map "$key=one" &
	wait_for criu_runs
	wait_for test -e "/proc/$target"
	kill -KILL $!
	wait_for no_criu_runs
	wait_for test ! -e "/proc/$target"
	stop_broker
}

test_an_interrupted_client_cancels_and_says_so() {
	local status=0

	dump_what_hangs
	start_broker
	"${e2e_clean[@]}" "$CTL" restore -D images --fd one=10 --map "$key=one" >said 2>&1 &
	wait_for test -e "/proc/$target"
	kill -INT $!
	wait $! || status=$?
	assert_eq "its exit status" $status 5
	wait_for no_criu_runs
	wait_for test ! -e "/proc/$target"
	stop_broker
}

test_a_daemon_that_is_told_to_stop_cancels() {
	local status=0

	dump_what_hangs
	start_broker
	"$CTL" restore -D images --fd one=10 --map "$key=one" >said 2>&1 &
	wait_for test -e "/proc/$target"
	kill -TERM "$broker"
	wait $! || status=$?
	assert_eq "ctl's exit status" $status 5
	wait_for gone "$broker"
	wait "$broker"
	no_criu_runs
	[ ! -e "/proc/$target" ]
}

# One that hangs beside one that works.
test_a_hanging_restore_does_not_disturb_the_other_session() {
	local hanging

	dump_what_hangs
	hanging=$target
	start_target fdholder a:/tmp/old
	dump "$target" others
	start_broker
	exec 11>>new
	"$CTL" restore -D images --fd one=10 --map "$key=one" --deadline 2 >said 2>&1 &
	wait_for test -e "/proc/$hanging"
	ctl restore -D others --fd log=11 --map tmp/old=log
	same_open_file "$target" 3 "$BASHPID" 11
	wait $! && fail "what hangs has succeeded"
	[ ! -e "/proc/$hanging" ]
	same_open_file "$target" 3 "$BASHPID" 11
	end "$target"
	stop_broker
}

e2e_main "$@"

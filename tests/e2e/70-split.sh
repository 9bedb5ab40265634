#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Plans and splits on a real criu, without the daemon: each kind of open file that the target zoo holds.
# tests/e2e/tools/plan-restore.c compares all descriptors of all tasks by kcmp.
. "$(dirname "$0")/lib.sh"

zoo() {
	mkdir w
	start_target zoo /tmp/w
	read -r root forked sharing zombie <w/ready
	assert_eq "the zoo's pid" "$root" "$target"
	dump "$root" images --file-locks
}

plan_restore() { # mapping...
	rm -rf again
	cp -a images again
	"$TOOLS/plan-restore" again "$@" -- \
		timeout -s KILL 30 env ${CRIU_FAULT:+"CRIU_FAULT=$CRIU_FAULT"} "$CRIU"
}

# Each argument is the mappings of one restore.
each() { # 'mapping mapping...'...
	local mappings pid

	zoo
	for mappings; do
		# shellcheck disable=SC2086 # words
		plan_restore $mappings || fail "$mappings: $(grep -h 'Error' restore.log | tail -n 3)"
		end "$root"
		# Zombies hold their pids, which the next restore wants.
		for pid in "$root" "$forked" "$sharing" "$zombie"; do
			wait_for test ! -e "/proc/$pid"
		done
	done
}

test_nothing_mapped() {
	each ''
}

test_files() {
	each 10=append 11=file 13=file 39=dir 40=null '10=append 11=file' 10=append:reopen 13=file:reopen
}

test_pipes() {
	each 14=pipe-r 15=pipe-w 15=append '14=pipe-r 15=pipe-w' 42=file '15=pipe-w:reopen'
}

test_fifos_and_memfds() {
	each 16=file 17=pipe-r path:/tmp/w/fifo=file 18=memfd 19=memfd 20=memfd 43=memfd '18=memfd 43=memfd'
}

test_unix_sockets() {
	each 21=stream 22=stream '21=stream 22=stream' 23=dgram 24=dgram '23=dgram 24=dgram' \
		34=stream 35=stream 36=stream 37=dgram 38=dgram
}

test_what_has_no_key() {
	each 25=null 26=null '25=null 26=null' 27=event 28=timer 29=epoll
}

test_all_at_once() {
	each '10=append 11=file 13=file 14=pipe-r 15=pipe-w 16=file 18=memfd 20=memfd 21=stream 23=dgram
		25=null 26=null 27=event 28=timer 29=epoll 35=stream 38=dgram 40=null 43=memfd'
}

# criu would take all of these, and fail, hang, or break the program.
test_refused() {
	zoo
	assert_status 3 plan_restore 11=pipe-w
	assert_match "the error" "$output" '^wrong-kind: '
	assert_status 3 plan_restore tmp/w/log=file
	assert_match "the error" "$output" '^mapping-replaced: '
	assert_status 3 plan_restore 14=file
	assert_match "the error" "$output" 'not-pollable: '
	assert_status 3 plan_restore 'pipe[5]=pipe-r'
	assert_match "the error" "$output" '^no-match: '
	assert_status 3 plan_restore 10=append 12=append
	assert_match "the error" "$output" '^mapped-twice: '
}

e2e_main "$@"

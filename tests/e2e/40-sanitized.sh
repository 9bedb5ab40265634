#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon with AddressSanitizer, LeakSanitizer and UBSan through restores of every kind of ending. It ends
# with another status than 0, and says why in its log, if anything is leaked or touched that must not be.
. "$(dirname "$0")/lib.sh"

BROKER=${e2e_build%-address-undefined}-address-undefined/criu-fdbroker

test_no_leak_and_no_invalid_access() {
	local pipe hanging holder

	[ -x "$BROKER" ] || skip "$BROKER is not built: make SAN=address,undefined"
	start_target fdholder a:/tmp/old pipe
	holder=$target
	pipe=$(fd_is "$holder" 4)
	dump "$holder" images
	start_target fdholder pipe # never restored: criu opens the FIFO below, and nobody writes to it
	hanging=$(fd_is "$target" 3)
	dump "$target" hanging
	mkfifo silent
	mkdir empty
	start_broker

	exec 10>>new 11> >(exec cat >/dev/null)
	ctl restore -D images --fd log=10 --fd out=11 --map tmp/old=log --map "$pipe=out"
	same_open_file "$holder" 3 "$BASHPID" 10
	assert_status 3 ctl restore -D images
	assert_status 3 ctl restore -D empty
	assert_status 3 ctl restore -D images --criu-opt exec_cmd=true
	end "$holder"

	exec 13<>silent 12</proc/self/fd/13 13>&-
	assert_status 5 ctl restore -D hanging --fd one=12 --map "$hanging=one" --deadline 1
	"$CTL" restore -D hanging --fd one=12 --map "$hanging=one" &
	wait_for test -e "/proc/$target"
	kill -KILL $!
	wait_for no_criu_runs

	exec 11>&-
	stop_broker
	assert_eq "complaints" "$(grep -cE 'Sanitizer|runtime error' broker.log || true)" 0
}

e2e_main "$@"

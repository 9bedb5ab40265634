#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# fdbroker-ctl as a person uses it: check, its ends, what it leaves behind, and descriptors by redirection.
. "$(dirname "$0")/lib.sh"

# A criu that hangs at one thing and is a criu otherwise. It says first that it has come to it.
hanging_criu() { # first argument at which it hangs
	cat >hanging <<-END
		#!/bin/sh
		[ "\$1" != $1 ] || { : >/tmp/hangs; exec sleep 1000; }
		exec '$CRIU' "\$@"
	END
	chmod +x hanging
}

# Nothing of a check may be left: neither its files (a log that is named excepted) nor a process.
assert_nothing_left() {
	assert_eq "what check left in /tmp" "$(find . -name 'fdbroker-check*')" ""
	assert_eq "private brokers" "$(pgrep -x criu-fdbroker || true)" ""
	assert_eq "targets" "$(pgrep -x fdbroker-ctl || true)" ""
}

test_check_says_that_restores_work() {
	local said

	start_broker
	said=$(ctl check)
	assert_match "what it says" "$said" "criu +$CRIU, version [0-9.]+"
	assert_match "what it says" "$said" "dump +works.*restore +works.*Restores work here"
	said=$(ctl check --json=short)
	assert_match "its JSON" "$said" '"dump_us":[0-9]+,"restore_us":[0-9]+,.*"outcome":"works"'
	assert_match "the count" "$(ctl status)" "2 restored, 0 failed"
	stop_broker
	assert_nothing_left
}

test_check_starts_a_private_broker() {
	assert_status 0 ctl check --local --criu "$CRIU"
	assert_match "what it says" "$output" "private.*Restores work here"
	assert_nothing_left
}

test_check_falls_back_to_a_private_broker() {
	# Whether a criu is where such a broker looks for it depends on the machine: 0 or 4.
	output=$(ctl check 2>&1) || [ $? = 4 ] || fail "another status: $output"
	assert_match "what it says" "$output" "no broker runs at .*: starting a private one"
	assert_status 6 ctl check --socket /run/none
	assert_nothing_left
}

test_check_notices_a_dump_that_hangs() {
	hanging_criu dump
	assert_status 4 ctl check --local --criu /tmp/hanging --deadline 0.5
	assert_match "what it says" "$output" "criu hangs: its dump was ended by force after 0.5 s"
	[ -e hangs ] || fail "it never came to the dump"
	assert_nothing_left
}

test_check_notices_a_restore_that_hangs() {
	hanging_criu swrk
	assert_status 4 ctl check --local --criu /tmp/hanging --deadline 0.5
	assert_match "what it says" "$output" "criu hangs: its restore was ended by force after 0.5 s"
	[ -e hangs ] || fail "it never came to the restore"
	assert_nothing_left
}

test_check_is_interrupted() {
	local pid status

	for at in dump swrk; do
		hanging_criu $at
		rm -f hangs
		"$CTL" check --local --criu /tmp/hanging 2>said &
		pid=$!
		wait_for test -e hangs
		kill -TERM $pid
		status=0
		wait $pid || status=$?
		assert_eq "the status" $status 5
		assert_match "what it says" "$(<said)" "interrupted by SIGTERM"
		assert_nothing_left
	done
}

test_check_tells_what_is_missing() {
	assert_status 4 ctl check --local --criu /nonexistent
	assert_match "what it says" "$output" "there is no criu.*install criu 3.19 or newer"
	printf '#!/bin/sh\n' >no-criu && chmod +x no-criu
	assert_status 4 ctl check --local --criu /tmp/no-criu
	assert_match "what it says" "$output" "it is no criu, or it does not run here"
	: >/run/criu.kdat.tmp
	assert_status 0 ctl check --local --criu "$CRIU"
	assert_match "what it says" "$output" "criu.kdat.tmp was left by a criu that died"
	assert_status 1 setpriv --reuid 65534 --clear-groups "$CTL" check --local --criu "$CRIU"
	assert_match "what it says" "$output" "only root"
	assert_nothing_left
}

# criu's own spelling, the descriptor by the shell's own means; and one that the shell was not told of.
test_descriptors_by_redirection() {
	local status=0

	start_target fdholder a:/tmp/old
	dump "$target" images
	start_broker
	assert_status 3 ctl restore -D images --inherit-fd "fd[5]:tmp/old"
	assert_match "what it says" "$output" "descriptor 5 of this command is not open"
	# Closed, and no less so because fdbroker-ctl has put /dev/null there for its own sake.
	"$CTL" restore -D images --inherit-fd "fd[0]:tmp/old" <&- 2>said || status=$?
	assert_eq "the status" $status 3
	assert_match "what it says" "$(<said)" "descriptor 0 of this command is not open"
	ctl restore -D images --inherit-fd "fd[5]:tmp/old" 5>>new
	assert_eq "the file" "$(fd_is "$target" 3)" /tmp/new
	end "$target"
	stop_broker
}

# Text from elsewhere does not get to the terminal as it is.
test_foreign_text_is_escaped() {
	start_broker
	mkdir images
	assert_status 3 ctl restore -D images --fd a=1 --map $'x\e]0;title\a=a'
	[[ $output != *$'\e'* ]] || fail "an escape sequence came through"
	assert_status 2 ctl restore $'--\e[31m'
	assert_match "what it says" "$output" '\\x1b\[31m'
	stop_broker
}

# ---- what is wrong with a command line, or with the way to the broker ---------------------------

test_an_argument_too_many() {
	local command

	assert_status 2 ctl inspect /tmp
	assert_match "what it says" "$output" "'/tmp' is one too many: images are given by -D DIR"
	assert_status 2 ctl restore -D /tmp images
	assert_match "what it says" "$output" "images are given by -D DIR"
	for command in status list metrics drain check; do
		assert_status 2 ctl $command more
		assert_match "what it says" "$output" "'more' is one too many"
	done
}

test_no_way_to_the_broker() {
	local user=(setpriv --reuid 4242 --regid 4242 --clear-groups)

	assert_status 6 ctl status
	assert_match "what helps" "$output" "No such file or directory.*hint: systemctl start criu-fdbroker.socket"
	start_broker
	chmod 755 "${SOCKET%/*}"
	chgrp 27 "$SOCKET"
	chmod 660 "$SOCKET"
	assert_status 6 "${user[@]}" "$CTL" status
	assert_match "who may" "$output" "Permission denied.*hint: the socket is for root and the group $(getent group 27 | cut -d: -f1)"
	chmod 600 "$SOCKET"
	assert_status 6 "${user[@]}" "$CTL" status --json=short
	assert_match "who may" "$output" '"sys":"EACCES"|Permission denied'
	stop_broker
}

e2e_main "$@"

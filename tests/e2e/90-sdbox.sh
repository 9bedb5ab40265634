#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The box with a systemd in it: it boots, what is done in it stays in it. That nothing of it is left, be it a
# process, a mount or a cgroup, is what lib.sh looks for after every test.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/box.sh"

boots_and_goes() { # root version
	box_up "$1"
	assert_match "its systemd" "$(in_box systemctl --version | head -n 1)" "^systemd $2"
	assert_eq "its PID 1" "$(in_box cat /proc/1/comm)" systemd
	assert_eq "failed units" "$(in_box systemctl --failed --no-legend)" ""
	in_box touch /etc/made-in-the-box
	[ ! -e "${box_root%/}/etc/made-in-the-box" ] || fail "what is made inside is seen outside"
	in_box systemd-run --quiet --wait --pipe true
	box_down
}

test_boots_the_machines_own_systemd() {
	boots_and_goes own "$(systemctl --version | awk 'NR == 1 { print $2 }')"
}

test_boots_debian_13s_systemd() {
	boots_and_goes trixie 257
}

is_sleeping() { # pid
	[ "$(cat "/proc/$1/comm")" = sleep ]
}

test_a_box_ends_with_its_caller() {
	local caller keeper

	bash -c '"$1" up /tmp/box && exec sleep 1000' - "$SDBOX" &
	caller=$!
	# Up, and nobody is at work on it any more.
	wait_for is_sleeping "$caller"
	keeper=$(</tmp/box/keeper)
	kill -KILL "$caller"
	wait_for test ! -e /tmp/box
	wait_for gone "$keeper"
}

test_a_killed_keeper_takes_its_box_with_it() {
	local init

	box_up own
	init=$(</tmp/box/pid)
	kill -KILL "$(</tmp/box/keeper)"
	wait_for gone "$init"
	rm -rf /tmp/box
	# Its cgroups are left to the next one.
	box_up own
	box_down
}

test_two_boxes_do_not_meet() {
	local one

	"$SDBOX" up /tmp/one &
	one=$!
	"$SDBOX" up /tmp/two
	wait $one
	"$SDBOX" run /tmp/one touch /run/here
	! "$SDBOX" run /tmp/two test -e /run/here || fail "they share /run"
	"$SDBOX" down /tmp/one
	assert_eq "the other" "$("$SDBOX" run /tmp/two systemctl is-system-running)" running
	"$SDBOX" down /tmp/two
}

e2e_main "$@"

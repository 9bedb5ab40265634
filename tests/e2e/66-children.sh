#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon's own processes: what they have, and that what hangs in one of them harms nobody else.
. "$(dirname "$0")/lib.sh"

# Pids of the daemon's processes of this name, one a line.
processes() { # name
	pgrep -P "$broker" -x "$1" || true
}

# "KEY:\tVALUE" of /proc/PID/status.
status_of() { # pid key
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# A criu that waits for /tmp/go.
slow_criu() {
	printf '#!/bin/sh\n: >/tmp/criu-waits\nwhile [ ! -e /tmp/go ]; do sleep 0.05; done\nexec %q "$@"\n' "$CRIU" >/tmp/slow
	chmod 755 /tmp/slow
	CRIU=/tmp/slow
}

test_what_the_planner_child_has() {
	local planner restore zygote has_read_search=0

	# CAP_DAC_READ_SEARCH is number 2; the daemon may lack it itself.
	(((0x$(status_of self CapEff) & 4) == 0)) || has_read_search=4
	start_target fdholder a:/tmp/log
	dump "$target" images
	slow_criu
	start_broker
	exec 10>>new
	ctl restore -D images --fd a=10 --map "$target.3=a" >said 2>&1 &
	restore=$!
	wait_for test -e criu-waits
	planner=$(processes fdbroker-helper)
	assert_match "the planner child" "$planner" '^[0-9]+$'
	assert_eq NoNewPrivs "$(status_of "$planner" NoNewPrivs)" 1
	assert_eq Seccomp "$(status_of "$planner" Seccomp)" 2
	assert_eq CapEff "$(status_of "$planner" CapEff)" "$(printf '%016x' $has_read_search)"
	assert_eq CapPrm "$(status_of "$planner" CapPrm)" "$(printf '%016x' $has_read_search)"
	assert_eq CapInh "$(status_of "$planner" CapInh)" 0000000000000000
	# 0 to 2, its socket, the images: nothing that was lent, nothing of the daemon's.
	assert_eq "the numbers of its descriptors" "$(fds_of "$planner" | wc -l)" 5
	assert_match "its socket" "$(fd_is "$planner" 3)" '^socket:'
	assert_eq "the images" "$(fds_of "$planner" | grep -c ' /tmp/images$')" 1
	for zygote in $(processes fdbroker-zygote); do
		assert_eq "the numbers of a zygote's descriptors" "$(fds_of "$zygote" | cut -d' ' -f1 | xargs)" "0 1 2 3"
	done
	touch go
	wait $restore
	end "$target"
	# Nothing of it came down to the tree: criu was made from the same zygote.
	stop_broker
}

test_the_tree_has_no_filter() {
	local key

	start_target fdholder a:/tmp/log
	dump "$target" images
	start_broker
	exec 10>>new
	ctl restore -D images --fd a=10 --map "$target.3=a"
	for key in NoNewPrivs Seccomp CapEff CapPrm CapBnd SigBlk SigIgn; do
		assert_eq $key "$(status_of "$target" $key)" "$(status_of self $key)"
	done
	end "$target"
	stop_broker
}

# It takes some 50 ms where nothing is in its way.
restores_quickly() { # descriptor
	local begin=${EPOCHREALTIME/./}

	ctl restore -D images --fd "a=$1" --map tmp/log=a >said 2>&1 || fail "$(<said)"
	[ $((${EPOCHREALTIME/./} - begin)) -lt 3000000 ] || fail "it took $(((${EPOCHREALTIME/./} - begin) / 1000)) ms: $(<said)"
	end "$target"
	wait_for test ! -e "/proc/$target"
}

# A lent regular file whose close hangs: first in the planner child of its own job, then in the daemon.
test_a_close_that_hangs_harms_its_client_alone() {
	local hanging status=0

	start_target fdholder a:/tmp/log
	dump "$target" images
	: >file
	start_broker
	exec 10>>new
	timeout -s KILL 60 "$TOOLS/fuse-hang" file sh -c '"$@"; echo $? >status; until [ -e over ]; do sleep 0.05; done' - \
		"$CTL" restore --json=short -D images --fd b=9 --map tmp/log=b --deadline 3 >hung 2>&1 &
	hanging=$!
	wait_for grep -q 'job 1: accepted' broker.log || { kill -0 $hanging || skip "no FUSE here"; }
	# Its planner child is about to hang, with the descriptor that was lent.
	restores_quickly 10
	restores_quickly 10
	wait_for test -s status
	assert_eq "the status of the client that hangs" "$(<status)" 5
	assert_match "its error" "$(<hung)" '"code":"DEADLINE"'
	# What was lent is closed now, which hangs too. Others' descriptors are closed all the same.
	restores_quickly 10
	wait_for grep -q 'does not answer' broker.log
	restores_quickly 10
	assert_match "the status" "$(ctl status)" ', 0 descriptors lent'
	touch over
	wait $hanging || status=$?
	assert_eq "the status of fuse-hang" $status 0
	stop_broker
}

test_the_broker_ends_though_a_close_hangs() {
	local hanging begin

	start_target fdholder a:/tmp/log
	dump "$target" images
	: >file
	start_broker
	timeout -s KILL 60 "$TOOLS/fuse-hang" file sh -c '"$@"; until [ -e over ]; do sleep 0.05; done' - \
		"$CTL" restore --json=short -D images --fd b=9 --map tmp/log=b --deadline 1 >hung 2>&1 &
	hanging=$!
	wait_for grep -q 'job 1: failed' broker.log || { kill -0 $hanging || skip "no FUSE here"; }
	begin=${EPOCHREALTIME/./}
	kill -TERM "$broker"
	wait "$broker"
	[ $((${EPOCHREALTIME/./} - begin)) -lt 5000000 ] || fail "it took $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
	touch over
	wait $hanging || true
}

as_many_descriptors() {
	[ "$(fds_of "$broker" | wc -l)" = "$(wc -l <<<"$broker_fds")" ]
}

test_killed_zygotes() {
	local zygotes

	start_target fdholder a:/tmp/log
	dump "$target" images
	start_broker
	exec 10>>new
	mapfile -t zygotes < <(processes fdbroker-zygote)
	assert_eq "the number of zygotes" ${#zygotes[@]} 2
	kill -KILL "${zygotes[0]}"
	wait_for gone "${zygotes[0]}"
	restores_quickly 10
	assert_eq "the number of zygotes" "$(processes fdbroker-zygote | wc -l)" 2
	mapfile -t zygotes < <(processes fdbroker-zygote)
	kill -KILL "${zygotes[@]}"
	wait_for gone "${zygotes[@]}"
	restores_quickly 10
	assert_eq "the number of zygotes" "$(processes fdbroker-zygote | wc -l)" 2
	# The sockets to them are other ones now, but no more.
	wait_for as_many_descriptors
	kill -TERM "$broker"
	wait "$broker"
}

test_all_children_end_with_a_killed_daemon() {
	local children

	start_broker
	mapfile -t children < <(pgrep -P "$broker")
	assert_eq "children: zygotes and a closer" ${#children[@]} 3
	kill -KILL "$broker"
	{ wait "$broker" || true; } 2>/dev/null
	wait_for gone "${children[@]}"
}

e2e_main "$@"

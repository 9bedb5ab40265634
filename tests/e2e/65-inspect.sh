#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# fdbroker-ctl inspect and plan on real dumps, and what they say put to use.
. "$(dirname "$0")/lib.sh"

# Dump a writer whose output is a pipe to us: sets $target, $pipe.
dump_writer() {
	local out

	exec {out}> >(exec cat >/dev/null)
	start_target -o "$out" writer /tmp/old.log
	pipe=$(fd_is "$target" 1)
	dump "$target" images
	exec {out}>&-
}

test_needs_filled_in_are_what_restore_wants() {
	dump_writer
	ctl inspect -D images --needs --json >needs.json
	assert_eq "the needs" "$(ctl inspect -D images --needs | tail -n 1 | tr -d ' ')" \
		"--map'key:$pipe'=NAME"
	# Left as it is, it is refused by the name of the member.
	assert_status 2 ctl plan -D images --mappings needs.json
	assert_match "the complaint" "$output" 'mappings\[0\]: fill in'
	exec {out}> >(exec cat >new.txt)
	sed -i "s/\"fd\":null/\"fd\":$out/" needs.json
	ctl plan -D images --mappings needs.json
	start_broker
	ctl restore -D images --mappings needs.json
	wait_for has_lines new.txt 2
	exec {out}>&-
	end "$target"
	stop_broker
}

# The tree that was dumped, as it is there again: each pid is taken, and by whom.
test_taken_pids_are_told_with_their_holder() {
	dump_writer
	start_broker
	ctl restore -D images --fd out=/dev/null:w --map "$pipe=out"
	exec {out}> >(exec cat >/dev/null)
	assert_status 3 ctl plan -D images --fd out="$out" --map "$pipe=out"
	assert_match "the plan" "$output" "pid $target of the tree is taken: it is a process named ready"
	assert_status 0 ctl plan -D images --fd out="$out" --map "$pipe=out" --at-own-risk pid-taken
	exec {out}>&-
	end "$target"
	assert_status 0 ctl plan -D images --fd out=/dev/null:w --map "$pipe=out"
	stop_broker
}

# A parent with a thread, and a child: one log, which both hold at the same number.
test_one_letter_for_one_open_file() {
	local child log

	start_target family /tmp/old.log
	child=$(tree_of "$target" | tail -n 1)
	dump "$target" images
	log=$(ctl inspect -D images | grep /tmp/old.log | awk '{ print $(NF - 5), $(NF - 4) }' | sort -u)
	assert_match "the log's letter and kind" "$log" '^[A-Z] file$'
	assert_match "the plan" "$(ctl plan -D images --fd log=/tmp/new.log:a --map "$target.3=log")" \
		"changes $target\.3 $child\.3"
	[ ! -e new.log ] || fail "a plan has made a file"
}

e2e_main "$@"

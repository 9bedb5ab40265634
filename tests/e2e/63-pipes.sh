#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Pipes by task and descriptor: their ends are open files of their own, though their key is one.
. "$(dirname "$0")/lib.sh"

# Dump "kinds KIND", whose output is descriptor $out if that is set: sets $target, $before (classes).
dump_kind() { # kind
	mkdir kind
	start_target ${out:+-o "$out"} kinds "$1" /tmp/kind
	before=$(classes_of "$target")
	dump "$target" images
	start_broker
}

# Of 3, 4 and its duplicate 5.
assert_report() { # 3's 4's 5's
	assert_poke "$target" kind/report "3 $1" "4 $2" "5 $3"
}

finish() {
	end "$target"
	stop_broker
}

# What waited in the pipe went with it: both ends are others.
test_each_end_to_a_pipe_of_its_own() {
	dump_kind pipe
	exec {in}< <(printf fresh) {out}> >(exec cat >got)
	ctl restore -D images --fd in="$in" --fd out="$out" --map "$target.3=in" --map "$target.4=out"
	assert_replaced "$before" "$target.3" "$BASHPID" "$in"
	assert_replaced "$before" "$target.4" "$BASHPID" "$out"
	assert_report "read=fresh wrote=none" "read=none wrote=8" "read=none wrote=8"
	wait_for has_lines got 2
	assert_eq "what was written" "$(<got)" "fd 0004"$'\n'"fd 0005"
	exec {in}<&- {out}>&-
	finish
}

# Whoever writes has no reader any more.
test_the_reading_end_alone() {
	dump_kind pipe
	exec {in}< <(printf fresh)
	ctl restore -D images --fd in="$in" --map "$target.3=in"
	assert_replaced "$before" "$target.3" "$BASHPID" "$in"
	assert_report "read=fresh wrote=none" "read=EBADF wrote=EPIPE" "read=EBADF wrote=EPIPE"
	exec {in}<&-
	finish
}

# What waits stays, and then comes the end.
test_the_writing_end_alone() {
	dump_kind pipe
	exec {out}> >(exec cat >got)
	ctl restore -D images --fd out="$out" --map "$target.5=out"
	assert_replaced "$before" "$target.4" "$BASHPID" "$out"
	assert_report "read=queued wrote=none" "read=none wrote=8" "read=none wrote=8"
	assert_match "the second report" "$(poke "$target" kind/report)" "3 read=end "
	wait_for has_lines got 4
	exec {out}>&-
	finish
}

test_the_writing_end_of_an_empty_pipe() {
	dump_kind empty-pipe
	exec {out}> >(exec cat >got)
	ctl restore -D images --fd out="$out" --map "$target.4=out"
	assert_replaced "$before" "$target.4" "$BASHPID" "$out"
	assert_report "read=end wrote=none" "read=none wrote=8" "read=none wrote=8"
	exec {out}>&-
	finish
}

# Output and errors of a program that had one pipe for both: two keys that are equal, so criu by itself takes
# the first for both.
test_two_open_files_on_one_pipe_to_two_files() {
	exec {out}> >(exec cat >/dev/null)
	dump_kind outside
	assert_eq "4 before the dump" "$(grep -c " $target.4\|^$target.4" <<<"$before")" 1
	ctl restore -D images --fd one=one.log:w --fd two=two.log:w --map "$target.3=one" --map "$target.4=two"
	assert_eq "who shares open files" "$(classes_of "$target")" "$before"
	poke "$target" kind/report >/dev/null
	assert_eq "one log" "$(<one.log)" "fd 0003"
	assert_eq "the other" "$(<two.log)" "fd 0004"
	exec {out}>&-
	finish
}

e2e_main "$@"

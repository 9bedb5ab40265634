#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One restore, end to end: what the restored tasks hold, and what they do not.
. "$(dirname "$0")/lib.sh"

# Dump a writer with its log old.log and a pipe into images: sets $target, $pipe (its key), $written (lines).
dump_writer() {
	local out

	exec {out}> >(exec cat >/dev/null)
	start_target -o "$out" writer /tmp/old.log
	pipe=$(fd_is "$target" 1)
	dump "$target" images
	exec {out}>&-
	written=$(wc -l <old.log)
}

test_the_log_is_the_very_open_file_lent() {
	dump_writer
	start_broker
	exec {log}>>new.log {out}> >(exec cat >new.txt)
	ctl restore -D images --fd log="$log" --map tmp/old.log=log --inherit-fd "fd[$out]:$pipe"
	same_open_file "$target" 3 "$BASHPID" "$log"
	wait_for has_lines new.log 2
	assert_eq "the first line" "$(head -n 1 new.log)" "line $((written + 1))"
	assert_eq "lines in the old log" "$(wc -l <old.log)" "$written"
	end "$target"
	exec {out}>&-
	stop_broker
}

test_the_pipe_is_the_lent_pipe() {
	dump_writer
	start_broker
	exec {out}> >(exec cat >new.txt)
	ctl restore -D images --fd out="$out" --map "$pipe=out"
	assert_eq "the output" "$(fd_is "$target" 1)" "$(fd_is "$BASHPID" "$out")"
	wait_for has_lines new.txt 2
	assert_eq "the first line" "$(head -n 1 new.txt)" "line $((written + 1))"
	# Nobody else has the pipe open: when the program and we are gone, its reader comes to the end.
	exec {out}>&-
	end "$target"
	wait_for reader_is_gone
	stop_broker
}

reader_is_gone() {
	! pgrep -x cat
}

test_a_path_is_opened_and_lent() {
	dump_writer
	start_broker
	echo "was there before" >new.log
	exec {out}> >(exec cat >/dev/null)
	ctl restore -D images --fd log=new.log:a --map tmp/old.log=log --inherit-fd "fd[$out]:$pipe"
	wait_for has_lines new.log 3
	assert_eq "the log" "$(fd_is "$target" 3)" /tmp/new.log
	assert_eq "the beginning" "$(head -n 2 new.log)" "was there before"$'\n'"line $((written + 1))"
	end "$target"
	exec {out}>&-
	stop_broker
}

# A tree with a child and a thread: every descriptor of every task is what it was before the dump, and the
# one log that they share is the lent one. So nothing of daemon, criu or ctl has come along.
test_restored_tasks_hold_nothing_else() {
	local child before_parent before_child

	start_target family /tmp/old.log
	child=$(tree_of "$target" | tail -n 1)
	before_parent=$(fds_of "$target")
	before_child=$(fds_of "$child")
	dump "$target" images
	start_broker
	exec {log}>>new.log
	ctl restore -D images --fd log="$log" --map tmp/old.log=log
	assert_eq "the child" "$(tree_of "$target" | tail -n 1)" "$child"
	assert_eq "the parent's descriptors" "$(fds_of "$target")" "${before_parent/old.log/new.log}"
	assert_eq "the child's descriptors" "$(fds_of "$child")" "${before_child/old.log/new.log}"
	same_open_file "$target" 3 "$BASHPID" "$log"
	same_open_file "$child" 3 "$BASHPID" "$log"
	wait_for all_three_write
	end "$target"
	stop_broker
}

all_three_write() {
	[ "$(sort -u new.log | tr '\n' ' ')" = "child parent thread " ]
}

# Number by number: the restored program's own numbers are in criu's table taken by other things.
test_agreed_numbers_reach_criu() {
	start_target fdholder a:/tmp/old3 a:/tmp/old4 a:/tmp/old5
	dump "$target" images
	start_broker
	exec 10>>new3 11>>new4 12>>new5
	ctl restore -D images --fd a=10 --fd b=11 --fd c=12 --at a=5 --at b=3 --at c=400 \
		--map tmp/old3=a --map tmp/old4=b --map tmp/old5=c --json=short >said
	same_open_file "$target" 3 "$BASHPID" 10
	same_open_file "$target" 4 "$BASHPID" 11
	same_open_file "$target" 5 "$BASHPID" 12
	assert_match "the report" "$(<said)" '"number":5.*"number":3.*"number":400'
	end "$target"
	stop_broker
}

test_one_lent_descriptor_for_two_keys() {
	start_target fdholder a:/tmp/old3 a:/tmp/old4
	dump "$target" images
	start_broker
	exec 10>>new
	ctl restore -D images --fd both=10 --map tmp/old3=both --map tmp/old4=both
	same_open_file "$target" 3 "$BASHPID" 10
	same_open_file "$target" 4 "$BASHPID" 10
	end "$target"
	stop_broker
}

test_a_private_daemon_for_one_command() {
	dump_writer
	exec {log}>>new.log {out}> >(exec cat >new.txt)
	ctl restore --local --criu "$CRIU" -D images \
		--fd log="$log" --map tmp/old.log=log --inherit-fd "fd[$out]:$pipe"
	same_open_file "$target" 3 "$BASHPID" "$log"
	# It lives on without the daemon, in the cgroup in which the command was given.
	wait_for has_lines new.txt 3
	assert_eq "daemons" "$(pgrep -c -x criu-fdbroker || true)" 0
	assert_eq "its cgroup" "$(cat "/proc/$target/cgroup")" "$(cat "/proc/$BASHPID/cgroup")"
	end "$target"
	exec {out}>&-
}

test_a_restored_tree_outlives_the_daemon() {
	dump_writer
	start_broker
	exec {out}> >(exec cat >new.txt)
	ctl restore -D images --fd log=new.log:a --map tmp/old.log=log --inherit-fd "fd[$out]:$pipe"
	# Its tree has a cgroup, and that is the one descriptor that it costs.
	kill -TERM "$broker"
	wait_for gone "$broker"
	wait "$broker"
	wait_for has_lines new.txt $(($(wc -l <new.txt) + 3))
	end "$target"
	exec {out}>&-
	# The next one knows it, and removes its cgroup.
	start_broker
	assert_match "the jobs" "$(ctl list --json=short)" '"job":1,"state":"ended"'
	stop_broker
}

# The daemon is the parent: it must take the end of the root as what it is, and forget the tree.
test_the_end_of_a_tree_is_noticed() {
	dump_writer
	start_broker
	exec {out}> >(exec cat >new.txt)
	ctl restore -D images --fd log=new.log:a --map tmp/old.log=log --inherit-fd "fd[$out]:$pipe"
	assert_eq "the parent" "$(awk '/^PPid/ { print $2 }' "/proc/$target/status")" "$broker"
	assert_eq "the trees" "$(trees)" '"trees":1'
	kill -TERM "$target"
	wait_for test ! -e "/proc/$target"
	wait_for no_trees
	exec {out}>&-
	stop_broker
}

trees() {
	ctl status --json=short | grep -o '"trees":[0-9]*'
}

no_trees() {
	[ "$(trees)" = '"trees":0' ]
}

e2e_main "$@"

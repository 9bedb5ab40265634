#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One descriptor of one task is named: just its open file is replaced, in every task that shares it, and
# nothing else of the same log. The target is targets/sharer.c.
. "$(dirname "$0")/lib.sh"

# Dump a sharer with the log old.log into images: sets $target, $child, $third (its pids), $before (classes).
dump_sharer() {
	local pids

	start_target sharer /tmp/old.log /tmp/report
	# In the order in which they were made: the namespace's pids go up.
	mapfile -t pids < <(tree_of "$target" | sort -n)
	child=${pids[1]} third=${pids[2]}
	before=$(classes_of "$target")
	# As sharer.c says it.
	assert_eq "the sharer's open files" "$(grep -c . <<<"$before")" 7
	grep -qx "$target.3 $target.5 $child.3 $child.5 $third.3 $third.5" <<<"$before"
	grep -q old.log "/proc/$target/maps"
	dump "$target" images
	echo lent >new.log
}

# With new.log in place of the open file of that descriptor.
restore_with_log() { # pid.fd
	start_broker
	exec {log}<>new.log
	ctl restore -D images --fd log="$log" --map "$1=log"
	assert_replaced "$before" "$1" "$BASHPID" "$log"
	assert_mapping_stays
}

# With one end of a pair of sockets, whose other end its holder keeps: sets $holder.
restore_with_socket() { # pid.fd
	local root=$target

	start_broker
	start_target fdholder socketpair
	holder=$target
	target=$root
	"$TOOLS/borrow" "10=$holder.3" timeout -s KILL 60 "$CTL" restore -D images --fd end=10 \
		--map "$1=end"
	assert_replaced "$before" "$1" "$holder" 3
	assert_mapping_stays
	end "$holder"
}

# It was made through 3, but is a thing of its own.
assert_mapping_stays() {
	assert_match "the mappings" "$(<"/proc/$target/maps")" "/tmp/old.log"
	assert_eq "lent mappings" "$(grep -c new.log "/proc/$target/maps" || true)" 0
}

name_of() { # fd...
	local fd

	for fd; do
		fd_is "$target" "$fd"
	done
}

finish() {
	end "$target"
	stop_broker
}

# What the tests below go by must be able to tell that something differs.
test_shared_open_files_are_told_apart() {
	local all

	start_target fdholder a:/tmp/log a:/tmp/log dup:3 child:4
	all=$(classes_of "$target")
	child=$(tree_of "$target" | tail -n 1)
	assert_match "the log" "$all" $'\n'"$target.3 $target.5 $child.3 $child.5"$'\n'"$child.4"'$'
	assert_status 1 classes_of --with "$BASHPID" 0 "$target"
	exec {log}<"/proc/$target/fd/3"
	assert_status 1 classes_of --with "$BASHPID" "$log" "$target"
	assert_eq "of the child" "$(classes_of --with "$child" 3 "$target")" \
		"$target.3 $target.5 $child.3 $child.5"
	end "$target"
}

# Not the other opening of the same log, nor its mapping; but the duplicate, and what is in flight.
test_one_of_two_openings() {
	dump_sharer
	restore_with_log "$target.3"
	assert_eq "the logs" "$(name_of 3 4 5)" "/tmp/new.log"$'\n'"/tmp/old.log"$'\n'"/tmp/new.log"
	assert_match "its report" "$(poke "$target" report)" $'7 read=sent\\+8 '
	# What was in flight is 8 now, in the third too: it still shares the table.
	assert_eq "who has the lent log" "$(classes_of --with "$BASHPID" "$log" "$target")" \
		"$target.3 $target.5 $target.8 $child.3 $child.5 $third.3 $third.5 $third.8"
	assert_eq "the new log" "$(<new.log)" "lent"$'\n'"fd 0003"$'\n'"fd 0005"
	assert_eq "the old log" "$(tr -d '\0' <old.log)" "mapped"$'\n'"fd 0004"
	finish
}

test_the_other_opening() {
	dump_sharer
	restore_with_log "$target.4"
	assert_eq "the logs" "$(name_of 3 4 5)" "/tmp/old.log"$'\n'"/tmp/new.log"$'\n'"/tmp/old.log"
	poke "$target" report
	assert_eq "who has the lent log" "$(classes_of --with "$BASHPID" "$log" "$target")" \
		"$target.4 $child.4 $third.4"
	# In flight was the other one.
	assert_eq "who has the log of 3" "$(classes_of --with "$target" 3 "$target")" \
		"$target.3 $target.5 $target.8 $child.3 $child.5 $third.3 $third.5 $third.8"
	assert_eq "the new log" "$(<new.log)" "lent"$'\n'"fd 0004"
	finish
}

# Whichever of the tasks and descriptors that share it is named.
test_any_task_and_duplicate_names_it() {
	local name

	dump_sharer
	start_broker
	exec {log}<>new.log
	for name in "$target.5" "$child.3" "$child.5" "$third.5"; do
		ctl restore -D images --fd log="$log" --map "$name=log"
		assert_replaced "$before" "$target.3" "$BASHPID" "$log"
		end "$target"
	done
	finish
}

test_both_openings_to_two_logs() {
	dump_sharer
	start_broker
	exec {log}<>new.log {other}<>other.log
	ctl restore -D images --fd log="$log" --fd other="$other" --map "$target.3=log" \
		--map "$child.4=other"
	assert_replaced "$before" "$target.3" "$BASHPID" "$log"
	assert_replaced "$before" "$target.4" "$BASHPID" "$other"
	exec {other}>&-
	finish
}

# The queue goes with its socket, and with it the open file that is in flight.
test_the_socket_with_the_queue() {
	dump_sharer
	restore_with_socket "$target.7"
	assert_match "its report" "$(poke "$target" report)" "6 read=end wrote=EPIPE"
	assert_eq "who has the log of 3" "$(classes_of --with "$target" 3 "$target")" \
		"$target.3 $target.5 $child.3 $child.5 $third.3 $third.5"
	finish
}

# The queue stays, its packet is followed by the end.
test_the_socket_that_has_sent() {
	dump_sharer
	restore_with_socket "$target.6"
	assert_match "its report" "$(poke "$target" report)" $'7 read=sent\\+8 wrote=EPIPE'
	assert_match "its report" "$(poke "$target" report)" $'7 read=end '
	finish
}

test_a_number_in_the_target() {
	dump_sharer
	start_broker
	exec {log}<>new.log
	ctl restore -D images --fd log="$log" --map "$target.4:41=log" --json=short >said
	assert_match "the report" "$(<said)" '"number":41'
	assert_replaced "$before" "$target.4" "$BASHPID" "$log"
	finish
}

# Neither bytes nor times: what criu saw was a layer over them.
test_the_images_stay_what_they_were() {
	local stamps sums

	dump_sharer
	sums=$(sha256sum images/*)
	stamps=$(stat -c '%n %i %s %Y %Z' images images/*)
	# A change at once would have the same time.
	sleep 1.1
	restore_with_socket "$target.6"
	assert_eq "the images' bytes" "$(sha256sum images/*)" "$sums"
	assert_eq "the images' times" "$(stat -c '%n %i %s %Y %Z' images images/*)" "$stamps"
	finish
}

test_a_private_daemon_splits_too() {
	dump_sharer
	exec {log}<>new.log
	ctl restore --local --criu "$CRIU" -D images --fd log="$log" --map "$target.3=log"
	assert_replaced "$before" "$target.3" "$BASHPID" "$log"
	end "$target"
}

e2e_main "$@"

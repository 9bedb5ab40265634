#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# --reopen: the tasks get a new open file on what is lent, with the flags and position of the images.
. "$(dirname "$0")/lib.sh"

flags_of() { # pid fd: access mode and O_APPEND, as octal digits of the kernel's flags
	printf '%o' $((0$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$1/fdinfo/$2") & 02003))
}

position_of() { # pid fd
	sed -n 's/^pos:[[:space:]]*//p' "/proc/$1/fdinfo/$2"
}

test_a_log_keeps_its_own_flags_and_position() {
	echo "twelve bytes" >old
	start_target fdholder rw:/tmp/old a:/tmp/old dup:4
	dump "$target" images
	cp old new
	start_broker
	exec 10<>new
	read -r -n 5 <&10
	ctl restore -D images --fd log=10 --map "$target.4=log" --reopen log
	assert_eq "what stands at 4" "$(fd_is "$target" 4)" /tmp/new
	if same_open_file "$target" 4 "$BASHPID" 10; then fail "it is the lent open file itself"; fi
	same_open_file "$target" 4 "$target" 5
	assert_eq "its flags" "$(flags_of "$target" 4)" 2001
	assert_eq "its position" "$(position_of "$target" 4)" 0
	assert_eq "the lender's position" "$(position_of "$BASHPID" 10)" 5
	assert_eq "what stands at 3" "$(fd_is "$target" 3)" /tmp/old
	end "$target"
	stop_broker
}

test_an_end_of_a_pipe() {
	start_target fdholder pipe
	dump "$target" images
	start_broker
	exec 10> >(exec cat >out)
	ctl restore -D images --fd pipe=10 --map "$target.4=pipe" --reopen pipe
	assert_eq "the pipe at 4" "$(fd_is "$target" 4)" "$(fd_is "$BASHPID" 10)"
	if same_open_file "$target" 4 "$BASHPID" 10; then fail "it is the lent open file itself"; fi
	end "$target"
	exec 10>&-
	stop_broker
}

test_what_cannot_be_opened_again() {
	start_target fdholder rw:/tmp/log socketpair
	dump "$target" images
	start_broker
	# The master of a pseudoterminal: opening it makes a new one.
	exec 11<>/dev/ptmx
	assert_status 3 ctl restore -D images --fd a=11 --map "$target.3=a" --reopen a --at-own-risk wrong-kind
	assert_match "the error" "$output" "cannot-reopen"
	stop_broker
}

e2e_main "$@"

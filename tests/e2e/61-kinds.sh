#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each kind of open file, replaced by one of its kind by naming a task's descriptor (targets/kinds.c); what
# stays works on. Pipes have a file of their own.
. "$(dirname "$0")/lib.sh"

dump_options=()
restore_options=()
lender_kind=

# Dump "kinds KIND" and restore it with open files of another, which is not dumped and lends them. Each
# D=L puts the lender's descriptor L in place of D. Sets $target and $lender; they report in kind/report and
# lender/report.
replace() { # kind D=L...
	local borrow=() options=() number=10 before paths pair

	mkdir lender
	start_target kinds "${lender_kind:-$1}" /tmp/lender
	lender=$target
	mkdir -p kind
	start_target kinds "$1" /tmp/kind
	before=$(classes_of "$target")
	paths=$(fds_of "$target")
	dump "$target" images "${dump_options[@]}"
	start_broker
	for pair in "${@:2}"; do
		borrow+=("$number=$lender.${pair#*=}")
		options+=(--fd "f$number=$number" --map "$target.${pair%=*}=f$number")
		number=$((number + 1))
	done
	"$TOOLS/borrow" "${borrow[@]}" timeout -s KILL 60 "$CTL" restore -D images "${options[@]}" \
		"${restore_options[@]}"
	for pair in "${@:2}"; do
		assert_replaced "$before" "$target.${pair%=*}" "$lender" "${pair#*=}"
	done
	assert_others_stay "$paths" "${@:2}"
}

# What is not the lender's is on the path on which it was. Sockets, pipes and terminals get new ones.
assert_others_stay() { # fds-before D=L...
	local fd name lent='' pair

	for pair in "${@:2}"; do
		lent+=" $(classes_of --with "$lender" "${pair#*=}" "$target") "
	done
	while read -r fd name; do
		if [[ $lent != *" $target.$fd "* && $name == /* && $name != /dev/pts/* ]]; then
			assert_eq "descriptor $fd" "$(fd_is "$target" "$fd")" "$name"
		fi
	done <<<"$1"
}

target_is() { # line...
	assert_poke "$target" kind/report "$@"
}

lender_is() { # line...
	assert_poke "$lender" lender/report "$@"
}

finish() {
	end "$target" "$lender"
	stop_broker
}

# The lender's 3 is at the end of its file, the other at the beginning of that of the target.
assert_one_of_two_openings() {
	target_is "3 read=end wrote=8" "4 read=content wrote=8" "5 read=end wrote=8"
	assert_eq "the lent file" "$(<lender/file)" "contentfd 0003"$'\n'"fd 0005"
	finish
}

test_regular() {
	replace regular 3=3
	assert_one_of_two_openings
}

test_ghost() {
	lender_kind=regular
	replace ghost 3=3
	assert_one_of_two_openings
}

test_both_openings_of_a_ghost() {
	lender_kind=regular
	replace ghost 3=3 4=4
	target_is "3 read=end wrote=8" "4 read=content wrote=8" "5 read=end wrote=8"
	finish
}

# One restore, for it removes the names that the dump has made for it.
test_link_remap() {
	lender_kind=regular
	dump_options=(--link-remap)
	replace linked 3=3
	assert_eq "the file that stays" "$(stat -L -c %i "/proc/$target/fd/4")" "$(stat -c %i kind/kept)"
	assert_one_of_two_openings
}

test_device() {
	replace device 3=3
	finish
}

# It is the working directory, too.
test_directory() {
	replace directory 3=3
	assert_eq "the working directory" "$(readlink "/proc/$target/cwd")" /tmp/kind
	finish
}

# The descriptor of a program, not what is run.
test_program() {
	local program

	program=$(realpath "$TARGETS/kinds")
	lender_kind=regular
	replace program 3=3
	assert_eq "the program" "$(readlink "/proc/$target/exe")" "$program"
	grep -q " $program$" "/proc/$target/maps"
	finish
}

# Nobody reads from the FIFO of the images any more, so its writer has no reader.
test_fifo() {
	replace fifo 3=3
	target_is "3 read=queued wrote=8" "4 read=EBADF wrote=EPIPE"
	lender_is "3 read=fd.0003. wrote=8" "4 read=none wrote=8"
	finish
}

# What waits in it stays.
test_fifo_writer() {
	replace fifo 4=4
	target_is "3 read=queued wrote=8" "4 read=none wrote=8"
	lender_is "3 read=queuedfd.0004. wrote=8" "4 read=none wrote=8"
	finish
}

# The lender's other open file of that memfd sees what was written; the namesake does not.
test_memfd() {
	replace memfd 3=3
	# The mapping was made through 3, and stays on what 5 is on.
	assert_eq "the inode that is mapped" "$(awk '/memfd:one/ { print $5 }' "/proc/$target/maps")" \
		"$(stat -L -c %i "/proc/$target/fd/5")"
	target_is "3 read=end wrote=8" "4 read=end wrote=8" "5 read=end wrote=8"
	lender_is "3 read=end wrote=8" "4 read=end wrote=8" "5 read=fd.0003. wrote=8"
	finish
}

test_memfd_of_the_same_name() {
	replace memfd 4=4
	target_is "3 read=end wrote=8" "4 read=end wrote=8" "5 read=end wrote=8"
	lender_is "3 read=end wrote=8" "4 read=end wrote=8" "5 read=end wrote=8"
	finish
}

test_memfd_opened_twice() {
	replace memfd 5=5
	target_is "3 read=end wrote=8" "4 read=end wrote=8" "5 read=end wrote=8"
	lender_is "3 read=fd.0005. wrote=8" "4 read=end wrote=8" "5 read=end wrote=8"
	finish
}

# 4 can read what waits, then it has come to the end.
test_unix_stream() {
	replace stream 3=3
	target_is "3 read=to-3 wrote=8" "4 read=to-4 wrote=EPIPE"
	lender_is "3 read=none wrote=8" "4 read=to-4fd.0003. wrote=8"
	target_is "3 read=fd.0004. wrote=8" "4 read=end wrote=EPIPE"
	finish
}

test_unix_stream_other_end() {
	replace stream 4=4
	target_is "3 read=to-3 wrote=EPIPE" "4 read=to-4 wrote=8"
	target_is "3 read=end wrote=EPIPE" "4 read=none wrote=8"
	finish
}

test_unix_stream_both_ends() {
	replace stream 3=3 4=4
	target_is "3 read=to-3 wrote=8" "4 read=to-4 wrote=8"
	lender_is "3 read=fd.0004. wrote=8" "4 read=fd.0003. wrote=8"
	finish
}

test_unix_seqpacket() {
	replace seqpacket 3=3
	target_is "3 read=to-3 wrote=8" "4 read=to-4 wrote=EPIPE"
	target_is "3 read=none wrote=8" "4 read=end wrote=EPIPE"
	finish
}

# A datagram socket has no end to come to.
test_unix_dgram() {
	replace dgram 3=3
	target_is "3 read=to-3 wrote=8" "4 read=to-4 wrote=ENOTCONN"
	lender_is "3 read=none wrote=8" "4 read=to-4 wrote=8"
	target_is "3 read=fd.0004. wrote=8" "4 read=none wrote=ENOTCONN"
	finish
}

test_unix_dgram_other_end() {
	replace dgram 4=4
	target_is "3 read=to-3 wrote=ENOTCONN" "4 read=to-4 wrote=8"
	finish
}

# The lent one has a connection that waits; the connection of the images lives on.
test_listening_socket() {
	lender_kind=pending
	replace listening 3=3
	target_is "3 read=accepted wrote=none" "4 read=none wrote=8" "5 read=none wrote=8"
	target_is "3 read=none wrote=none" "4 read=fd.0005. wrote=8" "5 read=fd.0004. wrote=8" \
		"6 read=none wrote=8"
	lender_is "3 read=none wrote=none" "4 read=fd.0006. wrote=8"
	finish
}

test_an_accepted_socket() {
	lender_kind=stream
	replace listening 5=4
	target_is "3 read=none wrote=none" "4 read=end wrote=EPIPE" "5 read=to-4 wrote=8"
	lender_is "3 read=to-3fd.0005. wrote=8" "4 read=none wrote=8"
	finish
}

# It waited to be accepted by a socket that is gone.
test_a_listening_socket_with_a_waiting_connection() {
	lender_kind=listening
	replace pending 3=3
	target_is "3 read=none wrote=none" "4 read=end wrote=EPIPE"
	finish
}

test_a_connection_that_waits() {
	lender_kind=stream
	replace pending 4=4
	target_is "3 read=none wrote=none" "4 read=to-4 wrote=8"
	finish
}

# Its clients have nobody to send to.
test_a_datagram_server() {
	replace server 3=3
	target_is "3 read=to-3 wrote=ENOTCONN" "4 read=none wrote=ENOTCONN" "5 read=none wrote=ENOTCONN"
	lender_is "3 read=none wrote=ENOTCONN" "4 read=none wrote=8" "5 read=none wrote=8"
	target_is "3 read=fd.0004. wrote=ENOTCONN" "4 read=none wrote=ENOTCONN" \
		"5 read=none wrote=ENOTCONN"
	finish
}

test_a_datagram_client() {
	replace server 4=4
	target_is "3 read=to-3 wrote=ENOTCONN" "4 read=none wrote=8" "5 read=none wrote=8"
	target_is "3 read=fd.0005. wrote=ENOTCONN" "4 read=none wrote=8" "5 read=none wrote=8"
	finish
}

# One that is connected to nobody in the tree: criu cannot restore it by itself.
test_a_stream_from_outside() {
	local server

	mkdir kind servers
	start_target kinds listening /tmp/servers
	server=$target
	ln -s /tmp/servers/socket kind/stream
	dump_options=(--ext-unix-sk)
	lender_kind=stream
	replace client 3=3
	target_is "3 read=to-3 wrote=8"
	lender_is "3 read=none wrote=8" "4 read=to-4fd.0003. wrote=8"
	target_is "3 read=fd.0004. wrote=8"
	end "$server"
	finish
}

test_pty_slave() {
	replace pty 4=4
	target_is "3 read=none wrote=8" "4 read=none wrote=8"
	lender_is "3 read=fd.0004.. wrote=8" "4 read=none wrote=8"
	target_is "3 read=fd.0003.. wrote=8" "4 read=fd.0003. wrote=8"
	finish
}

# As if it had hung up.
test_pty_master() {
	replace pty 3=3
	target_is "3 read=none wrote=8" "4 read=end wrote=EIO"
	finish
}

test_pty_both_sides() {
	replace pty 3=3 4=4
	target_is "3 read=none wrote=8" "4 read=none wrote=8"
	lender_is "3 read=fd.0003..fd.0004.. wrote=8" "4 read=fd.0003. wrote=8"
	finish
}

# A terminal whose master is not in the tree.
test_tty_from_outside() {
	local holder rdev dev

	mkdir holder kind
	start_target kinds pty /tmp/holder
	holder=$target
	ln -s "$(fd_is "$holder" 4)" kind/tty
	read -r rdev dev < <(stat -L -c '%r %d' kind/tty)
	dump_options=(--external "$(printf 'tty[%x:%x]' "$rdev" "$dev")")
	lender_kind=pty
	replace tty 3=4
	target_is "3 read=none wrote=8"
	lender_is "3 read=fd.0003.. wrote=8" "4 read=none wrote=8"
	target_is "3 read=fd.0003. wrote=8"
	end "$holder"
	finish
}

# The epoll, which stays, watches the lent one: only that becomes readable by what the lender does.
test_eventfd_that_an_epoll_watches() {
	replace eventfd 4=4
	assert_match "the report" "$(poke "$target" kind/report)" $'3 read=5 .*\n4 read=none wrote=8\n5 '
	# It reads what the target has just written, and writes.
	lender_is "3 read=4,5 wrote=none" "4 read=fd.0004. wrote=8" "5 read=........ wrote=8"
	target_is "3 read=4,5 wrote=none" "4 read=fd.0004. wrote=8" "5 read=fd.0005. wrote=8"
	finish
}

# It watches what the lender's watched: what the target has in 4 and 5 is nothing to it.
test_epoll() {
	replace eventfd 3=3
	lender_is "3 read=5 wrote=none" "4 read=none wrote=8" "5 read=........ wrote=8"
	target_is "3 read=4,5 wrote=none" "4 read=none wrote=8" "5 read=........ wrote=8"
	finish
}

# That it has expired can be read once.
test_timerfd() {
	replace timerfd 3=3
	target_is "3 read=........ wrote=none" "4 read=none wrote=none"
	lender_is "3 read=none wrote=none" "4 read=none wrote=none"
	finish
}

# It tells of the signals of whoever reads.
test_signalfd() {
	replace signalfd 4=3
	kill -USR2 "$target"
	assert_match "the report" "$(poke "$target" kind/report)" $'^3 read=\\.{128} .*\n4 read=none '
	finish
}

test_inotify() {
	replace inotify 3=3
	touch lender/lent kind/kept
	assert_match "the report" "$(poke "$target" kind/report)" $'^3 .*\\.lent\\..*\n4 .*\\.kept\\.'
	finish
}

# They can be polled, not read, when the process has ended.
test_pidfd() {
	replace pidfd 4=4
	end "$(tree_of "$lender" | tail -n 1)"
	target_is "3 read=none wrote=none" "4 read=EINVAL wrote=none" "5 read=none wrote=none"
	end "$(tree_of "$target" | tail -n 1)"
	target_is "3 read=none wrote=none" "4 read=EINVAL wrote=none" "5 read=EINVAL wrote=none"
	finish
}

test_pidfd_of_itself() {
	replace pidfd 3=4
	end "$(tree_of "$lender" | tail -n 1)"
	target_is "3 read=EINVAL wrote=none" "4 read=none wrote=none" "5 read=none wrote=none"
	finish
}

test_netlink() {
	replace netlink 3=3
	finish
}

# criu before 4.2 asks inet sockets for options that new kernels have only for unix sockets.
need_inet_dump() {
	mkdir try
	start_target kinds udp /tmp/try
	criu dump -t "$target" -D try -o dump.log >/dev/null 2>&1 || {
		grep -q "Can't get 1:" try/dump.log || fail "$(grep Error try/dump.log)"
		skip "criu $(criu --version | sed -n 's/Version: //p') cannot dump inet sockets on this kernel"
	}
	wait_for test ! -e "/proc/$target"
}

test_udp() {
	need_inet_dump
	replace udp 3=3
	finish
}

test_tcp_listener() {
	need_inet_dump
	dump_options=(--tcp-established --network-lock skip)
	restore_options=(--tcp-established --network-lock skip)
	replace tcp 3=3
	target_is "3 read=none wrote=none" "4 read=none wrote=8" "5 read=none wrote=8"
	target_is "3 read=none wrote=none" "4 read=fd.0005. wrote=8" "5 read=fd.0004. wrote=8"
	finish
}

# The other end learns that it is alone as over a network: by a reset.
test_tcp_connection() {
	need_inet_dump
	dump_options=(--tcp-established --network-lock skip)
	restore_options=(--tcp-established --network-lock skip)
	replace tcp 4=4
	assert_match "the report" "$(poke "$target" kind/report)" $'4 read=none wrote=8\n5 .* wrote=EPIPE'
	lender_is "3 read=none wrote=none" "4 read=none wrote=8" "5 read=fd.0004. wrote=8"
	finish
}

e2e_main "$@"

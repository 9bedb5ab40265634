#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the plan refuses starts no criu; images that hang or change harm nobody.
. "$(dirname "$0")/lib.sh"

# A criu that leaves a mark when it is started, and runs what is in /tmp/first before.
mark_criu() {
	printf '#!/bin/sh\n: >/tmp/criu-ran\n[ ! -x /tmp/first ] || /tmp/first\nexec %q "$@"\n' "$CRIU" >/tmp/marking
	chmod 755 /tmp/marking
	CRIU=/tmp/marking
}

# A restore of images/ is refused with this code, by the plan, and criu is not started.
refuses() { # code argument...
	rm -f /tmp/criu-ran
	assert_status 3 ctl restore --json=short -D images "${@:2}"
	assert_match "the error" "$output" '"code":"REFUSED"'
	assert_match "the problems" "$output" "\"code\":\"$1\",\"error\":true"
	[ ! -e /tmp/criu-ran ] || fail "criu was started although $1 was found"
	[ ! -e "/proc/$target" ] || fail "something was restored although $1 was found"
}

test_what_the_plan_refuses_starts_no_criu() {
	local real=$CRIU

	start_target fdholder rw:/tmp/log a:/tmp/log dup:3 pipe socketpair
	dump "$target" images
	mark_criu
	start_broker
	: >readable
	exec 10<>new 11<readable
	refuses no-match --fd a=10 --map "$target.99=a"
	refuses no-match --fd a=10 --map "99.3=a"
	refuses no-match --fd a=10 --map "id:0xfff=a"
	refuses no-match --fd a=10 --map "path:/nowhere=a"
	refuses no-match --fd a=10 --map "pipe[5]=a"
	refuses mapped-twice --fd a=10 --map "$target.3=a" --map "$target.5=a"
	refuses mapped-twice --fd a=10 --map "tmp/log=a" --map "path:/tmp/log=a"
	refuses wrong-access --fd a=11 --map "$target.3=a"
	refuses wrong-kind --fd a=/dev/null:rw --map "$target.8=a"
	refuses exe-replaced --fd a=10 --map "path:$TARGETS/fdholder=a"
	# Each mapping's error is told, not only the first one's.
	refuses no-match --fd a=10 --fd b=11 --map "$target.99=a" --map "$target.3=b"
	assert_match "the problems" "$output" '"code":"wrong-access","error":true'
	CRIU=$real
	stop_broker
}

# The errors that take a tree of their own.
test_more_that_the_plan_refuses() {
	local real=$CRIU

	start_target sharer /tmp/log /tmp/report
	dump "$target" images
	mark_criu
	start_broker
	exec 10<>new
	refuses mapping-replaced --fd a=10 --map tmp/log=a
	CRIU=$real
	stop_broker
	start_target kinds eventfd /tmp
	dump "$target" watched
	rm -rf images && mv watched images
	mark_criu
	start_broker
	refuses not-pollable --fd a=10 --map "$target.4=a" --at-own-risk wrong-kind
	CRIU=$real
	stop_broker
}

test_a_root_directory_and_a_number_of_a_pty() {
	local real=$CRIU lender dumped

	mkdir kind lender
	start_target kinds pty /tmp/kind
	dumped=$target
	dump "$target" images
	# The number of the dumped pty is free now, and the next one gets it.
	start_target kinds pty /tmp/lender
	lender=$target
	target=$dumped
	mark_criu
	start_broker
	exec 12</usr 11<>/dev/ptmx
	refuses root-replaced --fd a=12 --map path:/=a
	refuses cannot-reopen --fd a=11 --map "$target.4=a" --reopen a
	assert_status 3 "$TOOLS/borrow" 10="$lender.4" "$CTL" restore --json=short -D images --fd a=10 --map "$target.4=a"
	assert_match "the problems" "$output" '"code":"pty-number","error":true'
	[ ! -e criu-ran ] || fail "criu was started"
	end "$lender"
	CRIU=$real
	stop_broker
}

# So many problems that they do not fit into a packet: errors come as far as there is room, the session lives.
test_more_problems_than_a_packet_holds() {
	local i long

	printf -v long '%075d' 0
	start_target fdholder a:/tmp/log
	dump "$target" images
	{
		printf '['
		for ((i = 0; i < 8000; i++)); do
			printf '%s{"target":"path:/no/%s/%d","lent":"a"}' "${sep:-}" "$long" $i
			local sep=,
		done
		printf ']'
	} >many.json
	start_broker
	exec 10>>new
	assert_status 3 ctl restore --json=short -D images --fd a=10 --mappings many.json
	assert_match "the error" "$output" '"code":"REFUSED"'
	stop_broker
}

test_a_near_miss_is_named() {
	local key

	start_target fdholder a:/tmp/log pipe
	key=$(fd_is "$target" 4)
	dump "$target" images
	start_broker
	exec 10>>new
	assert_status 3 ctl restore -D images --fd a=10 --map "tmp/lag=a"
	assert_match "the proposal" "$output" "did you mean 'key:tmp/log'"
	assert_status 3 ctl restore -D images --fd a=10 --map "${key/:/}=a"
	assert_match "the proposal" "$output" "did you mean 'key:pipe:"
	stop_broker
}

# Between the plan and criu's own look at them.
test_images_that_change_are_refused() {
	start_target fdholder a:/tmp/log
	dump "$target" images
	mark_criu
	start_broker
	printf '#!/bin/sh\ntouch /tmp/images/files.img\n' >first
	chmod 755 first
	exec 10>>new
	assert_status 3 ctl restore --json=short -D images --fd a=10 --map "$target.3=a"
	assert_match "the error" "$output" '"code":"BAD_IMAGES"'
	assert_match "the error" "$output" "were changed"
	[ -e criu-ran ] || fail "criu was not even started"
	wait_for test ! -e "/proc/$target"
	rm first
	ctl restore -D images --fd a=10 --map "$target.3=a"
	end "$target"
	stop_broker
}

# The directory of a dead FUSE server: an error for its client, and for nobody else.
test_a_directory_that_hangs_harms_its_client_alone() {
	local status=0 hanging

	start_target fdholder a:/tmp/log
	dump "$target" images
	mkdir dead
	start_broker
	exec 10>>new
	timeout -s KILL 30 "$TOOLS/fuse-hang" dead "$CTL" restore --json=short -D /proc/self/fd/9 --deadline 2 >said 2>&1 &
	hanging=$!
	wait_for grep -q 'job 1: accepted' broker.log
	# The others are served as if nothing were.
	ctl restore -D images --fd a=10 --map "$target.3=a"
	ctl status
	end "$target"
	wait $hanging || status=$?
	[ $status != 77 ] || skip "no FUSE here"
	assert_eq "the status of the client that hangs" $status 5
	assert_match "its error" "$(<said)" '"code":"DEADLINE"'
	stop_broker
}

test_the_clients_directory_stays_as_it_was() {
	start_target fdholder a:/tmp/log a:/tmp/log
	dump "$target" images
	(cd images && stat -c '%n %s %Y %Z %h' . ./* && sha256sum ./*) >before
	start_broker
	exec 10>>new
	assert_status 0 ctl restore -D images --fd a=10 --map "$target.3=a"
	if [[ $output == *bound-layer* ]]; then fail "there was no overlayfs: $output"; fi
	same_open_file "$target" 3 "$BASHPID" 10
	if same_open_file "$target" 4 "$BASHPID" 10; then fail "the other open file was replaced too"; fi
	end "$target"
	(cd images && stat -c '%n %s %Y %Z %h' . ./* && sha256sum ./*) | diff before - >&2
	stop_broker
}

# Images that lie on an overlay on an overlay: no third one can be put over them.
test_where_no_overlay_can_be_had() {
	mkdir -p lower u1 w1 m1 u2 w2 m2
	start_target fdholder a:/tmp/log a:/tmp/log
	dump "$target" lower
	mount -t overlay -o lowerdir=lower,upperdir=u1,workdir=w1 overlay m1
	mount -t overlay -o lowerdir=m1,upperdir=u2,workdir=w2 overlay m2
	start_broker
	exec 10>>new
	assert_status 0 ctl restore -D m2 --fd a=10 --map "$target.3=a"
	assert_match "what is said" "$output" "bound-layer"
	same_open_file "$target" 3 "$BASHPID" 10
	if same_open_file "$target" 4 "$BASHPID" 10; then fail "the other open file was replaced too"; fi
	end "$target"
	stop_broker
	umount m2 m1
}

e2e_main "$@"

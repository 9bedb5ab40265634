#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two users, root and a member of the group that may restore, ask for more than can be done at one time.
# Limits of users: test_limits.c.
#
# Environment: FDB_USERS_RESTORES restores of each user [100].
. "$(dirname "$0")/lib.sh"

restores=${FDB_USERS_RESTORES:-100}
b=4242:$(getent group users | cut -d: -f3)
first_a=20001 first_b=25001 # pids of the trees of each

# Directories a/PID and b/PID with images of a tree of its own each.
make_trees() {
	local user first i

	start_target fdholder a:/tmp/old
	dump "$target" dumped
	for user in a b; do
		[ $user = a ] && first=$first_a || first=$first_b
		mkdir $user $user/images
		"$TOOLS/renumber-images" dumped $user/images "$first" $((first + restores - 1))
		for ((i = first; i < first + restores; i++)); do
			mkdir "$user/$i"
			mv "$user/images/$i" "$user/$i/images"
		done
	done
	chown -R 4242:4242 b # what a user has no right to read cannot be lent
	rm -f old
	touch old
	chmod 666 old
}

rss_kib() {
	sed -n 's/^VmRSS:[[:blank:]]*\([0-9]*\) kB$/\1/p' "/proc/$broker/status"
}

accepted_from() { # uid count
	[ "$(grep -c "accepted from session .*(uid $1," broker.log)" -ge "$2" ]
}

# In the order in which the results came: the user of each job, from the moment on at which b had asked for
# its last until b had its last result.
users_in_turn() {
	awk -v last="$restores" '
		match($0, /job [0-9]+: accepted .*\(uid [0-9]+/) {
			job = $3
			user[job] = /uid 4242/ ? "b" : "a"
			asked_b += user[job] == "b"
		}
		/job [0-9]+: restored/ {
			got_b += user[$3] == "b"
			if (asked_b == last && !over)
				print user[$3]
			over = got_b == last
		}' broker.log
}

# Of lines a and b: the most of a between two of b.
longest_wait_of_b() {
	awk '$0 == "a" { n++ } $0 == "b" { if (n > most) most = n; n = 0 } END { print most + 0 }'
}

# Each log is of its own tree and of none else.
assert_own_logs() {
	local dir pids

	for dir in a/2???? b/2????; do
		pids=$(grep -oE 'Forking task with [0-9]+ pid' "$dir/restore.log" | grep -oE '[0-9]+' | sort -u)
		assert_eq "the pids in the log of $dir" "$pids" "${dir#*/}"
	done
}

test_two_users_share_two_workers() {
	local start warm

	make_trees
	broker_options=(--workers 2 --group users)
	start_broker
	chmod 666 "$SOCKET"

	# Warm.
	"$TOOLS/many-restores" "$SOCKET" 0:0 path:/tmp/old a/$first_a >said
	"$TOOLS/many-restores" "$SOCKET" "$b" path:/tmp/old b/$first_b >said
	wait_for broker_as_before
	warm=$(rss_kib)
	: >broker.log
	start=$EPOCHREALTIME

	"$TOOLS/many-restores" "$SOCKET" 0:0 path:/tmp/old a/2???? >a.said &
	wait_for accepted_from 0 "$restores"
	"$TOOLS/many-restores" "$SOCKET" "$b" path:/tmp/old b/2???? >b.said
	wait $!

	assert_eq "good restores of a" "$(grep -c ' good$' a.said)" "$restores"
	assert_eq "good restores of b" "$(grep -c ' good$' b.said)" "$restores"
	assert_own_logs
	assert_eq "different jobs" "$(cut -d ' ' -f 1 a.said b.said | sort -u | wc -l)" $((2 * restores))
	wait_for broker_as_before
	echo "$((2 * restores)) restores in $(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $start }") s;" \
		"at most $(users_in_turn | longest_wait_of_b) of a's between two of b's," \
		"$(users_in_turn | grep -c a) of a's while b had $(users_in_turn | grep -c b);" \
		"VmRSS $warm KiB when warm, $(rss_kib) KiB after"
	# Each has a worker of its own, so to speak: one that takes longer costs its own user only.
	[ "$(users_in_turn | longest_wait_of_b)" -le 10 ] || fail "b waits while a is served"
	[ "$(users_in_turn | grep -c a)" -le $((restores * 13 / 10)) ] || fail "a is served more often than b"
	# What is kept of each job, and nothing else: test_limits.c reaches the limit of that.
	[ $(($(rss_kib) - warm)) -le $((2 * restores * 10)) ] ||
		fail "the daemon has grown from $warm to $(rss_kib) KiB"
	stop_broker
}

e2e_main "$@"

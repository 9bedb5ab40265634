#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The worst, at every stage of a restore: kill -9 and SIGSTOP of criu, kill -9 of the client, Cancel, the deadline,
# kill -9 and SIGTERM of the daemon. Each time the outcome must be the right one and not be lost, and nothing may be
# left (tools/stages.c, quiet.h). ROUNDS=20 does each twenty times.
. "$(dirname "$0")/lib.sh"

# A parent with a thread, and a child; they write to a log, so whoever runs is found out.
dump_family() {
	start_target family /tmp/old.log
	dump "$target" images
	options=(--lend tmp/old.log)
}

# A tree with namespaces, which has stages of its own; and an open file is split off, which puts a layer over the
# images.
dump_jail() {
	local init

	mkdir root
	start_target jail --pids /tmp/root
	init=$(tree_of "$target" | sed -n 2p)
	wait_for is_ready "$init"
	dump "$init" images
	wait_for gone "$target"
	options=(--root /tmp/root --lend 1.3)
}

# What it says is the last that this test says.
stages() { # rounds what [option...]
	mkdir -p "${SOCKET%/*}"
	"$TOOLS/stages" --rounds "${ROUNDS:-$1}" "${options[@]}" "${@:3}" "$BROKER" "$CRIU" /tmp/images "$2" ||
		fail "at $2, see above"
	[[ $* != *--no-cgroup* ]] || grep -q "no cgroup v2" broker.log || fail "the daemon has a cgroup"
}

test_criu_is_killed_or_stopped() {
	dump_family
	stages 1 criu
}

test_the_client_cancels_or_is_killed() {
	dump_family
	stages 1 client
}

test_the_daemon_is_killed_or_stopped() {
	dump_family
	stages 1 broker
}

test_the_daemon_is_killed_at_its_system_calls() {
	dump_family
	stages 1 calls
}

test_no_cgroup_and_the_daemon_is_killed_at_its_system_calls() {
	dump_family
	stages 1 calls --no-cgroup
}

test_namespaces_and_the_daemon_is_killed_at_its_system_calls() {
	dump_jail
	stages 1 calls
}

test_trees_outlive_the_daemon_without_cgroup() {
	dump_family
	stages 1 trees --no-cgroup
}

test_trees_outlive_the_daemon() {
	dump_family
	stages 1 trees
}

# systemd holds a pidfd of each root: how it ended is known even if no daemon was there.
test_trees_outlive_the_daemon_with_a_descriptor_store() {
	dump_family
	stages 1 trees --keep
}

test_namespaces_and_criu() {
	dump_jail
	stages 1 criu
}

test_namespaces_and_the_client() {
	dump_jail
	stages 1 client
}

test_namespaces_and_the_daemon() {
	dump_jail
	stages 1 broker
}

# Where there is no cgroup v2: the trees are found by walking them.
test_no_cgroup_and_criu() {
	dump_family
	stages 1 criu --no-cgroup
}

test_no_cgroup_and_the_client() {
	dump_family
	stages 1 client --no-cgroup
}

test_no_cgroup_and_the_daemon() {
	dump_family
	stages 1 broker --no-cgroup
}

e2e_main "$@"

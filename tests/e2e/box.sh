# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests that want a real systemd as PID 1 (tests/rig/sdbox): to be read after lib.sh.
#
# A root is a name: "own" is the machine's, "trixie" the tree of tests/rig/debian-tree. One box at a time, in
# /tmp/box; it goes with the test, and a test that does not end it itself (box_down) fails.
#
#	this_and_that() { box_up "$1"; box_install; ...; box_down; }     its argument is a root
#	on_both this_and_that ...                                        makes test_this_and_that_on_own, ..._on_trixie

SDBOX=$e2e_top/tests/rig/sdbox
# Where the images of box_dump are, and the log of its target, inside.
IMAGES=/var/lib/images
LOG=/var/log/target

on_both() { # function...
	local name root

	for name in "$@"; do
		for root in own trixie; do
			eval "test_${name}_on_$root() { $name $root; }"
		done
	done
}

# Sets $box_root to the path of a tree.
box_root() { # root
	case $1 in
	own) box_root=/ ;;
	trixie)
		# It takes minutes to make, which "make e2e" does, and "make check" does not.
		[ -d "$e2e_top/build/tree" ] || skip "there is no Debian 13 tree: tests/rig/debian-tree makes it"
		box_root=$("$e2e_top/tests/rig/debian-tree") || fail "no Debian 13 tree"
		;;
	esac
}

# Sets $inside to the box's root as it is seen from here, and $box_systemd to its systemd's version.
box_up() { # root
	box_root "$1"
	SDBOX_FOR=$BASHPID SDBOX_SHARE=$e2e_top:$e2e_build "$SDBOX" up /tmp/box "$box_root" ||
		fail "the box does not boot"
	inside=/proc/$(</tmp/box/pid)/root
	box_systemd=$(in_box systemctl --version | awk 'NR == 1 { print $2 }')
}

box_down() {
	"$SDBOX" down /tmp/box
}

# A command inside, beside the services, with a deadline.
in_box() { # command...
	"$SDBOX" run /tmp/box timeout -s KILL 100 "$@"
}

# In the machine's own root the criu is the one of find-criu; the Debian 13 tree has its own.
box_criu() {
	[ "$box_root" = / ] || return 0
	printf '#!/bin/sh\nexec "%s" "$@"\n' "$CRIU" >"$inside/usr/local/sbin/criu"
	chmod 755 "$inside/usr/local/sbin/criu"
}

# What "make install" makes, and what docs/operations.md says to do after it.
box_install() {
	cp -a "$e2e_build/stage/$((box_systemd >= 254 ? 257 : 252))/." "$inside/"
	box_criu
	in_box systemd-sysusers 2>/tmp/sysusers || fail "$(</tmp/sysusers)"
	in_box systemd-tmpfiles --create criu-fdbroker.conf
	in_box journalctl --update-catalog
	in_box systemctl daemon-reload
	in_box systemctl enable --now --quiet criu-fdbroker.socket
}

# Lines for the [Service] section of the unit, or nothing; the daemon runs with them afterwards.
box_drop_in() { # line...
	local dir=$inside/run/systemd/system/criu-fdbroker.service.d

	mkdir -p "$dir"
	{
		printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\n'
		printf '%s\n' "$@"
	} >"$dir/test.conf"
	in_box systemctl daemon-reload
	in_box systemctl restart criu-fdbroker
}

unit() { # property: its value for the daemon's unit
	in_box systemctl show --value -p "$1" criu-fdbroker.service
}

# A program inside that is a service of its own, dumped: $restored is its pid, $IMAGES has the images.
box_dump() {
	in_box systemd-run --quiet --unit=target -p StandardInput=null -p StandardOutput=null \
		-p StandardError=null "$TARGETS/writer" $LOG
	restored=$(in_box systemctl show --value -p MainPID target)
	wait_for box_ready
	in_box mkdir $IMAGES
	in_box env ${CRIU_FAULT:+"CRIU_FAULT=$CRIU_FAULT"} PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/bin \
		criu dump -t "$restored" -D $IMAGES -o dump.log || fail "the dump failed: $(tail -n 3 "$inside$IMAGES/dump.log")"
	in_box systemctl reset-failed target 2>/dev/null || true
	wait_for test ! -e "$inside/proc/$restored"
}

box_ready() {
	[ "$(cat "$inside/proc/$restored/comm")" = ready ]
}

# With a deadline that is short enough for a restore that hangs.
box_restore() {
	in_box fdbroker-ctl restore -D $IMAGES --deadline 5
}

# The tree writes on: the log has more lines than it has now.
assert_tree_lives() {
	local lines

	[ -e "$inside/proc/$restored" ] || fail "the tree is gone"
	lines=$(wc -l <"$inside$LOG")
	wait_for -t 2 has_lines "$inside$LOG" $((lines + 1))
}

box_end_tree() {
	in_box sh -c "kill -KILL $restored"
	wait_for test ! -e "$inside/proc/$restored"
}

# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests that want a real systemd as PID 1 (tests/rig/sdbox): to be read after lib.sh.
#
# A root is a name: "own" is the machine's, "trixie" the tree of tests/rig/debian-tree. One box at a time, in
# /tmp/box; it goes with the test, and a test that does not end it itself (box_down) fails.

SDBOX=$e2e_top/tests/rig/sdbox

# Sets $box_root to the path of a tree.
box_root() { # root
	case $1 in
	own) box_root=/ ;;
	trixie) box_root=$("$e2e_top/tests/rig/debian-tree") || fail "no Debian 13 tree" ;;
	esac
}

box_up() { # root
	box_root "$1"
	SDBOX_FOR=$BASHPID SDBOX_SHARE=$e2e_top:$e2e_build "$SDBOX" up /tmp/box "$box_root" ||
		fail "the box does not boot"
}

box_down() {
	"$SDBOX" down /tmp/box
}

# A command inside, beside the services, with a deadline.
in_box() { # command...
	"$SDBOX" run /tmp/box timeout -s KILL 60 "$@"
}

# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# For tests that want a real systemd as PID 1 (tests/rig/sdbox): to be read after lib.sh.
#
# A root is a name: "own" is the machine's, "trixie" the tree of tests/rig/debian-tree. One box at a time, in
# /tmp/box; it goes with the test, and a test that does not end it itself (box_down) fails.
#
#	this_and_that() { box_up "$1"; box_install; ...; box_down; }     its argument is a root
#	on_both this_and_that ...                                        makes test_this_and_that_on_own, ..._on_trixie
#
# Environment: FDB_INSTALL what box_install puts into the box: "stage" (the default), what "make install" makes, or
# "packages", Debian's packages of tests/rig/packages.

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
		# "make check" and "make e2e" make it, for a test has a deadline; they cannot if there is no mirror.
		box_root=$("$e2e_top/tests/rig/debian-tree" --made) ||
			skip "there is no Debian 13 tree: tests/rig/debian-tree makes it"
		;;
	esac
}

# Sets $packages to the folder with those of the box's release: new/ and old/.
box_packages() { # root
	packages=$("$e2e_top/tests/rig/packages" "$1" 2>/tmp/packages.log) || fail "no packages: $(</tmp/packages.log)"
}

# Sets $inside to the box's root as it is seen from here, and $box_systemd to its systemd's version.
box_up() { # root
	box_root "$1"
	box_release=$1
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

# The daemon and all that belongs to it, and its socket is there.
box_install() {
	box_criu
	case ${FDB_INSTALL:-stage} in
	stage) box_install_stage ;;
	packages)
		box_packages "$box_release"
		box_dpkg "$packages"/new
		;;
	*) fail "FDB_INSTALL=$FDB_INSTALL is not known" ;;
	esac
}

# The packages of a folder, debug symbols excepted, by dpkg: as root without anything to answer it.
box_dpkg() { # folder
	rm -rf "$inside/debs"
	mkdir "$inside/debs"
	find "$1" -name '*.deb' ! -name '*-dbgsym_*' -exec cp -t "$inside/debs" {} +
	# What is not wanted here and takes longest.
	rm -f "$inside/var/lib/man-db/auto-update"
	in_box sh -c 'dpkg -i /debs/*.deb' >/tmp/dpkg.log 2>&1 || fail "$(</tmp/dpkg.log)"
}

# What "make install" makes, and what docs/operations.md says to do after it.
box_install_stage() {
	cp -a "$e2e_build/stage/$((box_systemd >= 253 ? 257 : 252))/." "$inside/"
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

daemon_runs() {
	[ "$(unit ActiveState)" = active ]
}

# Another process than before, and it serves.
runs_anew() { # former pid
	daemon_runs && [ "$(unit MainPID)" != "$1" ]
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

# How a task has ended that is no child of the daemon's any more is known to Linux 6.15 and newer.
kernel_tells() {
	[ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -n 1)" = 6.15 ]
}

# It is ended by SIGTERM; whoever asks hears of that.
known_end() {
	kernel_tells && echo 143 || echo 125
}

# A client begins to wait for the end of a job, before what is done to the daemon; $waiting is its pid.
start_waiting() { # job
	in_box fdbroker-ctl wait --exit-status "$1" 2>/tmp/waited &
	waiting=$!
	wait_for has_session 1
}

has_session() { # how many
	# The one that asks is one.
	[[ $(in_box fdbroker-ctl status) =~ sessions\ +$(($1 + 1)), ]]
}

# All that could be asked before can be asked now; and when the tree ends, who has waited all the time hears it, and
# who asks later.
nothing_was_lost() { # job what was done
	local status=0

	assert_tree_lives
	assert_match "job $1 after $2" "$(in_box fdbroker-ctl show "$1" --json=short)" \
		'"state":"running".*"outcome":"restored".*"pid":'"$restored"
	assert_match "its log after $2" "$(in_box fdbroker-ctl log "$1")" "Restore finished successfully"
	in_box sh -c "kill -TERM $restored"
	wait $waiting || status=$?
	assert_eq "what waited, after $2: $(</tmp/waited)" $status "$(known_end)"
	assert_status "$(known_end)" in_box fdbroker-ctl wait --exit-status "$1"
	wait_for test ! -e "$inside/proc/$restored"
}

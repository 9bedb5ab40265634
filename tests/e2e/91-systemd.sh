#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon as a service of a real systemd: installed (by "make install", or as packages: box.sh), started by its
# socket, reloaded, restarted, hung, killed and stopped, and what is restored lives, and its end is known.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/box.sh"

has_status() {
	[ "$(unit StatusText)" ]
}

the_socket_starts_it() {
	box_up "$1"
	box_install
	assert_eq "the socket" "$(in_box stat -c '%a %U %G' $SOCKET)" "660 root criu-fdbroker"
	assert_eq "its folder" "$(in_box stat -c '%a %U %G' ${SOCKET%/*})" "755 root root"
	assert_eq "the daemon" "$(unit ActiveState)" inactive
	assert_match "the first answer" "$(in_box fdbroker-ctl status)" "criu-fdbroker [0-9.]+, pid $(unit MainPID),"
	assert_eq "the daemon" "$(unit ActiveState)" active
	wait_for has_status
	assert_match "its status" "$(unit StatusText)" "0 restoring, 0 waiting, 0 trees alive"
	# Nobody else may connect.
	assert_status 6 in_box setpriv --reuid=65534 --regid=65534 --clear-groups fdbroker-ctl status
	in_box setpriv --reuid=65534 --regid=65534 --groups="$(in_box getent group criu-fdbroker | cut -d: -f3)" \
		fdbroker-ctl status >/dev/null
	assert_eq "failed units" "$(in_box systemctl --failed --no-legend)" ""
	box_down
}

units_are_sound() {
	box_up "$1"
	box_install
	assert_eq "what verify says" "$(in_box systemd-analyze verify --man=no criu-fdbroker.{socket,service} 2>&1)" ""
	assert_eq "the type" "$(unit Type)" "$([ "$box_systemd" -ge 253 ] && echo notify-reload || echo notify)"
	# The figure that the unit's text and docs/operations.md give.
	assert_match "the score" "$(in_box systemd-analyze security --no-pager criu-fdbroker | tail -n 1)" "9\.6 UNSAFE"
	box_down
}

# What is done to the daemon, while a client waits.
order() { # name
	local pid

	pid=$(unit MainPID)
	case $1 in
	daemon-reload) in_box systemctl daemon-reload ;;
	reload)
		in_box systemctl reload criu-fdbroker
		assert_eq "the daemon" "$(unit MainPID) $(unit NRestarts)" "$pid 0"
		;;
	restart)
		in_box systemctl restart criu-fdbroker
		runs_anew "$pid" || fail "no other daemon"
		# At once, not only when it looks around the next time.
		assert_match "its status" "$(unit StatusText)" "1 tree alive"
		;;
	kill)
		in_box systemctl kill -s KILL --kill-who=main criu-fdbroker
		wait_for runs_anew "$pid"
		;;
	# The client that waits starts it again.
	stop)
		in_box systemctl stop criu-fdbroker.service
		wait_for runs_anew "$pid"
		;;
	stop-all)
		in_box systemctl stop criu-fdbroker.socket criu-fdbroker.service
		assert_eq "the daemon" "$(unit ActiveState)" inactive
		assert_tree_lives
		in_box systemctl start criu-fdbroker.socket
		wait_for runs_anew "$pid"
		;;
	esac
}

trees_outlive_the_daemon() {
	local name job=0

	box_up "$1"
	box_install
	box_dump
	for name in daemon-reload reload restart kill stop stop-all; do
		job=$((job + 1))
		box_restore
		start_waiting $job
		order $name
		nothing_was_lost $job "$name"
	done
	assert_eq "failed units" "$(in_box systemctl --failed --no-legend)" ""
	box_down
}

is_reloaded() {
	in_journal MESSAGE_ID="$(message_id RELOADED)"
}

has_setting() { # KEY=VALUE
	[[ $(in_box fdbroker-ctl config) == *"$1"* ]]
}

reload_disturbs_nothing() {
	local pid

	box_up "$1"
	box_install
	box_dump
	in_box fdbroker-ctl status >/dev/null
	pid=$(unit MainPID)
	in_box systemctl reload criu-fdbroker
	wait_for is_reloaded
	assert_eq "the daemon" "$(unit ActiveState) $(unit MainPID) $(unit NRestarts)" "active $pid 0"
	box_restore
	assert_tree_lives
	# What is wrong in a file is told by whoever reloads, and changes nothing.
	in_box sh -c 'mkdir -p /etc/criu-fdbroker && printf "[Limits]\nMaxMappings=7\nMaxWorkers=many\n" >/etc/criu-fdbroker/new.conf'
	assert_status 1 in_box systemctl reload criu-fdbroker
	assert_eq "the daemon" "$(unit ActiveState) $(unit MainPID) $(unit NRestarts)" "active $pid 0"
	assert_match "the setting" "$(in_box fdbroker-ctl config)" "MaxMappings=[0-9]{3}"
	assert_match "the journal" "$(in_box journalctl -u criu-fdbroker)" "new.conf:3: MaxWorkers"
	in_box sed -i /MaxWorkers/d /etc/criu-fdbroker/new.conf
	in_box systemctl reload criu-fdbroker
	wait_for has_setting MaxMappings=7
	assert_tree_lives
	box_end_tree
	box_down
}

a_hung_daemon_is_started_anew() {
	local pid

	box_up "$1"
	box_install
	box_drop_in WatchdogSec=1 TimeoutAbortSec=1
	box_dump
	box_restore
	start_waiting 1
	pid=$(unit MainPID)
	# A second and a half in order, then it hangs.
	sleep 1.5
	assert_eq "the daemon" "$(unit ActiveState) $(unit MainPID)" "active $pid"
	in_box sh -c "kill -STOP $pid"
	wait_for runs_anew "$pid"
	assert_match "the journal" "$(in_box journalctl -u criu-fdbroker)" "Watchdog timeout"
	nothing_was_lost 1 "a hang"
	box_down
}

# The tree ends while there is no daemon. systemd holds its pidfd, and so its end is known all the same: but "stop"
# takes that away before systemd 254.
the_end_of_a_tree_is_known() {
	local pid status

	box_up "$1"
	box_install
	box_dump
	box_restore
	pid=$(unit MainPID)
	assert_eq "what systemd holds" "$(unit NFileDescriptorStore)" 1
	# The next one comes half a second later.
	in_box sh -c "kill -KILL $pid; kill -TERM $restored"
	wait_for runs_anew "$pid"
	assert_status "$(known_end)" in_box fdbroker-ctl wait --exit-status 1
	assert_eq "what systemd holds" "$(unit NFileDescriptorStore)" 0

	wait_for test ! -e "$inside/proc/$restored"
	box_restore
	in_box systemctl stop criu-fdbroker.service
	in_box sh -c "kill -TERM $restored"
	wait_for test ! -e "$inside/proc/$restored"
	status=$([ "$box_systemd" -ge 254 ] && known_end || echo 125)
	assert_status "$status" in_box fdbroker-ctl wait --exit-status 2
	if [ "$status" = 125 ]; then
		assert_status 1 in_box fdbroker-ctl wait 2
		assert_match "what wait says" "$output" "how is not known: the broker was not there"
		assert_match "the job" "$(in_box fdbroker-ctl show 2 --json=short)" '"outcome":"unknown".*"known":false'
	fi
	assert_eq "what systemd holds" "$(unit NFileDescriptorStore)" 0
	assert_match "the log is kept" "$(in_box fdbroker-ctl log 2)" "Restore finished successfully"
	box_down
}

ends() {
	[ "$(unit ActiveState)" = inactive ]
}

# Without work it goes, and comes back for a hundred at once: none is refused.
an_idle_daemon_ends() {
	local i

	box_up "$1"
	box_install
	# As packaged, and with what an administrator has.
	in_box criu-fdbroker --check-config
	in_box mkdir -p /etc/criu-fdbroker
	printf '[Broker]\nIdleExitSec=1\n' >"$inside/etc/criu-fdbroker/idle.conf"
	in_box systemctl restart criu-fdbroker
	for i in 1 2 3; do
		wait_for ends
		# shellcheck disable=SC2016 # for the shell inside
		assert_eq "round $i" "$(in_box sh -c 'for i in $(seq 100); do
			fdbroker-ctl status >/dev/null || echo refused &
		done
		wait' 2>&1)" ""
		assert_eq "the daemon" "$(unit ActiveState) $(unit NRestarts)" "active 0"
	done
	box_down
}

message_id() { # name, of daemon/service/messages.h
	sed -nE "s/^#define MESSAGE_$1 +\"(.*)\"/\\1/p" "$e2e_top/daemon/service/messages.h"
}

in_journal() { # match...
	[ "$(in_box journalctl -q -o cat "$@")" ]
}

the_journal_has_fields() {
	local entry

	box_up "$1"
	box_install
	box_dump
	box_restore
	wait_for in_journal MESSAGE_ID="$(message_id STARTED)"
	entry=$(in_box journalctl -q -o json MESSAGE_ID="$(message_id STARTED)")
	assert_match "the entry" "$entry" '"FDBROKER_CRIU":"[^"]*/criu"'
	assert_match "the entry" "$entry" '"FDBROKER_VERSION":"[0-9.]+"'
	assert_match "the entry" "$entry" '"SYSLOG_IDENTIFIER":"criu-fdbroker"'
	assert_match "its text" "$(in_box journalctl -q -x MESSAGE_ID="$(message_id STARTED)")" "takes connections now"
	assert_match "what is there of the job" "$(in_box journalctl -q -o cat FDBROKER_JOB=1)" "restored, root task is $restored"
	assert_eq "texts" "$(in_box journalctl --list-catalog | grep -c criu-fdbroker)" \
		"$(grep -c '^#define MESSAGE_' "$e2e_top/daemon/service/messages.h")"
	box_end_tree
	box_down
}

# All that a task may have inherited from those who restored it.
standing_of() { # pid
	grep -E '^(Uid|Gid|Groups|Umask|Cap[A-Z][a-z]+|NoNewPrivs|Seccomp.*|SigIgn|SigBlk|Cpus_allowed|Mems_allowed):' \
		"$inside/proc/$1/status"
	cat "$inside/proc/$1/limits" "$inside/proc/$1/oom_score_adj" "$inside/proc/$1/timerslack_ns" \
		"$inside/proc/$1/personality" "$inside/proc/$1/loginuid" 2>/dev/null
	# Without the one of time: criu makes one for every restore.
	in_box sh -c "for n in /proc/$1/ns/*; do echo \$n \$(readlink \$n); done" | grep -v time
	in_box sh -c "readlink /proc/$1/cwd /proc/$1/root; awk '{ print \$5, \$6 }' /proc/$1/stat; cat /proc/$1/sched" |
		grep -E '^/|policy|prio|^[0-9]+ [0-9]+$'
}

in_its_scope() {
	[ "$(in_box grep ^0:: "/proc/$restored/cgroup")" = 0::/system.slice/criu-fdbroker-1.scope ]
}

# Restored by criu itself, in a service without any setting, and by the daemon: no difference but for the cgroup.
nothing_of_the_unit_leaks() {
	local plain brokered

	box_up "$1"
	box_install
	box_dump
	in_box systemd-run --quiet --wait -p Type=oneshot -p KillMode=process --setenv=HOME=/root \
		${CRIU_FAULT:+"--setenv=CRIU_FAULT=$CRIU_FAULT"} \
		"$(in_box which criu)" \
		restore -d -D $IMAGES -o plain.log --manage-cgroups=ignore
	assert_tree_lives
	plain=$(standing_of "$restored")
	assert_match "what is looked at" "$plain" "Seccomp:.*CapBnd:.*|CapBnd:.*Seccomp:.*Max open files.*mnt:"
	box_end_tree
	box_restore
	assert_tree_lives
	brokered=$(standing_of "$restored")
	assert_eq "what is otherwise" "$(diff <(echo "$plain") <(echo "$brokered") || true)" ""
	wait_for in_its_scope
	assert_eq "its namespace of mounts" "$(in_box readlink "/proc/$restored/ns/mnt")" "$(in_box readlink /proc/1/ns/mnt)"
	box_end_tree
	box_down
}

on_both the_socket_starts_it units_are_sound trees_outlive_the_daemon reload_disturbs_nothing \
	a_hung_daemon_is_started_anew the_end_of_a_tree_is_known an_idle_daemon_ends the_journal_has_fields nothing_of_the_unit_leaks

e2e_main "$@"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the comments of systemd/criu-fdbroker.service.in say of each setting that must not be set, tried: the unit
# with the setting as a drop-in, and a restore. If one of these fails because a restore has become possible without
# a trace, the comment is to be changed and the setting to be considered.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/box.sh"

# Restored: what differs from a task of a unit without the setting, in words.
traces() {
	local status=$inside/proc/$restored/status found=()

	[ "$(awk '$1 == "NoNewPrivs:" { print $2 }' "$status")" = 0 ] || found+=(no_new_privs)
	[ "$(awk '$1 == "Seccomp:" { print $2 }' "$status")" = 0 ] || found+=(seccomp)
	[ "$(in_box readlink "/proc/$restored/ns/mnt")" = "$host_mnt" ] || found+=(mounts)
	[ "$(in_box readlink "/proc/$restored/ns/net")" = "$host_net" ] || found+=(network)
	echo "${found[*]:-no trace}"
}

# What becomes of a restore: "no start", "no restore: TEXT" or the traces.
outcome_with() { # setting
	local said

	# The former daemon is stopped either way.
	box_drop_in "$1" 2>/dev/null || { echo "no start" && return; }
	if said=$(box_restore 2>&1); then
		traces
		box_end_tree
	else
		echo "no restore: $said"
	fi
}

hardening() { # root, with rows "setting | pattern" on standard input
	local row setting pattern bad=0 got

	box_up "$1"
	box_install
	box_dump
	host_mnt=$(in_box readlink /proc/1/ns/mnt)
	host_net=$(in_box readlink /proc/1/ns/net)
	while read -r row; do
		setting=${row% | *} pattern=${row#* | }
		got=$(outcome_with "$setting")
		[[ $got =~ ^$pattern ]] || { echo "$setting: '$got', not '$pattern'" >&2 && bad=1; }
		[ ! -e "$inside/proc/$restored" ] || fail "$setting: a task is left behind"
	done
	[ $bad = 0 ] || fail "the unit's comments are not right"
	box_down
}

# One list on each systemd, for the time that it takes: both were seen to be the same on both.
test_seccomp_and_no_new_privs() {
	hardening own <<-'END'
		LogLevelMax=debug | no trace$
		NoNewPrivileges=yes | no_new_privs$
		SystemCallArchitectures=native | seccomp$
		LockPersonality=yes | seccomp$
		RestrictRealtime=yes | seccomp$
		ProtectHostname=yes | seccomp$
		RestrictAddressFamilies=AF_UNIX | seccomp$
		SystemCallFilter=~@obsolete | seccomp$
		SystemCallFilter=@system-service @debug @privileged @sandbox | no start$
		RestrictSUIDSGID=yes | seccomp$
		RestrictNamespaces=yes | no start$
	END
}

test_namespaces_and_privileges() {
	hardening trixie <<-'END'
		PrivateTmp=yes | mounts$
		ProtectSystem=full | mounts$
		ProtectSystem=strict | no restore: .*read-only now
		ProtectControlGroups=yes | mounts$
		PrivateNetwork=yes | mounts network$|^network$
		PrivateDevices=yes | no restore: .*capabilities that they had
		CapabilityBoundingSet=~CAP_SYS_BOOT | no restore: .*capabilities that they had
		CapabilityBoundingSet=~CAP_SYS_ADMIN | no start$
		PrivateUsers=yes | no start$
		ProtectClock=yes | no restore: .*monotonic clock
		MemoryDenyWriteExecute=yes | no restore: .*Can't map restorer code
	END
}

e2e_main "$@"

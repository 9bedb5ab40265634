#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Users who are not as good as root (class own of daemon/policy/policy.h): what they may restore with their own rights, and
# that neither images nor options nor other users' jobs give them more. Users 4242 and 4243 have no names.
. "$(dirname "$0")/lib.sh"

# Before a command: as that user; and the same with what criu needs to dump.
as_user=(setpriv --reuid 4242 --regid 4242 --clear-groups)
as_dumper=("${as_user[@]}" --inh-caps=+checkpoint_restore --ambient-caps=+checkpoint_restore)
as_other=(setpriv --reuid 4243 --regid 4243 --clear-groups)

# As start_target, for a user: the words before the name of the target make it one. Sets $target.
start_as() { # word... -- name argument...
	local who=()

	while [ "$1" != -- ]; do
		who+=("$1")
		shift
	done
	(
		exec >/dev/null </dev/null 2>/tmp/target.err
		close_from_3
		"${who[@]}" "${e2e_clean[@]}" setsid "$TARGETS/$2" "${@:3}" 2>/dev/null &
		echo $! >/tmp/target.pid
	)
	target=$(</tmp/target.pid)
	rm -f /tmp/target.pid /tmp/target.err
	wait_for is_ready "$target"
}

# As dump; the words make one the user of the process, with what it takes to dump.
dump_as() { # word... -- pid directory
	local who=()

	while [ "$1" != -- ]; do
		who+=("$1")
		shift
	done
	install -d -o 4242 -g 4242 "$3"
	"${who[@]}" timeout -s KILL 30 env ${CRIU_FAULT:+"CRIU_FAULT=$CRIU_FAULT"} "$CRIU" \
		dump --unprivileged -t "$2" -D "$3" -o dump.log || {
		grep -hs Error "$3/dump.log" >&2
		fail "the dump of $2 failed"
	}
	wait_for test ! -e "/proc/$2"
}

# The daemon with class own, for everybody who can connect.
start_own() {
	broker_options+=(--allow-own)
	start_broker
	chmod 755 "${SOCKET%/*}"
	chmod 666 "$SOCKET"
}

ctl_user() { # argument...
	"${as_user[@]}" timeout -s KILL 60 "$CTL" "$@"
}

ctl_other() { # argument...
	"${as_other[@]}" timeout -s KILL 60 "$CTL" "$@"
}

status_of() { # pid names-as-regex: the lines of its status, in one
	grep -E "^($2):" "/proc/$1/status" | tr -s '\t\n ' ' '
}

# No task of it, no criu, no file where there was none.
assert_nothing_left() { # pid directory
	[ ! -e "/proc/$1" ] || fail "task $1 is there: $(status_of "$1" 'State|Uid|CapPrm')"
	wait_for no_criu_runs
	[ -z "$2" ] || assert_eq "what is in $2" "$(ls -A "$2")" ""
}

# ---- what works -------------------------------------------------------------------------------

# With what it needs to live on, and with nothing of what criu had.
test_a_user_restores_its_own_tree() {
	local all pid rights='Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|Seccomp' before

	mkdir -m 777 logs
	start_as "${as_user[@]}" -- family /tmp/logs/log
	pid=$target
	before=$(status_of "$pid" "$rights")
	dump_as "${as_dumper[@]}" -- "$pid" images
	start_own
	assert_status 0 ctl_user restore -D images
	assert_eq "its rights" "$(status_of "$pid" "$rights")" "$before"
	assert_eq "no_new_privs" "$(status_of "$pid" NoNewPrivs)" "NoNewPrivs: 1 "
	assert_match "the log" "$(tail -n 20 /tmp/broker.log)" 'uid 4242, pid [0-9]+, fdbroker-ctl; class own: AllowOwn is on'
	: >logs/log
	wait_for grep -q child logs/log
	wait_for grep -q thread logs/log
	mapfile -t all < <(tree_of "$pid")
	# The tree is its own: it may do with it what it likes.
	"${as_user[@]}" kill -KILL "${all[@]}"
	assert_match "the list" "$(ctl_user list --no-legend)" '4242'
	wait_for gone "${all[@]}"
	stop_broker
}

# One of two open files of one path: that takes a layer over the images (docs/splitting.md).
test_lent_descriptors_are_restored_into_it() {
	start_as "${as_user[@]}" -- fdholder pipe rw:/tmp/own-file rw:/tmp/own-file dup:5
	dump_as "${as_dumper[@]}" -- "$target" images
	start_own
	install -o 4242 -g 4242 -m 600 /dev/null other-file
	# shellcheck disable=SC2016 # of the inner shell
	assert_status 0 "${as_user[@]}" bash -c 'exec 9<>other-file; exec timeout -s KILL 60 "$@"' x \
		"$CTL" restore -D images --fd out=9 --map "$target.5=out"
	assert_eq "what 5 is" "$(fd_is "$target" 5)" /tmp/other-file
	assert_eq "what 6 is" "$(fd_is "$target" 6)" /tmp/own-file
	assert_eq "what 7 is" "$(fd_is "$target" 7)" /tmp/other-file
	end "$target"
	stop_broker
}

# Exactly the groups that it had when it connected: with them criu need not change them, which it could not.
test_groups_are_those_of_the_client() {
	local with=(setpriv --reuid 4242 --regid 4242 --groups "4242,7001,7000")

	start_as "${with[@]}" -- fdholder
	dump_as "${with[@]}" --inh-caps=+checkpoint_restore --ambient-caps=+checkpoint_restore -- "$target" images
	start_own
	assert_status 4 ctl_user restore -D images
	assert_nothing_left "$target" ""
	assert_status 0 "${with[@]}" timeout -s KILL 60 "$CTL" restore -D images
	assert_eq "its groups" "$(status_of "$target" Groups)" "Groups: 4242 7000 7001 "
	end "$target"
	stop_broker
}

# ---- what does not ----------------------------------------------------------------------------

test_off_is_the_default() {
	start_as "${as_user[@]}" -- fdholder
	dump_as "${as_dumper[@]}" -- "$target" images
	start_broker
	chmod 755 "${SOCKET%/*}"
	chmod 666 "$SOCKET"
	assert_status 0 ctl_user status
	for call in "restore -D images" list "show 1" "cancel 1" "drain"; do
		# shellcheck disable=SC2086 # words
		assert_status 3 ctl_user $call
		assert_match "the error of $call" "$output" "[A-Z][a-z]+: not for uid 4242, whose class is none: .*AllowOwn is off"
	done
	assert_match "the log" "$(tail -n 1 /tmp/broker.log)" "refused .* to user 4242 \\(pid [0-9]+, fdbroker-ctl; class none: .*AllowOwn is off"
	assert_nothing_left "$target" ""
	stop_broker
}

# Its user id, a file in a folder of root's that criu would make again, and a folder that only root may enter.
test_images_of_root_give_nothing() {
	mkdir -m 700 roots
	start_target fdholder rw:/tmp/roots/ghost
	rm roots/ghost
	dump "$target" images
	chown -R 4242:4242 images
	start_own
	assert_status 4 ctl_user restore -D images
	assert_nothing_left "$target" roots
	rm -rf roots/*
	# Without the file: what is left is the user id.
	start_target fdholder
	dump "$target" images2
	chown -R 4242:4242 images2
	assert_status 4 ctl_user restore -D images2
	assert_match "what criu says" "$(ctl log 2)" "Unable to set real, effective and saved user ID|Can't set"
	assert_nothing_left "$target" ""
	stop_broker
}

# A descriptor of a folder opens no file in it that the user could not open by name.
test_images_that_it_may_not_read() {
	start_target fdholder
	dump "$target" images
	chmod 755 images
	chmod 600 images/*
	start_own
	assert_status 3 ctl_user restore -D images
	assert_match "the error" "$output" "inventory.img: cannot open the image: Permission denied"
	assert_nothing_left "$target" ""
	stop_broker
}

# criu has this capability, and would leave it to whoever had it before.
test_a_capability_is_not_kept() {
	start_as "${as_dumper[@]}" -- fdholder
	assert_match "what it has" "$(status_of "$target" CapAmb)" '10000000000'
	dump_as "${as_dumper[@]}" -- "$target" images
	start_own
	assert_status 3 ctl_user restore -D images
	assert_match "the error" "$output" "would have capabilities"
	assert_match "the log" "$(</tmp/broker.log)" 'refused to user 4242 \(pid [0-9]+; class own\): PERMISSION: a restored task \([0-9]+\) would have capabilities'
	assert_nothing_left "$target" ""
	stop_broker
}

# It holds what the user has not, so the kernel lets the user end it, and not look into it or use it.
test_the_user_and_its_criu() {
	local pid client

	cat >waiting <<-END
		#!/bin/sh
		echo \$\$ >/tmp/worker
		[ ! -e /tmp/go ] || exec '$CRIU' "\$@"
		while :; do sleep 0.1; done
	END
	chmod 755 waiting
	install -o 4242 -m 644 /dev/null worker
	start_as "${as_user[@]}" -- fdholder
	dump_as "${as_dumper[@]}" -- "$target" images
	CRIU=/tmp/waiting
	start_own
	ctl_user restore -D images >client 2>&1 &
	client=$!
	wait_for test -s worker
	pid=$(<worker)
	assert_eq "its rights" "$(status_of "$pid" 'Uid|Groups|CapPrm|CapAmb|NoNewPrivs')" \
		"Uid: 4242 4242 4242 4242 Groups: CapPrm: 0000010000000100 CapAmb: 0000010000000100 NoNewPrivs: 1 "
	assert_eq "its environment" "$(tr '\0' '\n' <"/proc/$pid/environ" | cut -d= -f1 | sort | tr '\n' ' ')" \
		"${CRIU_FAULT:+CRIU_FAULT }HOME LANG PATH "
	# Standard ones, the socket to the daemon, images, work directory; and the script's own.
	assert_eq "its descriptors" "$(fds_of "$pid" | awk '$1 < 10 { print $1 }' | tr '\n' ' ')" "0 1 2 3 4 5 "
	for file in environ maps mem fd/3 cwd/stats-restore; do
		if "${as_user[@]}" head -c 1 "/proc/$pid/$file" >/dev/null 2>said; then
			fail "the user can read $file"
		fi
		assert_match "why not $file" "$(<said)" "denied|not permitted|No such file"
	done
	"${as_user[@]}" kill -KILL "$pid"
	wait $client && fail "the restore succeeded"
	assert_match "the error" "$(<client)" "signal 9|SIGKILL"
	assert_nothing_left "$target" ""
	stop_broker
}

test_jobs_of_others_are_unseen() {
	start_as "${as_user[@]}" -- fdholder
	dump_as "${as_dumper[@]}" -- "$target" images
	start_own
	assert_status 0 ctl_user restore -D images
	assert_eq "what the other sees" "$(ctl_other list)" "No jobs."
	for call in "show 1" "wait 1" "cancel 1" "log 1" "watch 1"; do
		# shellcheck disable=SC2086 # words
		assert_status 3 ctl_other $call
		assert_match "the error of $call" "$output" "there is no job 1"
	done
	assert_match "what root sees" "$(ctl list --no-legend)" '4242'
	assert_match "what its owner sees" "$(ctl_user show 1)" 'restored'
	assert_status 3 ctl_user drain
	assert_match "the error" "$output" "Drain: not for uid 4242, whose class is own: AllowOwn is on"
	end "$target"
	stop_broker
}

job_is() { # job state
	[[ $(ctl show "$1" --json=short) == *"\"state\":\"$2\""* ]]
}

# Beside those that are everybody's; class full has none of them.
test_limits_of_class_own() {
	local pids=() state status i

	start_as "${as_user[@]}" -- fdholder
	dump_as "${as_dumper[@]}" -- "$target" images
	printf '#!/bin/sh\nuntil [ -e /tmp/go ]; do sleep 0.02; done\nexec %q "$@"\n' "$CRIU" >waiting
	chmod 755 waiting
	CRIU=/tmp/waiting
	mkdir conf
	printf '[Limits]\nMaxWorkers=8\n[UserLimits]\nMaxOwnWorkers=1\nMaxOwnRestores=2\n' >conf/a.conf
	broker_options=(--config /tmp/conf --state /run/state)
	start_own
	for state in restoring queued; do
		ctl_user restore -D images >/dev/null 2>&1 &
		pids+=($!)
		wait_for job_is ${#pids[@]} $state
	done
	assert_status 3 ctl_user restore -D images
	assert_match "the error" "$output" 'user 4242 has 2 jobs of class own under way, .*\[UserLimits\] MaxOwnRestores \(2\)'
	ctl restore -D images >/dev/null 2>&1 &
	pids+=($!)
	wait_for job_is 3 restoring
	ctl restore -D images >/dev/null 2>&1 &
	pids+=($!)
	wait_for job_is 4 restoring
	job_is 2 queued || fail "job 2 has begun"
	ctl cancel 4 >/dev/null
	ctl cancel 3 >/dev/null
	ctl cancel 1 >/dev/null
	wait_for job_is 2 restoring
	touch go
	for i in 0 1 2 3; do
		status=0
		wait "${pids[i]}" || status=$?
		assert_eq "the status of client $i" $status $((i == 1 ? 0 : 5))
	done
	end "$target"
	stop_broker
}

no_tree_lives() {
	ctl status | grep -Eq 'trees +0 '
}

# Also one of a daemon before this one.
test_a_limit_of_trees_of_class_own() {
	local how n

	start_as "${as_user[@]}" -- fdholder
	dump_as "${as_dumper[@]}" -- "$target" images
	mkdir conf
	printf '[UserLimits]\nMaxOwnTrees=1\n' >conf/a.conf
	broker_options=(--config /tmp/conf --state /run/state)
	start_own
	assert_status 0 ctl_user restore -D images
	for how in '' killed; do
		if [ "$how" ]; then
			kill -KILL "$broker"
			{ wait "$broker" || true; } 2>/dev/null
			start_own
		fi
		assert_status 3 ctl_user restore -D images
		assert_match "the error" "$output" 'user 4242 has 1 trees of class own, or jobs under way, .*\[UserLimits\] MaxOwnTrees \(1\)'
		assert_match "the metrics" "$(ctl metrics)" 'fdbroker_user_own_trees\{uid="4242"\} 1'
	done
	# A restore that fails has none.
	install -d -o 4242 -g 4242 empty
	for n in 1 2; do
		end "$target"
		wait_for no_tree_lives
		assert_status 3 ctl_user restore -D empty
		assert_match "the error" "$output" "it has no inventory"
		assert_status 0 ctl_user restore -D images
	done
	end "$target"
	kill -TERM "$broker"
	wait "$broker"
}

# The option is taken: what is wrong is that there are no images.
assert_nothing_to_restore() { # argument...
	assert_status 3 ctl_user restore -D empty "$@"
	assert_match "the error with $*" "$output" "it has no inventory"
}

# With a capability that only criu had: the tree is refused, and must not run for a moment, whoever is killed.
dump_refused() {
	mkdir -m 777 logs
	start_as "${as_dumper[@]}" -- family /tmp/logs/log
	dump_as "${as_dumper[@]}" -- "$target" images
	mkdir -p "${SOCKET%/*}"
}

stages() { # rounds what
	"$TOOLS/stages" --rounds "${ROUNDS:-$1}" --as 4242 --refused --lend tmp/logs/log "$BROKER" "$CRIU" /tmp/images "$2" ||
		fail "at $2, see above"
}

# criu lets a tree run when nobody answers its pre-resume.
test_the_daemon_is_killed_before_it_has_seen_the_tasks() {
	dump_refused
	stages 5 unseen
}

test_the_daemon_is_killed_at_its_system_calls() {
	dump_refused
	stages 1 calls
}

# By the table that the man page shows.
test_every_option() {
	local field number full own why value n=0

	install -d -o 4242 -g 4242 empty
	start_own
	while IFS=$'\t' read -r field number full own why; do
		case $field in
		ps) value=port=1 ;;
		veths) value=if_in=a,if_out=b ;;
		ext_mnt) value=key=a,val=b ;;
		cg_root) value=path=/a ;;
		inherit_fd) value=key=a,fd=3 ;;
		unix_sk_ino) value=inode=1 ;;
		join_ns) value=ns=net,ns_file=/a ;;
		*) value=1 ;;
		esac
		n=$((n + 1))
		if [ "$own" = yes ]; then
			assert_nothing_to_restore --criu-opt "$field=$value"
			continue
		fi
		assert_status 3 ctl_user restore -D empty --criu-opt "$field=$value"
		assert_match "$field ($number, $full, $why)" "$output" "criu_opts.$field: "
		[ "$own" = false ] || continue
		assert_nothing_to_restore --criu-opt "$field=no"
	done < <("$BROKER" --dump-policy | tail -n +2)
	[ $n -gt 60 ] || fail "$n options are in the table"
	stop_broker
}

e2e_main "$@"

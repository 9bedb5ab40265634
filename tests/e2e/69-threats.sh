#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Rows of the table in docs/security.md that no other test is about.
. "$(dirname "$0")/lib.sh"

threat() { # what
	timeout -s KILL 100 python3 "$e2e_top/tests/e2e/threats.py" "$SOCKET" "$broker" "$1"
}

# ---- what criu reads besides its request ------------------------------------------------------

test_criu_reads_nobodys_configuration() {
	local with=(HOME=/tmp/home CRIU_CONFIG_FILE=/tmp/home/.criu/default.conf CRIU_LIBS_DIR=/tmp/home
		XDG_CONFIG_HOME=/tmp/home XDG_RUNTIME_DIR=/tmp/home)

	mkdir -p home/.criu
	printf 'action-script /tmp/home/evil\n' >home/.criu/default.conf
	printf '#!/bin/sh\n: >/tmp/home/marker\n' >home/evil
	chmod 755 home/evil
	start_target fdholder
	dump "$target" images
	# Is it so that criu by itself would?
	env "${with[@]}" timeout -s KILL 30 "$CRIU" restore -d -D images -o plain.log
	[ -e home/marker ] || fail "criu has not read its configuration: this test tests nothing"
	end "$target"
	wait_for test ! -e "/proc/$target"
	rm home/marker
	e2e_clean+=("${with[@]}")
	start_broker
	ctl restore -D images >/dev/null
	[ ! -e home/marker ] || fail "criu has read the configuration of the daemon's environment"
	end "$target"
	stop_broker
}

# ---- clients ----------------------------------------------------------------------------------

test_what_is_lent_is_left_alone() {
	start_broker
	threat left-alone
	stop_broker
}

test_sockets_in_sockets_are_collected() {
	start_broker
	threat cycles
	stop_broker
}

# Not prevented, only bounded: docs/security.md.
test_connections_that_hold_themselves() {
	start_broker
	chmod 666 "$SOCKET"
	threat self-held
	setpriv --reuid 65534 --clear-groups "$CTL" status >/dev/null
	# They end with the daemon, and only then.
	kill -TERM "$broker"
	wait "$broker"
}

test_many_connections_full_of_descriptors() {
	start_broker
	threat stuffers
	stop_broker
}

test_many_connections_and_bad_packets() {
	start_broker
	threat floods
	stop_broker
}

# ---- what is written --------------------------------------------------------------------------

test_no_control_character_reaches_the_log() {
	mkdir conf
	printf '[Log]\nLevel=debug\n' >conf/a.conf
	broker_options=(--config /tmp/conf)
	start_broker
	threat names
	[ "$(grep -c PRIORITY=0 broker.log)" -ge 3 ] || fail "the log has nothing of it: this test tests nothing"
	assert_eq "lines that are not the daemon's own" "$(grep -v '^criu-fdbroker: ' broker.log || true)" ""
	! tr -d '\n' <broker.log | LC_ALL=C grep -q '[[:cntrl:]]' || fail "a control character is in the log"
	! grep -q $'\u202e' broker.log || fail "what turns the direction of writing is in the log"
	stop_broker
}

# Options and paths may be secrets, as memory may.
test_nothing_secret_is_logged() {
	mkdir conf
	printf '[Log]\nLevel=debug\n' >conf/a.conf
	broker_options=(--config /tmp/conf)
	e2e_clean+=(TARGET_SECRET=hidden-in-memory)
	start_target fdholder a:/tmp/old
	dump "$target" images
	grep -qa hidden-in-memory images/* || fail "the secret is not in the images: this test tests nothing"
	start_broker
	exec 10>>new
	ctl restore -D images --fd hidden-name=10 --map tmp/old=hidden-name --criu-opt external=hidden-option >/dev/null
	end "$target"
	# And of one that fails.
	mkdir -p hidden-path
	assert_status 3 ctl restore -D hidden-path --criu-opt external=hidden-option
	[ "$(wc -l <broker.log)" -ge 4 ] || fail "the log is empty"
	! grep hidden broker.log || fail "the log tells a secret"
	stop_broker
}

# ---- what is installed, and what systemd passes -----------------------------------------------

test_no_program_has_rights_of_its_own() {
	local stage=$e2e_build/stage

	[ -e "$stage" ] || skip "nothing is staged from a sanitized build"
	[ "$(find "$stage" -path '*/bin/fdbroker-ctl' -perm -100)" ] || fail "nothing is in $stage"
	assert_eq "setuid and setgid" "$(find "$stage" -perm /6000)" ""
	assert_eq "writable by others" "$(find "$stage" ! -type l -perm /022)" ""
	find "$stage" -type f -print0 | python3 -c 'import os, sys
if any("security.capability" in os.listxattr(f) for f in sys.stdin.read().split("\0")[:-1]):
	sys.exit(1)' ||
		fail "a program has capabilities"
}

# Started as systemd does it, with its socket as number 3 and a file under each of these names from 4 on, or with
# NAME=PID a pidfd. The array "activate" has the command that confines it.
activate=()
start_with_kept() { # name[=pid]...
	local names="socket${*:+:}"

	names+=$(IFS=: && echo "$*")
	rm -f "$SOCKET"
	mkdir -p "${SOCKET%/*}"
	: >forged
	"${activate[@]}" python3 - "$SOCKET" "$names" "$BROKER" --criu "$CRIU" --state /run/state 3<&- <<-'END' >broker.log 2>&1 &
		import os, socket, sys
		path, names = sys.argv[1:3]
		sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		sock.bind(path)
		sock.listen(9)
		names = [(n + "=").split("=")[:2] for n in names.split(":")]
		high = [os.dup(sock.fileno())] + [os.pidfd_open(int(pid)) if pid else os.open("/tmp/forged", os.O_RDWR)
		    for _, pid in names[1:]]
		high = [os.dup2(fd, 100 + i) for i, fd in enumerate(high)]
		for i, fd in enumerate(high):
		    os.dup2(fd, 3 + i)
		os.closerange(3 + len(high), 300)
		os.execve(sys.argv[3], sys.argv[3:], {"PATH": os.environ["PATH"], "LANG": "C", "LISTEN_PID": str(os.getpid()),
		    "LISTEN_FDS": str(len(high)), "LISTEN_FDNAMES": ":".join(n for n, _ in names)})
	END
	broker=$!
}

test_forged_kept_descriptors_are_closed() {
	start_with_kept job-99 job-1 job-18446744073709551615
	wait_for broker_serves
	assert_match "the status" "$(ctl status)" "trees +0 "
	! fds_of "$broker" | grep forged || fail "one is kept"
	assert_eq "jobs" "$(ctl list)" "No jobs."
	broker_fds=$(fds_of "$broker")
	stop_broker
	# What is neither a socket nor of a job: it does not start, rather than serve something else.
	start_with_kept job-0
	wait_for gone "$broker"
	assert_match "why" "$(<broker.log)" "cannot listen on descriptor 4"
}

# Of a job that runs: the pidfd of another task, and what is none.
test_forged_kept_descriptors_of_a_job() {
	local stranger forged

	start_target fdholder
	dump "$target" images
	start_with_kept
	wait_for broker_serves
	ctl restore -D images >/dev/null
	sleep 1000 &
	stranger=$!
	for forged in job-1 "job-1=$stranger" "job-1=$target"; do
		kill -KILL "$broker"
		{ wait "$broker" || true; } 2>/dev/null
		start_with_kept "$forged"
		wait_for broker_serves
		assert_match "the status after $forged" "$(ctl status)" "trees +1 "
		if [ "$forged" != "job-1=$target" ]; then
			assert_match "the log" "$(<broker.log)" "kept for it is not that of its root task $target"
		else
			! grep "kept for it" broker.log || fail "the right one is refused"
		fi
		! fds_of "$broker" | grep forged || fail "the file is kept"
	done
	kill -KILL "$broker"
	{ wait "$broker" || true; } 2>/dev/null
	start_with_kept "job-1=$stranger"
	wait_for broker_serves
	end "$stranger"
	assert_match "the job" "$(ctl show 1)" "running"
	end "$target"
	assert_status 0 ctl wait 1
	kill -TERM "$broker"
	wait "$broker"
}

# ---- what the daemon is itself ----------------------------------------------------------------

# Restored tasks would inherit it for ever: it is told.
test_a_confined_daemon_says_so() {
	local by

	for by in '' NoNewPrivs 'mount namespace'; do
		case $by in
		'') activate=() ;;
		NoNew*) activate=(setpriv --no-new-privs) ;;
		*) activate=(unshare -m) ;;
		esac
		start_with_kept
		wait_for broker_serves
		assert_eq "what it warns of" "$(sed -n 's/.*confined by the unit: every restored task will have its //p' broker.log)" "$by"
		kill -TERM "$broker"
		wait "$broker"
	done
}

# ---- what is made for criu --------------------------------------------------------------------

# The work directory: no path leads there, so nobody can have put a link at one.
test_no_path_leads_to_the_work_directory() {
	local pid fd device n=0

	start_target fdholder
	dump "$target" images
	printf '#!/bin/sh\necho $$ >/tmp/worker\nwhile [ ! -e /tmp/go ]; do sleep 0.05; done\nexec %q "$@"\n' "$CRIU" >waiting
	chmod 755 waiting
	CRIU=/tmp/waiting
	start_broker
	ctl restore -D images >/dev/null &
	wait_for test -s worker
	pid=$(<worker)
	for fd in "/proc/$pid/fd"/*; do
		[ -d "$fd" ] || continue
		[ "$(fd_is "$pid" "${fd##*/}")" != /tmp/images ] || continue
		device=$(stat -L -c '%Hd:%Ld' "$fd")
		! awk '{ print $3 }' /proc/1/mountinfo "/proc/$broker/mountinfo" | grep -qx "$device" ||
			fail "$fd is on a mount that has a path: $device"
		assert_eq "who may enter it" "$(stat -L -c '%a %u' "$fd")" "700 0"
		n=$((n + 1))
	done
	assert_eq "work directories" $n 1
	touch go
	wait $!
	end "$target"
	stop_broker
}

# ---- numbers that are another's by now --------------------------------------------------------

# Start a program as a process of this number.
as_pid() { # pid command...
	local i

	for ((i = 0; i < 20; i++)); do
		echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
		"${@:2}" &
		[ $! != "$1" ] || return 0
		kill -KILL $!
		wait $! || true
	done
	fail "no process becomes $1"
}

# The root of a restored tree has ended while there was no daemon, and its number is another's.
test_a_number_that_is_anothers_by_now() {
	local stranger

	start_target fdholder
	dump "$target" images
	broker_options=(--state /run/state)
	mkdir -p /run/state
	start_broker
	ctl restore -D images >/dev/null
	kill -KILL "$broker"
	wait "$broker" || true
	end "$target"
	wait_for test ! -e "/proc/$target"
	as_pid "$target" sleep 1000
	stranger=$!
	start_broker
	assert_match "the job" "$(ctl show 1)" "ended"
	assert_status 3 ctl cancel 1
	assert_match "the status" "$(ctl status)" "trees +0 "
	stop_broker
	! gone "$stranger" || fail "a process that is none of the daemon's was ended"
	end "$stranger"
}

e2e_main "$@"

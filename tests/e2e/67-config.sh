#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The daemon with configuration files: what they set holds, what is wrong with them is told, and SIGHUP reads them
# anew. How a line is read: tests/unit/test_config.c.
. "$(dirname "$0")/lib.sh"

broker_options=(--config /tmp/conf)

# A file of /tmp/conf, from standard input.
conf() { # name
	mkdir -p /tmp/conf
	cat >"/tmp/conf/$1"
}

# The daemon must end by itself with status 1; $output is what it said.
assert_does_not_start() { # option...
	assert_status 1 timeout -s KILL 20 "$BROKER" --socket "$SOCKET" "$@"
}

logged() { # extended-regex
	grep -qE "$1" broker.log
}

reload() {
	kill -HUP "$broker"
}

value() { # key
	ctl config --json=short "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["value"])'
}

test_limits_of_files_hold() {
	conf 10-a.conf <<-END
		[Limits]
		MaxDeadlineSec=5s
		MaxMappings=1
		MaxLentPerSession=1
		MaxWorkers=3
	END
	mkdir images
	start_broker
	assert_status 3 ctl restore -D images --deadline 6
	assert_match "what it says" "$output" 'deadline_ms: 6000 is not within 1 \.\. 5000 \(MaxDeadlineSec\)'
	assert_status 3 ctl restore -D images --fd a=/dev/null --map x=a --map y=a
	assert_match "what it says" "$output" 'mappings: 2 are over the limit of 1 \(MaxMappings\)'
	assert_status 3 ctl restore -D images --fd a=/dev/null --fd b=/dev/null --map x=a --map y=b
	assert_match "what it says" "$output" 'limit of 1 \(MaxLentPerSession\)'
	assert_match "the status" "$(ctl status --json=short)" '"max_workers":3,'
	stop_broker
}

test_users_have_limits() {
	local first

	conf 10-a.conf <<<$'[UserLimits]\nMaxSessions=1'
	start_broker
	python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
print("connected", flush=True)
time.sleep(60)' "$SOCKET" >first & first=$!
	wait_for has_lines first 1
	assert_status 3 ctl status
	assert_match "what it says" "$output" '\[UserLimits\] MaxSessions \(1\)'
	end $first
	wait_for ctl status
	stop_broker
}

test_all_errors_have_file_and_line() {
	conf 10-a.conf <<-END
		[Limits]
		MaxWorkers=many
		MaxCows=3

		[Barn]
		nonsense
	END
	conf 20-b.conf <<<$'[Broker]\nStateDirectory=state'
	cat >wanted <<-END
		/tmp/conf/10-a.conf:2: MaxWorkers: 'many' is no number within 1 .. 1024 or auto
		/tmp/conf/10-a.conf:3: there is no 'MaxCows' in [Limits]
		/tmp/conf/10-a.conf:5: there is no section [Barn]
		/tmp/conf/10-a.conf:6: neither KEY=VALUE nor [SECTION] nor a comment
		/tmp/conf/20-b.conf:2: StateDirectory: 'state' is no absolute path
	END
	assert_status 1 "$BROKER" --config /tmp/conf --check-config
	assert_eq "what it says" "$output" "$(<wanted)"
	assert_does_not_start --config /tmp/conf
	assert_eq "what it says" "$output" "$(sed 's/^/criu-fdbroker: /' wanted)"
	assert_status 1 "$BROKER" --config /tmp/conf/30-c.conf --check-config
	assert_eq "what it says" "$output" "/tmp/conf/30-c.conf: No such file or directory"
	# What is not read does not matter, and the command line's own errors are told as such.
	assert_status 0 "$BROKER" --no-config --check-config
	assert_eq "what it says" "$output" ""
	assert_status 2 "$BROKER" --config /tmp/conf --workers 1025
	assert_match "what it says" "$output" "^criu-fdbroker: --workers: '1025' is no number within 1 \.\. 1024 or auto"
	assert_status 2 "$BROKER" --no-config --config /tmp/conf
}

test_the_standard_folders() {
	mkdir etc
	cp -a /etc/. etc
	mkdir -p etc/criu-fdbroker/criu-fdbroker.conf.d
	mount --bind etc /etc
	broker_options=()
	echo $'[Limits]\nMaxWorkers=2\nMaxReports=2' >/etc/criu-fdbroker/criu-fdbroker.conf
	echo $'[Limits]\nMaxReports=3' >/etc/criu-fdbroker/criu-fdbroker.conf.d/50-tool.conf
	start_broker
	assert_eq "what it says" "$(ctl config --changed | grep -A 9 '^\[Limits\]')" "$(cat <<-END
		[Limits]
		MaxWorkers=2 ; /etc/criu-fdbroker/criu-fdbroker.conf:2
		MaxReports=3 ; /etc/criu-fdbroker/criu-fdbroker.conf.d/50-tool.conf:2
	END
	)"
	# The command line counts before all files, after a reload, too.
	stop_broker
	broker_options=(--workers 7)
	start_broker
	assert_match "the setting" "$(ctl config MaxWorkers)" $'^\[Limits\]\nMaxWorkers=7 ; --workers$'
	echo $'[Limits]\nMaxWorkers=5' >/etc/criu-fdbroker/criu-fdbroker.conf
	reload
	wait_for logged 'reloaded'
	assert_eq "MaxWorkers" "$(value MaxWorkers)" 7
	assert_eq "MaxReports" "$(value MaxReports)" 3
	stop_broker
	umount -l /etc
}

test_reload() {
	conf 10-a.conf <<<$'[Limits]\nMaxWorkers=2\nMaxMappings=1'
	mkdir images
	start_broker
	assert_status 3 ctl restore -D images --fd a=/dev/null --map x=a --map y=a
	conf 10-a.conf <<<$'[Limits]\nMaxWorkers=4\n[Broker]\nStateDirectory=/run/elsewhere\n[Log]\nLevel=debug'
	reload
	wait_for logged 'reloaded; criu is'
	logged 'criu-fdbroker: \[Limits\] MaxWorkers is 4 now, it was 2$'
	logged 'criu-fdbroker: \[Limits\] MaxMappings is 8192 now, it was 1$'
	logged 'StateDirectory stays /run/criu-fdbroker/state: /run/elsewhere takes a restart$'
	assert_eq "MaxWorkers" "$(value MaxWorkers)" 4
	assert_eq "StateDirectory" "$(value StateDirectory)" /run/criu-fdbroker/state
	assert_match "the status" "$(ctl status --json=short)" '"max_workers":4,'
	# It is read: the images are none.
	assert_status 3 ctl restore -D images --fd a=/dev/null --map x=a --map y=a
	assert_match "what it says" "$output" 'inventory'
	# A bad one changes nothing, also not what is good in it.
	conf 10-a.conf <<<$'[Limits]\nMaxWorkers=9\nMaxMappings=x'
	reload
	wait_for logged 'the old one stays'
	logged "/tmp/conf/10-a.conf:3: MaxMappings: 'x' is no number"
	assert_eq "MaxWorkers" "$(value MaxWorkers)" 4
	assert_broker_as_before
	stop_broker
}

# More may run from the next moment on; fewer: those that run go on.
test_reload_with_restores_under_way() {
	local pid1 pid2

	start_target fdholder a:/tmp/old
	dump "$target" images
	printf '#!/bin/sh\nwhile [ ! -e /tmp/go ]; do sleep 0.05; done\nexec "%s" "$@"\n' "$CRIU" >waits
	chmod +x waits
	conf 10-a.conf <<<$'[Broker]\nCriuPath=/tmp/waits\n[Limits]\nMaxWorkers=1'
	broker_options+=(--criu /tmp/waits)
	start_broker
	"$CTL" restore -D images --json=short >first & pid1=$!
	wait_for is_state 1 restoring
	"$CTL" restore -D images --json=short >second & pid2=$!
	wait_for is_state 2 queued
	conf 10-a.conf <<<$'[Limits]\nMaxWorkers=2'
	reload
	wait_for is_state 2 restoring
	conf 10-a.conf <<<$'[Limits]\nMaxWorkers=1'
	reload
	wait_for logged 'MaxWorkers is 1 now'
	is_state 1 restoring
	is_state 2 restoring
	ctl cancel 1 >/dev/null
	ctl cancel 2 >/dev/null
	wait $pid1 || true
	wait $pid2 || true
	stop_broker
}

is_state() { # job state
	[[ $(ctl show "$1" --json=short) == *"\"state\":\"$2\""* ]]
}

test_kept_jobs_over_a_new_limit_are_forgotten() {
	mkdir images
	conf 10-a.conf </dev/null
	start_broker
	for _ in 1 2 3 4; do
		assert_status 3 ctl restore -D images
	done
	assert_eq "jobs" "$(ctl list --no-legend | wc -l)" 4
	conf 10-a.conf <<<$'[Limits]\nMaxKeptJobs=2'
	reload
	wait_for logged 'reloaded'
	assert_eq "jobs" "$(ctl list --no-legend | wc -l)" 2
	stop_broker
}

test_the_config_command() {
	conf 10-a.conf <<<$'[Limits]\nMaxWorkers=2'
	broker_options+=(--idle-exit 90)
	start_broker
	# It is a configuration file that gives the same again.
	ctl config >all.conf
	assert_status 0 "$BROKER" --config all.conf --check-config
	assert_eq "how many" "$(grep -c = all.conf)" "$("$BROKER" --dump-options | wc -l)"
	grep -qx 'MaxWorkers=2 ; /tmp/conf/10-a.conf:2' all.conf
	grep -qx 'IdleExitSec=90s ; --idle-exit' all.conf
	grep -qx 'MaxMappings=8192 ; default' all.conf
	assert_eq "one" "$(ctl config --json=short MaxWorkers)" \
		'[{"section":"Limits","key":"MaxWorkers","value":"2","origin":"/tmp/conf/10-a.conf:2","default":"auto"}]'
	assert_eq "one of two sections" "$(ctl config MaxKeptJobs | grep -c '^MaxKeptJobs=')" 2
	assert_status 3 ctl config MaxCows
	assert_match "what it says" "$output" "no setting 'MaxCows'"
	assert_status 2 ctl config MaxWorkers MaxReports
	# For who may restore.
	chmod 666 "$SOCKET"
	assert_status 3 setpriv --reuid=65534 --clear-groups "$CTL" config
	assert_match "what it says" "$output" 'PERMISSION|65534'
	stop_broker
}

test_a_group_of_the_file_may_restore() {
	mkdir images
	chmod 755 images
	conf 10-a.conf <<<$'[Policy]\nGroup=users'
	start_broker
	chmod 666 "$SOCKET"
	assert_status 3 setpriv --reuid=4242 --clear-groups "$CTL" restore -D images
	assert_match "what it says" "$output" '4242'
	assert_status 3 setpriv --reuid=4242 --regid=users --clear-groups "$CTL" restore -D images
	assert_match "what it says" "$output" 'inventory'
	conf 10-a.conf <<<'[Policy]'
	reload
	wait_for logged 'Group is none now'
	assert_status 3 setpriv --reuid=4242 --regid=users --clear-groups "$CTL" restore -D images
	assert_match "what it says" "$output" '4242'
	stop_broker
}

e2e_main "$@"

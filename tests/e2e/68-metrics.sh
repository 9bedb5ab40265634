#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# fdbroker-ctl metrics: is it OpenMetrics text, and are its numbers those of what was done? Lost events: test_watching.c.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/restores.sh"

parser=$e2e_top/tests/e2e/openmetrics.py

# What the broker says now, a sample a line: into the file "metrics".
read_metrics() {
	ctl metrics >text
	python3 "$parser" <text >metrics
}

value() { # sample
	awk -v sample="$1" '$1 == sample { print $2 }' metrics
}

assert_value() { # sample wanted
	assert_eq "$1" "$(value "$1")" "$2"
}

# The sum of what begins with this.
sum_of() { # start of a sample
	awk -v start="$1" 'index($1, start) == 1 { n += $2 } END { print n + 0 }' metrics
}

value_is() { # sample wanted
	read_metrics && [ "$(value "$1")" = "$2" ]
}

# ---- the text ---------------------------------------------------------------------------------

test_the_parser_knows_what_is_wrong() {
	assert_status 0 python3 "$parser" --check-itself
}

test_it_is_openmetrics() {
	local sample

	start_broker
	read_metrics
	for sample in fdbroker_restores_accepted_total 'fdbroker_restores_total{code=OK}' \
		'fdbroker_restores_total{code=CRIU_FAILED}' 'fdbroker_refusals_total{code=LIMIT}' \
		'fdbroker_trees_ended_total{how=unknown}' fdbroker_watch_events_lost_total \
		'fdbroker_restore_stage_seconds_count{stage=planning}' 'fdbroker_queue_length{queue=workers}' \
		fdbroker_workers_in_use fdbroker_trees_alive fdbroker_draining fdbroker_users_left_out; do
		assert_value "$sample" 0
	done
	assert_value fdbroker_sessions 1
	assert_value 'fdbroker_user_sessions{uid=0}' 1
	assert_value fdbroker_criu_usable 1
	assert_value "fdbroker_build_info{version=$("$CTL" --version | cut -d' ' -f2)}" 1
	assert_match "criu" "$(<metrics)" "fdbroker_criu_info\{fault=[0-9]*,path=$CRIU\} 1"
	# Besides what it has now: this connection.
	assert_value process_open_fds $(($(wc -l <<<"$broker_fds") + 1))
	assert_value process_max_fds "$(awk '/Max open files/ { print $5 }' "/proc/$broker/limits")"
	assert_eq "the age of the broker, about" "$(($(date +%s) - $(value process_start_time_seconds | cut -d. -f1) < 30))" 1
	stop_broker
}

# Every metric is in docs/operations.md, and no other.
test_all_of_it_is_documented() {
	start_broker
	ctl metrics >text
	# shellcheck disable=SC2016 # the backquotes are Markdown's
	diff <(sed -nE 's/^# TYPE ([^ ]*) .*/\1/p' text | sort -u) \
		<(sed -n '/^## Metrics/,/^### /p' "$e2e_top/docs/operations.md" | grep '^| `' | cut -d'|' -f2 |
			grep -oE '`[a-z_]+`' | tr -d '`' | sed -E 's/_(total|info)$//' | sort -u) >differ ||
		fail "the daemon has <, docs/operations.md has >: $(<differ)"
	stop_broker
}

# The script of docs/operations.md, as systemd would start it: an HTTP answer on its standard output.
test_the_documented_http_server() {
	start_broker
	sed -n '/^# \/usr\/local\/sbin\/criu-fdbroker-metrics$/,/^```$/p' "$e2e_top/docs/operations.md" | grep -v '^```' >server
	has_lines server 5 || fail "docs/operations.md has no server"
	mkdir bin
	ln -s "$CTL" bin/fdbroker-ctl
	printf 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' | PATH=/tmp/bin:$PATH timeout -s KILL 30 sh server >answer
	assert_eq "the first line" "$(head -n 1 answer)" $'HTTP/1.0 200 OK\r'
	sed '1,/^\r$/d' answer | python3 "$parser" >/dev/null
	stop_broker
	printf 'GET / HTTP/1.1\r\n\r\n' | PATH=/tmp/bin:$PATH timeout -s KILL 30 sh server >answer 2>&1
	assert_match "without a broker" "$(<answer)" 'HTTP/1.0 503 '
}

test_not_for_everybody() {
	start_broker
	chmod 666 "$SOCKET"
	assert_status 3 setpriv --reuid 65534 --clear-groups "$CTL" metrics
	assert_match "why" "$(<broker.log)" "refused Metrics to user 65534 .*PERMISSION"
	assert_status 2 ctl metrics --json
	assert_status 2 ctl metrics now
	assert_status 2 ctl metrics --local
	read_metrics
	assert_value 'fdbroker_refusals_total{code=PERMISSION}' 1
	assert_eq "all refusals" "$(sum_of fdbroker_refusals_total)" 1
	stop_broker
}

# ---- the numbers ------------------------------------------------------------------------------

test_numbers_are_what_was_done() {
	local i total

	dump_quits 7
	dump_quits 0
	dump_what_fails
	start_broker
	for i in 0 7 0; do
		ctl restore -D images$i >/dev/null
		kill -USR1 "$(<pid$i)"
		wait_for gone "$(<pid$i)"
	done
	ctl restore -D images7 >/dev/null
	assert_status 4 ctl restore -D bad
	assert_status 3 ctl restore -D images7 --fd a=/dev/null --map 1.1=a # no such target
	assert_status 3 ctl restore -D images7 --criu-opt exec_cmd=true
	kill -KILL "$(<pid7)"
	wait_for value_is fdbroker_trees_alive 0
	assert_value fdbroker_restores_accepted_total 6
	assert_value 'fdbroker_restores_total{code=OK}' 4
	assert_value 'fdbroker_restores_total{code=CRIU_FAILED}' 1
	assert_value 'fdbroker_restores_total{code=REFUSED}' 1
	assert_eq "all results" "$(sum_of fdbroker_restores_total)" 6
	assert_value 'fdbroker_refusals_total{code=FORBIDDEN_OPTION}' 1
	assert_value 'fdbroker_trees_ended_total{how=exited_zero}' 2
	assert_value 'fdbroker_trees_ended_total{how=exited_nonzero}' 1
	assert_value 'fdbroker_trees_ended_total{how=signal}' 1
	assert_value 'fdbroker_restore_seconds_count{outcome=restored}' 4
	assert_value 'fdbroker_restore_seconds_count{outcome=failed}' 2
	assert_value 'fdbroker_restore_stage_seconds_count{stage=planning}' 5
	assert_value 'fdbroker_restore_stage_seconds_count{stage=restoring}' 4
	assert_value 'fdbroker_restore_stage_seconds_count{stage=ending}' 2
	assert_value fdbroker_kept_jobs 6
	assert_value 'fdbroker_user_kept_jobs{uid=0}' 6
	assert_value fdbroker_kept_log_bytes "$(value 'fdbroker_user_kept_log_bytes{uid=0}')"
	assert_eq "bytes of logs" "$(value fdbroker_kept_log_bytes)" \
		"$(ctl status --json=short | grep -oE '"log_bytes":[0-9]+' | cut -d: -f2)"
	# The times are those that each job tells of itself; the stages of one follow each other without a gap.
	total=$(for i in 1 2 3 4; do ctl show $i --json=short | grep -oE '"total_us":[0-9]+' | cut -d: -f2; done | paste -sd+)
	assert_eq "all times" "$(value 'fdbroker_restore_seconds_sum{outcome=restored}')" \
		"$(awk -v us="$((total))" 'BEGIN { t = sprintf("%.6f", us / 1e6); sub(/0+$/, "", t); print t }')"
	stop_broker
}

test_what_waits_and_what_is_lent() {
	local i jobs=() tree

	dump_quits 7
	dump_what_fails
	waiting_criu
	broker_options=(--workers 1)
	start_broker
	for i in 1 2 3; do
		"$CTL" restore -D bad --fd log=data:r --map path:/tmp/data=log >/dev/null 2>&1 &
		jobs+=($!)
	done
	wait_for value_is 'fdbroker_queue_length{queue=workers}' 2
	assert_value fdbroker_workers_in_use 1
	assert_value fdbroker_workers_allowed 1
	assert_value fdbroker_restores_under_way 3
	assert_value 'fdbroker_user_restores_under_way{uid=0}' 3
	# The one that runs criu has handed it on.
	assert_value 'fdbroker_lent_descriptors{holder=restores}' 2
	assert_value 'fdbroker_user_lent_descriptors{uid=0}' 2
	assert_value fdbroker_sessions 4
	ctl drain >/dev/null
	value_is fdbroker_draining 1
	touch go
	wait "${jobs[@]}" || true
	wait_for value_is fdbroker_restores_under_way 0
	assert_value 'fdbroker_lent_descriptors{holder=restores}' 0
	assert_value 'fdbroker_restore_stage_seconds_count{stage=queued}' 3
	# Two have waited, and about as long as it took to look.
	assert_eq "waits that were not short" \
		"$(($(value 'fdbroker_restore_stage_seconds_bucket{le=0.01,stage=queued}') <= 1))" 1
	# The three were of one pid: at most one of them was restored.
	tree=$(pgrep -x ready || true)
	[ -z "$tree" ] || end "$tree"
	stop_broker
}

# Counters begin anew; what is found of a broker before has no times.
test_after_a_crash() {
	dump_quits 7
	waiting_criu
	touch go
	broker_options=(--state /run/state)
	mkdir /run/state
	start_broker
	ctl restore -D images7 >/dev/null
	kill -USR1 "$(<pid7)"
	wait_for value_is 'fdbroker_trees_ended_total{how=exited_nonzero}' 1
	rm go
	ctl restore -D images7 --detach >/dev/null
	wait_for value_is fdbroker_workers_in_use 1
	kill -KILL "$broker"
	wait "$broker" || true
	start_broker
	wait_for value_is 'fdbroker_restores_total{code=BROKER_DIED}' 1
	assert_eq "all results" "$(sum_of fdbroker_restores_total)" 1
	assert_value fdbroker_restores_accepted_total 0
	assert_value 'fdbroker_restore_seconds_count{outcome=failed}' 0
	assert_value 'fdbroker_trees_ended_total{how=exited_nonzero}' 0
	assert_value fdbroker_kept_jobs 2
	broker_fds=$(fds_of "$broker") # what it had open at its start was the job's as well
	stop_broker
}

e2e_main "$@"

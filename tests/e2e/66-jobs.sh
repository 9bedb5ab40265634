#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# fdbroker-ctl and the life of jobs: list, show, wait, cancel, log, watch, drain, and a restore that lasts.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/restores.sh"

# ---- what there is to restore -----------------------------------------------------------------

quit() { # code
	kill -USR1 "$(<"pid$1")"
}

is_state() { # job state
	[[ $(ctl show "$1" --json=short) == *'"state":"'"$2"'"'* ]]
}

# One member of the JSON of a job.
member() { # job name
	ctl show "$1" --json=short | grep -oE "\"$2\":(\"[^\"]*\"|[0-9a-z]+)" | head -n 1 | cut -d: -f2-
}

# On a terminal of 100 columns, as a person has it; what it shows is in the file "screen".
on_terminal() { # command...
	TERM=xterm COLUMNS=100 timeout -s KILL 60 script -qec "$*" screen >/dev/null
}

# ---- list, show -------------------------------------------------------------------------------

test_list_and_show() {
	local said

	dump_quits 7
	dump_what_fails
	start_broker
	assert_eq "an empty list" "$(ctl list)" "No jobs."
	assert_eq "its JSON" "$(ctl list --json=short)" "[]"
	ctl restore -D images7 >/dev/null
	assert_status 4 ctl restore -D bad
	said=$(ctl list)
	assert_match "the header" "$said" '^JOB +STATE +USER +PID +ACCEPTED +LASTED +OUTCOME'
	assert_match "what runs" "$said" " 1 +running +root +$(<pid7) +[0-9:]{8} +[0-9]+ m?s +restored"
	assert_match "what failed" "$said" " 2 +ended +root +- +[0-9:]{8} +[0-9]+ m?s +failed: .*/tmp/data is 14 bytes long"
	assert_match "the last line" "$said" '2 jobs\.$'
	assert_eq "one state" "$(ctl list --state running --no-legend | awk '{ print $1 }')" 1
	assert_eq "nobody's" "$(ctl list --user nobody)" "No jobs."
	assert_status 2 ctl list --state sleeping
	said=$(ctl show 1)
	assert_match "what show says" "$said" "restored +as task $(<pid7), after"
	assert_match "what show says" "$said" "accepted.*planned.*starting.*restoring.*post-restore.*running"
	said=$(ctl show 2)
	assert_match "what show says" "$said" "failed +.*/tmp/data is 14 bytes long.*CRIU_FAILED, size-changed.*hint.*nothing is left"
	quit 7
	wait_for is_state 1 ended
	assert_match "the end" "$(ctl show 1)" "end +the root task exited with 7"
	assert_match "the list" "$(ctl list --no-legend)" "exited 7"
	assert_status 3 ctl show 99
	stop_broker
}

# ---- wait -------------------------------------------------------------------------------------

test_wait_prints_or_hands_on_the_status() {
	dump_quits 7
	dump_quits 0
	dump_what_fails
	start_broker
	assert_eq "the number" "$(ctl restore -D images7 --detach)" 1
	assert_eq "the number" "$(ctl restore -D images0 --no-wait --json=short)" \
		'{"job":2,"outcome":"accepted"}'
	wait_for is_state 1 running
	wait_for is_state 2 running
	(sleep 0.3 && quit 7 && kill -KILL "$(<pid0)") &
	assert_status 0 ctl wait 1 2
	assert_eq "the statuses" "$output" $'7\n137'
	assert_status 7 ctl wait --exit-status 1
	assert_eq "what it says" "$output" ""
	assert_status 137 ctl wait --exit-status -v 2
	assert_match "what it says" "$output" "its root task was killed by SIGKILL"
	assert_match "its JSON" "$(ctl wait 2 --json=short)" '"signal":9,"signal_name":"SIGKILL".*"status":137'
	# Failures of the restore, of the command: never to be confused with the task's own.
	assert_status 4 ctl restore -D bad
	assert_status 4 ctl wait 3
	assert_match "what it says" "$output" "job 3 has failed: .*/tmp/data is 14 bytes long.*hint: .*log 3"
	assert_status 125 ctl wait --exit-status 3
	assert_status 3 ctl wait 99
	assert_eq "a line for each" "$({ ctl wait 99 1 3 2 2>/dev/null || true; } | tr '\n' ' ')" "- 7 - 137 "
	assert_status 125 ctl wait --exit-status 99
	assert_status 2 ctl wait --exit-status 1 2
	stop_broker
}

test_restore_waits_for_the_end() {
	dump_quits 7
	dump_what_fails
	start_broker
	(wait_for is_state 1 running && quit 7) &
	assert_status 7 ctl restore -D images7 --wait
	assert_match "what it says" "$output" "restored: task .*ended: task $(<pid7) exited with 7"
	(wait_for is_state 2 running && quit 7) &
	assert_status 7 ctl restore -D images7 --wait --json=short
	assert_match "its JSON" "$output" '"job":2,.*"outcome":"exited","end":\{"known":true,"exit_code":7'
	assert_status 125 ctl restore -D bad --wait
	stop_broker
}

# ---- cancel -----------------------------------------------------------------------------------

test_cancel_in_the_queue_and_under_way() {
	dump_quits 7
	dump_quits 0
	waiting_criu
	broker_options=(--workers 1)
	start_broker
	ctl restore -D images7 --detach
	wait_for is_state 1 restoring
	ctl restore -D images0 --detach
	wait_for is_state 2 queued
	assert_match "the list" "$(ctl list)" "2 +queued .*1st in the queue"
	assert_status 0 ctl cancel 1 2
	assert_match "what it says" "$output" "job 2: cancelled: criu was not started"
	assert_match "what it says" "$output" "job 1: cancelled: criu .*nothing is left"
	no_criu_runs || fail "a criu runs"
	assert_status 3 ctl cancel 1
	touch go
	ctl restore -D images7 >/dev/null
	assert_status 3 ctl cancel 3
	assert_match "what it says" "$output" "restored already"
	end "$(<pid7)"
	wait_for is_state 3 ended
	assert_status 3 ctl cancel 3
	assert_match "what it says" "$output" "job 3 has ended already"
	stop_broker
}

# ---- log --------------------------------------------------------------------------------------

test_log_is_followed_and_outlives_the_client() {
	local pid early

	dump_quits 7
	waiting_criu
	broker_options=(--workers 1)
	start_broker
	mkdir work
	assert_eq "the number" "$(ctl restore -D images7 -W work --detach)" 1
	wait_for is_state 1 restoring
	assert_eq "the number" "$(ctl restore -D images7 --detach)" 2
	"$CTL" log -f 1 >followed &
	pid=$!
	# Of one that criu has not been started for: it fails, or waits, for its own log.
	assert_status 3 ctl log 2
	"$CTL" log -f 2 >early 2>&1 &
	early=$!
	wait_for sessions_are 3
	touch go
	wait $pid
	wait $early
	assert_match "the log of the other" "$(tail -n 3 early)" "Restoring FAILED"
	grep -q "Restore finished successfully" followed
	rm -r images7 work
	ctl log 1 | cmp - followed
	assert_match "its JSON" "$(ctl log 1 --json=short)" '^\{"job":1,"complete":true,"log":"'
	ctl log -f 1 --json >lines
	assert_match "its JSON" "$(head -n 1 lines)" '^\{"job":1,"line":"'
	assert_status 3 ctl log 99
	end "$(<pid7)"
	stop_broker
}

# ---- watch, drain, status ---------------------------------------------------------------------

test_watch_tells_what_happens() {
	local all one

	dump_quits 7
	start_broker
	"$CTL" watch >all & all=$!
	"$CTL" watch --json --states >json & one=$!
	wait_for sessions_are 3
	ctl restore -D images7 >/dev/null
	"$CTL" watch 1 >one &
	wait_for sessions_are 4
	quit 7
	wait $!
	assert_match "the last line" "$(tail -n 1 one)" "job 1 +root +ended: exited 7"
	wait_for grep -q ended all
	wait_for grep -q ended json
	kill $all $one
	wait $all $one || true
	assert_match "what is told" "$(<all)" "job 1.*planned.*starting.*restoring.*post-restore.*running.*ended"
	assert_match "each line" "$(head -n 1 json)" '^\{"job":1,.*\}$'
	! grep -q '"stage"' json || fail "there is a stage among the states"
	assert_match "a job that had ended" "$(ctl watch 1)" "job 1 had ended already: exited 7"
	assert_status 3 ctl watch 99
	stop_broker
}

# This one is a session itself.
sessions_are() { # n
	[[ $(ctl status) == *"sessions  $1, "* ]]
}

test_drain() {
	dump_quits 7
	waiting_criu
	start_broker
	ctl restore -D images7 --detach
	wait_for is_state 1 restoring
	assert_match "what it says" "$(ctl drain)" "1 is still under way"
	assert_status 3 ctl restore -D images7
	assert_match "the status" "$(ctl status)" "draining +no more restores are taken"
	"$CTL" drain --wait --json=short >drained &
	touch go
	wait $!
	assert_eq "what it says" "$(<drained)" '{"draining":true,"jobs":0}'
	assert_eq "what it says" "$(ctl drain --off)" "The broker takes restores."
	end "$(<pid7)"
	ctl restore -D images7 >/dev/null
	end "$(<pid7)"
	stop_broker
}

# ---- a restore that lasts ---------------------------------------------------------------------

# In the queue and under way.
test_interrupted_restores_are_cancelled() {
	local pid second status=0

	dump_quits 7
	waiting_criu
	broker_options=(--workers 1)
	start_broker
	"$CTL" restore -D images7 2>first & pid=$!
	wait_for is_state 1 restoring
	"$CTL" restore -D images7 2>second & second=$!
	wait_for is_state 2 queued
	kill -TERM $second
	wait $second || status=$?
	assert_eq "the status" $status 5
	assert_match "what it says" "$(<second)" "interrupted by SIGTERM: cancelled before criu was started"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_eq "the status" $status 5
	assert_match "what it says" "$(<first)" "interrupted by SIGTERM: criu .* nothing is left"
	no_criu_runs || fail "a criu runs"
	stop_broker
}

no_tree_lives() {
	[[ $(ctl status) == *"trees     0 alive"* ]]
}

# What it has open now is what it has at rest: connections that have just ended are closed.
has_settled() {
	broker_fds=$(fds_of "$broker")
	sleep 0.1
	broker_as_before
}

test_the_broker_is_started_anew_meanwhile() {
	local pid status=0

	dump_quits 7
	waiting_criu
	broker_options=(--state /run/state)
	mkdir /run/state
	start_broker
	"$CTL" restore -D images7 2>said & pid=$!
	wait_for is_state 1 restoring
	kill -KILL "$broker"
	wait "$broker" || true
	start_broker
	wait $pid || status=$?
	assert_eq "the status" $status 5
	assert_match "what it says" "$(<said)" "the broker was killed"
	assert_eq "the reason" "$(member 1 outcome)" '"failed"'
	# And while somebody waits for the end of a tree.
	touch go
	ctl restore -D images7 >/dev/null
	"$CTL" wait 2 >waited 2>&1 & pid=$!
	wait_for sessions_are 2
	kill -KILL "$broker"
	wait "$broker" || true
	start_broker
	wait_for sessions_are 2
	quit 7
	status=0
	wait $pid || status=$?
	# How a task has ended that is not the broker's child depends on the kernel.
	[ $status = 1 ] || assert_eq "the status" "$status: $(<waited)" "0: 7"
	# What it had open at its start was the tree's as well.
	wait_for no_tree_lives
	wait_for has_settled
	stop_broker
}

# ---- on a terminal ----------------------------------------------------------------------------

test_a_restore_that_lasts_has_a_line() {
	dump_quits 7
	waiting_criu
	start_broker
	(sleep 1 && touch go) &
	on_terminal "$CTL restore -D images7"
	grep -q $'\r\e\[Kjob 1: .*restoring.*1\.[0-9] s.*\^C cancels' screen
	assert_match "what comes after it" "$(<screen)" $'\r\e\[Krestored: task'
	end "$(<pid7)"
	# A short one has none.
	on_terminal "$CTL restore -D images7"
	[[ $(<screen) != *$'\e[K'* ]] || fail "a short restore has a line: $(cat -v screen)"
	end "$(<pid7)"
	stop_broker
}

test_terminals_get_colours_and_a_pager() {
	dump_quits 7
	start_broker
	ctl restore -D images7 >/dev/null
	on_terminal "$CTL list --no-pager"
	assert_match "the header" "$(<screen)" $'\e\[1mJOB\e\[0m'
	on_terminal "NO_COLOR=1 $CTL list --no-pager"
	[[ $(<screen) != *$'\e['* ]] || fail "colours: $(cat -v screen)"
	on_terminal "FDBROKER_PAGER='sed s/^/paged:/' $CTL show 1"
	grep -q '^paged:' screen
	on_terminal "FDBROKER_PAGER='no-such-pager' PAGER=sed $CTL show 1 --no-pager"
	grep -q 'restored ' screen
	FDBROKER_PAGER='sed s/^/paged:/' ctl list >piped
	! grep -q paged piped || fail "a pager without a terminal"
	end "$(<pid7)"
	stop_broker
}

e2e_main "$@"

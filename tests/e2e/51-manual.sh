#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the manual pages show, as it stands there: somebody will copy it.
# shellcheck disable=SC2016 # the backquotes are Markdown's
. "$(dirname "$0")/lib.sh"

test_the_example_of_libfdbroker_restores() {
	gcc -I"$e2e_top/client" -o example "$e2e_top/docs/man/example.c" -L"$e2e_build" -lfdbroker \
		-Wl,-rpath,"$e2e_build"
	start_target fdholder a:/tmp/old a:/tmp/other
	dump "$target" images
	start_broker
	assert_eq "what it says" "$(timeout -s KILL 30 ./example images tmp/old new)" "job 1: runs as pid $target"
	assert_eq "the mapped descriptor" "$(fd_is "$target" 3)" /tmp/new
	assert_eq "the other" "$(fd_is "$target" 4)" /tmp/other
	end "$target"
	stop_broker
}

test_the_example_of_libfdbroker_says_why_not() {
	gcc -I"$e2e_top/client" -o example "$e2e_top/docs/man/example.c" -L"$e2e_build" -lfdbroker \
		-Wl,-rpath,"$e2e_build"
	mkdir nothing
	start_broker
	assert_status 1 timeout -s KILL 30 ./example nothing tmp/old new
	assert_match "it" "$output" '^BAD_IMAGES: '
	stop_broker
}

# fdbroker-ctl(1), EXAMPLES, with the first descriptor of the target for the log.
test_the_examples_of_fdbroker_ctl() {
	local PATH=$e2e_build:$PATH job

	start_target fdholder a:/tmp/old a:/tmp/other
	dump "$target" images
	start_broker
	ctl inspect -D images >said
	assert_match "inspect" "$(<said)" '/tmp/old'
	ctl plan -D images --fd log=/tmp/new:a --map path:/tmp/old=log >said
	assert_match "plan" "$(<said)" 'good'
	ctl restore -D images --fd log=/tmp/new:a --map path:/tmp/old=log >said
	assert_eq "by path" "$(fd_is "$target" 3)" /tmp/new
	end "$target"
	wait_for test ! -e "/proc/$target" # the broker has waited for it: its pid is free
	ctl restore -D images --inherit-fd 'fd[5]:tmp/old' 5>>/tmp/newer >said
	assert_eq "by key" "$(fd_is "$target" 3)" /tmp/newer
	end "$target"
	wait_for test ! -e "/proc/$target"
	job=$(ctl restore -D images --fd out=5 --map "$target.3=out" --detach 5>>/tmp/third)
	assert_eq "the job" "$job" 3
	ctl log -f "$job" >said
	assert_match "the log" "$(<said)" 'Restore finished successfully'
	assert_eq "by task and descriptor" "$(fd_is "$target" 3)" /tmp/third
	end "$target"
	assert_status 137 ctl wait --exit-status "$job"
	stop_broker
}

no_sleep_runs() {
	! pgrep -x sleep >/dev/null
}

# README.md, "A first restore by hand".
test_the_first_restore_of_the_readme() {
	sed -n '/^## A first restore/,/^## What/{/^```sh/,/^```/{/^```/!p}}' "$e2e_top/README.md" |
		sed "s|\$PWD/build|$e2e_build|" >by-hand
	grep -q 'fdbroker-ctl restore' by-hand || fail "README.md has no first restore"
	(cd "$e2e_top" && timeout -s KILL 90 bash -eu /tmp/by-hand) >said 2>&1 || fail "it failed: $(<said)"
	assert_match "what it says" "$(<said)" "restored: task $(<pid) runs"
	assert_match "the new log" "$(<new.log)" '[0-9]:[0-9]'
	wait_for gone "$(<pid)"
	wait_for no_sleep_runs # it was its child
}

e2e_main "$@"

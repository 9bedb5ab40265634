#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The client in docs/protocol.md, as it stands there: somebody will copy it.
. "$(dirname "$0")/lib.sh"

# Cut client.py out of the document.
# shellcheck disable=SC2016 # the backquotes are Markdown's
write_client() {
	command -v python3 >/dev/null || skip "no python3"
	sed -n '/^```python$/,/^```$/{/^```/d;p}' "$e2e_top/docs/protocol.md" >client.py
	[ -s client.py ] || fail "docs/protocol.md has no client"
}

client() { # argument...
	timeout -s KILL 30 python3 client.py "$SOCKET" "$@"
}

test_the_documented_client_restores() {
	write_client
	start_target fdholder a:/tmp/old a:/tmp/other
	dump "$target" images
	start_broker
	client images tmp/old new >said
	assert_match "what it says" "$(tr '\n' ' ' <said)" \
		'^job 1 event planned event started .*event post-restore .*restored as pid '"$target"' with a pidfd: anon_inode:\[pidfd\] $'
	assert_eq "the mapped descriptor" "$(fd_is "$target" 3)" /tmp/new
	assert_eq "the other" "$(fd_is "$target" 4)" /tmp/other
	end "$target"
	stop_broker
}

test_the_documented_client_hears_of_errors() {
	write_client
	mkdir nothing
	start_broker
	assert_status 1 client nothing tmp/old new
	assert_match "the failed restore" "$output" 'images'
	assert_status 1 client nothing '' new
	assert_match "the refused call" "$output" 'mappings\[0\]\.target\.key: the key is empty$'
	stop_broker
}

e2e_main "$@"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# test_faults.c with a real criu: every system call of the daemon on a restore's whole way fails once. By itself
# that program has a fake criu, and more of the points. Environment: as there; FDB_FAULTS_EVERY is
# 10 if it is not set.
. "$(dirname "$0")/lib.sh"

test_every_call_fails_once_with_a_real_criu() {
	command -v strace >/dev/null || skip "no strace"
	start_target fdholder a:/tmp/old
	dump "$target" images
	FDB_FAULTS_CRIU=$CRIU FDB_FAULTS_FAULT=${CRIU_FAULT:-0} FDB_FAULTS_IMAGES=/tmp/images \
		FDB_FAULTS_KEY=tmp/old FDB_FAULTS_JOBS=1 \
		FDB_FAULTS_ALL=${FDB_FAULTS_ALL:-} FDB_FAULTS_EVERY=${FDB_FAULTS_EVERY:-10} \
		"$e2e_build/tests/e2e/test_faults" 2>said.err >said || {
		cat said said.err >&2
		fail "not all are well"
	}
	grep '^# ' said
}

e2e_main "$@"

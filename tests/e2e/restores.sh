# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced after lib.sh: restores that end as a test wants, one after another.

# Its images in images$1, its pid in pid$1: exits with $1 on SIGUSR1.
dump_quits() { # code
	start_target quits "$1"
	dump "$target" "images$1"
	echo "$target" >"pid$1"
}

# Fails: the file has grown.
dump_what_fails() {
	echo before >data
	start_target fdholder r:/tmp/data
	dump "$target" bad
	echo "not as before" >data
}

# A criu that restores once /tmp/go is there.
waiting_criu() {
	cat >waiting <<-END
		#!/bin/sh
		[ "\$1" != swrk ] || while [ ! -e /tmp/go ]; do sleep 0.05; done
		exec '$CRIU' "\$@"
	END
	chmod +x waiting
	CRIU=/tmp/waiting
}

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's packages: built, installed, tried by their own tests (debian/tests), upgraded and removed, each on the
# release that the box is of.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/box.sh"

# The tree as it stands, without what was built in it.
copy_source() {
	mkdir "$inside/build" "$inside/build/source"
	tar -C "$e2e_top" --exclude='./build*' --exclude=./.git -cf - . | tar -C "$inside/build/source" -xf -
}

build_packages() {
	in_box sh -c 'cd /build/source && DEB_BUILD_OPTIONS=nocheck timeout -s KILL 100 dpkg-buildpackage -b -us -uc' \
		>/tmp/build.log 2>&1 || fail "the build failed: $(tail -n 15 /tmp/build.log)"
}

packages() {
	box_up "$1"
	copy_source
	build_packages
	[ "$1" != own ] || assert_eq "errors of lintian" \
		"$(in_box sh -c 'lintian --no-cfg --allow-root --fail-on none /build/*.changes' | grep ^E: || true)" ""
	box_criu
	in_box sh -c 'dpkg -i /build/criu-fdbroker_*.deb /build/libfdbroker0_*.deb /build/libfdbroker-dev_*.deb' >/tmp/dpkg.log 2>&1 ||
		fail "$(</tmp/dpkg.log)"
	assert_eq "the daemon" "$(unit ActiveState)" inactive
	in_box /build/source/debian/tests/service >/tmp/service.log 2>&1 || fail "debian/tests/service: $(</tmp/service.log)"
	in_box /build/source/debian/tests/link >/tmp/link.log 2>&1 || fail "debian/tests/link: $(</tmp/link.log)"
	upgrade_and_remove
	box_down
}

upgrade_and_remove() {
	local pid

	box_dump
	box_restore
	pid=$(unit MainPID)
	in_box sh -c 'dpkg -i /build/criu-fdbroker_*.deb' >/tmp/dpkg.log 2>&1
	[ "$(unit MainPID)" != "$pid" ] || fail "the old daemon runs after an upgrade"
	assert_eq "the daemon" "$(unit ActiveState)" active
	assert_tree_lives
	in_box dpkg --purge criu-fdbroker libfdbroker-dev libfdbroker0 >/tmp/dpkg.log 2>&1
	assert_tree_lives
	assert_eq "what runs" "$(in_box sh -c 'cat /proc/[0-9]*/comm' | grep -x criu-fdbroker || true)" ""
	assert_eq "what is left" "$(in_box find /etc /usr /lib /var/lib/systemd -xdev -name '*fdbroker*')" ""
	box_end_tree
}

on_both packages

e2e_main "$@"

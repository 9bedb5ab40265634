#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's packages, as tests/rig/packages builds them: what lintian and their own tests (debian/tests) say of them,
# upgraded, removed, installed again and purged while a restored tree runs. The RPM package is built, too.
# What the daemon does when it is installed is for 91-systemd.sh, with FDB_INSTALL=packages.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/box.sh"

# Of the packages in new/; those in old/ are 0.0.9.
VERSION=$(sed -n 's/^VERSION := //p' "$e2e_top/Makefile")

# initial-upload-closes-no-bugs: it is not uploaded to Debian.
test_lintian() {
	local release said

	for release in own trixie; do
		# Where there is no tree there are no packages of it.
		[ $release = own ] || "$e2e_top/tests/rig/debian-tree" --made >/dev/null || continue
		box_packages $release
		said=$(lintian --no-cfg --allow-root --fail-on none --suppress-tags initial-upload-closes-no-bugs \
			"$packages"/new/*.changes)
		assert_eq "what lintian says of those of $release" "$said" ""
	done
}

# The real program, in a box: as it has nothing to bring itself, it is the testbed. It needs the source.
their_own_tests() {
	box_up "$1"
	box_packages "$1"
	box_criu
	mkdir "$inside/source" "$inside/debs"
	tar -C "$e2e_top" -cf - debian | tar -C "$inside/source" -xf -
	find "$packages/new" -name '*.deb' ! -name '*-dbgsym_*' -exec cp -t "$inside/debs" {} +
	# No network, and nothing that is wanted from there.
	rm -rf "$inside/etc/apt/sources.list" "$inside"/etc/apt/sources.list.d/* "$inside/var/lib/man-db/auto-update"
	in_box sh -c 'autopkgtest --ignore-restrictions=isolation-container /debs/*.deb /source/ -- null' \
		>/tmp/autopkgtest.log 2>&1 || fail "$(tail -n 40 /tmp/autopkgtest.log)"
	assert_eq "its summary" "$(sed -n '/ summary$/,/Binaries: resetting/p' /tmp/autopkgtest.log | grep -Eo '^[a-z]+ +[A-Z]+')" \
		"$(printf '%-20s PASS\n' service link)"
	box_down
}

daemon_is() { # version
	assert_match "the daemon" "$(in_box fdbroker-ctl status)" "criu-fdbroker $1, pid $(unit MainPID),"
}

# The tree goes on writing, to a file that was lent for its log: where assert_tree_lives looks, too.
restore_with_lent() {
	in_box fdbroker-ctl restore -D $IMAGES --fd log=/var/log/lent:a --map path:/var/log/target=log
	LOG=/var/log/lent
	assert_tree_lives
}

# What there is of it on disk, or was before.
traces() {
	in_box find /etc /lib/ /usr /var -xdev -name '*fdbroker*' | sort
}

upgrade() { # root, folder of the old packages, of the new
	local pid before

	box_up "$1"
	before=$(traces)
	box_criu
	box_dpkg "$2"
	assert_eq "the daemon" "$(unit ActiveState)" inactive
	daemon_is 0.0.9
	mkdir "$inside/etc/criu-fdbroker"
	printf '[Broker]\nIdleExitSec=7min\n' >"$inside/etc/criu-fdbroker/mine.conf"
	box_dump
	restore_with_lent
	start_waiting 1
	pid=$(unit MainPID)
	box_dpkg "$3"
	runs_anew "$pid" || fail "the old daemon runs after an upgrade"
	daemon_is "$VERSION"
	assert_match "what the administrator has set" "$(in_box fdbroker-ctl config)" "IdleExitSec=7min ; [^ ]*mine.conf"
	nothing_was_lost 1 "an upgrade"
	restore_with_lent
	remove_and_install "$3"
	restore_with_lent
	purge "$before"
	box_down
}

# A removed package leaves the trees, and what is known of them.
remove_and_install() { # packages
	in_box dpkg -r criu-fdbroker >/tmp/dpkg.log 2>&1 || fail "$(</tmp/dpkg.log)"
	assert_tree_lives
	nothing_runs
	box_dpkg "$1"
	start_waiting 2
	nothing_was_lost 2 "a removal"
}

nothing_runs() {
	[ ! -e "$inside$SOCKET" ] || fail "the socket is left"
	assert_eq "what runs" "$(in_box sh -c 'cat /proc/[0-9]*/comm' | grep -x criu-fdbroker || true)" ""
}

# Nothing is left but what the administrator has made, the group, and the tree in its scope.
purge() { # traces of before it was installed
	in_box dpkg --purge criu-fdbroker libfdbroker-dev libfdbroker1 >/tmp/dpkg.log 2>&1 || fail "$(</tmp/dpkg.log)"
	assert_tree_lives
	nothing_runs
	assert_eq "what is left" "$(comm -13 <(echo "$1") <(traces))" /etc/criu-fdbroker
	assert_eq "what is left in /run" "$(in_box find /run -name '*fdbroker*' -not -path '/run/systemd/*')" ""
	assert_eq "units" "$(in_box systemctl list-units --all --plain --no-legend '*fdbroker*' | awk '{ print $1, $3 }')" \
		"criu-fdbroker-3.scope active"
	box_end_tree
}

# As it would be built where RPM is at home, but that what it needs is not looked for as packages. Its files are those that
# "make install" makes, no more and no less; those of the library, what is for developers and the rest are apart.
test_rpm() {
	local name=criu-fdbroker-$VERSION rpms

	mkdir -p rpm/SOURCES
	tar -C "$e2e_top" --exclude='./build*' --exclude=./.git --exclude=./.cache --transform "s,^\\.,$name," -czf "rpm/SOURCES/$name.tar.gz" .
	CFLAGS=-O0 rpmbuild -bb --noclean --nodeps --load "$e2e_top/tests/rig/rpm-macros" --define '_topdir /tmp/rpm' \
		--define '_tmppath /tmp' "$e2e_top/packaging/criu-fdbroker.spec" >rpm.log 2>&1 || fail "$(tail -n 20 rpm.log)"
	mapfile -t rpms < <(find rpm/RPMS -name '*.rpm' | sort)
	assert_eq "packages" "$(basename -a "${rpms[@]%-"$VERSION"-*}" | tr '\n' ' ')" \
		"criu-fdbroker libfdbroker libfdbroker-devel "
	rpm -qp --qf '[%{filemodes:perms} %{filenames}\n]' "${rpms[@]}" | sed -n 's/^[-l][^ ]* //p' | sort >files
	(cd rpm/BUILDROOT/* && find . ! -type d | sed 's/^\.//' | sort) >installed
	assert_eq "differences" "$(diff installed files || true)" ""
	assert_match "files" "$(<files)" "/usr/lib/systemd/system/criu-fdbroker.socket"
	assert_eq "of the library" "$(rpm -qpl "${rpms[1]}" | grep -v licenses)" /usr/lib64/libfdbroker.so.1
	assert_match "needs" "$(rpm -qp --requires "${rpms[0]}")" "libsystemd.so.0"
	rm -rf rpm
}

upgrade_within() {
	box_packages "$1"
	upgrade "$1" "$packages/old" "$packages/new"
}

# As when a machine is brought from 12 to 13: the package of the one over that of the other.
test_upgrade_from_debian_12s_to_13s() {
	local former

	box_root trixie
	box_packages own
	former=$packages
	box_packages trixie
	upgrade trixie "$former/old" "$packages/new"
}

on_both their_own_tests upgrade_within

e2e_main "$@"

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Settings of a unit that must not be set, seen from inside. See confined.h; which, and why: the unit's comments. */
#include "service/confined.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static bool other_mounts_than_init(void)
{
	struct stat own, init;

	/* Where process 1 cannot be looked at, nothing is known. */
	return stat("/proc/self/ns/mnt", &own) == 0 && stat("/proc/1/ns/mnt", &init) == 0 &&
	       own.st_ino != init.st_ino;
}

const char *confined_by(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return "NoNewPrivs";
	/* With a filter that forbids it, the call kills us, as the filter would any restore. */
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0)
		return "Seccomp";
	return other_mounts_than_init() ? "mount namespace" : NULL;
}

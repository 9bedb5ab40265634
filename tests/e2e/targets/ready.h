/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all targets share: how a target tells the test that it has opened everything. */
#ifndef FDBROKER_TARGETS_READY_H
#define FDBROKER_TARGETS_READY_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/* By its name in /proc/PID/comm: it needs no descriptor, and criu restores it. start_target waits for it. */
static inline void ready(void)
{
	prctl(PR_SET_NAME, "ready");
}

/* Ends a target that cannot be what it shall be; the test sees that it is gone. */
static inline void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

#endif

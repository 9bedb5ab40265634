/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Says by its exit code whether hardware breakpoints fire on this machine: 0 yes, 1 no, 2 could not find
 * out (the reason on stderr).
 *
 * The daemon's own test is compiled in as source: the Makefile builds the rig without the daemon's
 * objects, and so this one program can be had before anything else is built, and never with sanitizers.
 */
#include <stdio.h>
#include <string.h>

#include "../../daemon/worker/breakpoints.c"

int main(void)
{
	int r = breakpoints_fire();

	if (r < 0) {
		fprintf(stderr, "hwbreak: %s\n", strerror(-r));
		return 2;
	}
	return r ? 0 : 1;
}

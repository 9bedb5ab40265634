/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: kcmp-file PID1 FD1 PID2 FD2
 *
 * Do the two descriptors lead to the very same open file? Exit code 0 yes, 1 no, 2 cannot tell.
 */
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long r;

	if (argc != 5) {
		fprintf(stderr, "usage: kcmp-file PID1 FD1 PID2 FD2\n");
		return 2;
	}
	r = syscall(SYS_kcmp, atoi(argv[1]), atoi(argv[3]), KCMP_FILE, strtoul(argv[2], NULL, 10),
		strtoul(argv[4], NULL, 10));
	if (r < 0) {
		perror("kcmp-file");
		return 2;
	}
	return r == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: borrow NUMBER=PID.FD... COMMAND [ARGUMENT...]
 *
 * Runs a command that has at NUMBER the very open file that process PID has at FD, of whatever kind: what a
 * shell cannot open (sockets, eventfds) is lent by a process that holds it. Exit status 125 if that
 * fails, else the command's.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "borrow: %s: %s\n", what, strerror(errno));
	return 125;
}

static int borrow(int number, int pid, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int got, r;

	if (pidfd < 0)
		return -1;
	got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	if (got < 0)
		return -1;
	/* It comes with close-on-exec, which its duplicate has not. */
	r = got == number ? dup(got) : got;
	if (r < 0 || dup2(r, number) < 0)
		return -1;
	close(r);
	return 0;
}

int main(int argc, char **argv)
{
	int i, number, pid, fd;

	for (i = 1; i < argc && sscanf(argv[i], "%d=%d.%d", &number, &pid, &fd) == 3; i++)
		if (borrow(number, pid, fd) < 0)
			return fail(argv[i]);
	if (i == 1 || i == argc) {
		fprintf(stderr, "usage: borrow NUMBER=PID.FD... COMMAND [ARGUMENT...]\n");
		return 125;
	}
	execvp(argv[i], argv + i);
	return fail(argv[i]);
}

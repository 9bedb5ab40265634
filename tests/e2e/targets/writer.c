/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: writer LOG
 *
 * Appends a numbered line to LOG and writes the same line to its standard output, a pipe as a rule, twenty
 * times a second: a program whose log and output can be seen to go on after a restore, with the next number.
 */
#include <fcntl.h>
#include <unistd.h>

#include "ready.h"

#define PAUSE_US 50000

static void write_line(int fd, const char *line, size_t n)
{
	if (write(fd, line, n) != (ssize_t)n)
		exit(1);
}

int main(int argc, char **argv)
{
	int log;

	if (argc != 2)
		return 2;
	log = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0644);
	if (log < 0)
		die(argv[1]);
	for (unsigned n = 1;; n++) {
		char line[32];
		int len = snprintf(line, sizeof(line), "line %u\n", n);

		write_line(log, line, (size_t)len);
		write_line(STDOUT_FILENO, line, (size_t)len);
		ready();
		usleep(PAUSE_US);
	}
}

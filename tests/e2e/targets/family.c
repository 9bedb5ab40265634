/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: family LOG
 *
 * A small tree: a parent with a second thread, and a child. All three append lines of their own ("parent",
 * "thread", "child") to LOG, ten times a second, through the one open file that they share.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "ready.h"

#define PAUSE_US 100000

static int log_fd;

/* The argument is what the line says. */
static void *write_lines(void *word)
{
	char line[16];
	int n = snprintf(line, sizeof(line), "%s\n", (const char *)word);

	for (;;) {
		if (write(log_fd, line, (size_t)n) != n)
			exit(1);
		usleep(PAUSE_US);
	}
}

int main(int argc, char **argv)
{
	static char parent[] = "parent", thread[] = "thread", child[] = "child";
	pthread_t id;
	pid_t pid;

	if (argc != 2)
		return 2;
	log_fd = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0644);
	if (log_fd < 0)
		die(argv[1]);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		write_lines(child);
	if (pthread_create(&id, NULL, write_lines, thread) != 0)
		die("pthread_create");
	ready();
	write_lines(parent);
}

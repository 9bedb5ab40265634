/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: quits CODE
 *
 * Waits for SIGUSR1 and exits with CODE then: a program whose end somebody waits for.
 */
#include <signal.h>
#include <unistd.h>

#include "ready.h"

static int code;

static void quit(int sig)
{
	(void)sig;
	_exit(code);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	code = atoi(argv[1]);
	signal(SIGUSR1, quit);
	ready();
	for (;;)
		pause();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See pager.h. */
#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MOST_WORDS 16 /* of a command line in $PAGER */

/* Quit if all fits on the screen, colours, no wrapping, leave it there, a long prompt, ^C quits. */
#define LESS_OPTIONS "FRSXMK"

/* What the user wants; NULL: has not said. */
static const char *wanted(void)
{
	const char *own = secure_getenv("FDBROKER_PAGER");

	return own ? own : secure_getenv("PAGER");
}

/* ---- in the child ---- */

/* Words are parted by blanks. Comes back if there is no such program. */
static void run(const char *command)
{
	char *words[MOST_WORDS + 1] = { NULL }, *copy = strdup(command), *rest = copy, *word;
	size_t n = 0;

	while (copy && n < MOST_WORDS && (word = strsep(&rest, " \t")))
		if (word[0])
			words[n++] = word;
	if (n)
		execvp(words[0], words);
	free(copy);
}

static _Noreturn void become_pager(const struct screen *screen, int in)
{
	static const int handled[] = { SIGINT, SIGPIPE };
	const char *command = wanted();

	/* Without us there is nothing left to read. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		(void)signal(handled[i], SIG_DFL);
	if (dup2(in, STDIN_FILENO) < 0)
		_exit(EXIT_FAILURE);
	(void)setenv("LESS", LESS_OPTIONS, 1);
	(void)setenv("LESSSECURE", "1", 1);
	if (screen->lines)
		(void)setenv("LESSCHARSET", "utf-8", 1);
	if (command)
		run(command);
	run("less");
	run("more");
	run("cat"); /* one of them there is */
	_exit(EXIT_FAILURE);
}

/* ---- in the parent ---- */

static bool wants_pager(const struct ctl *ctl)
{
	const char *command = wanted();

	return !ctl->no_pager && isatty(STDOUT_FILENO) && screen_can_move() &&
	       (!command || (command[0] && strcmp(command, "cat") != 0));
}

static void start(struct pager *p, const struct screen *screen)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return; /* then without */
	p->terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	fflush(NULL); /* else both would write it */
	p->pid = p->terminal < 0 ? -1 : fork();
	if (p->pid == 0)
		become_pager(screen, ends[0]);
	if (p->pid > 0 && dup2(ends[1], STDOUT_FILENO) >= 0) {
		const struct sigaction ignore = { .sa_handler = SIG_IGN };

		(void)sigaction(SIGINT, &ignore, &p->interrupt);
		(void)sigaction(SIGPIPE, &ignore, &p->pipe);
	} else {
		p->pid = 0; /* a child that was made reads the end at once */
		cleanup_fd(&p->terminal);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
}

void pager_begin(struct pager *p, const struct ctl *ctl, struct screen *ret_screen)
{
	*p = (struct pager){ .terminal = -1 };
	screen_look(ret_screen, STDOUT_FILENO);
	if (ctl->full)
		ret_screen->width = 0;
	if (wants_pager(ctl))
		start(p, ret_screen);
}

void pager_end(struct pager *p)
{
	if (!p->pid)
		return;
	fflush(stdout);
	/* Who has left the pager early wants no more. */
	__fpurge(stdout);
	clearerr(stdout);
	/* The pager reads its end when the last writer is gone. */
	(void)dup2(p->terminal, STDOUT_FILENO);
	cleanup_fd(&p->terminal);
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)sigaction(SIGINT, &p->interrupt, NULL);
	(void)sigaction(SIGPIPE, &p->pipe, NULL);
	p->pid = 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A process held at one exact moment, by ptrace(2): between two of its system calls. While it is held it does
 * nothing, however long the test takes; SIGKILL ends it all the same. The program itself is not changed.
 *
 * Every function fails the running test where something does not work.
 */
#ifndef FDBROKER_TESTS_HOLD_H
#define FDBROKER_TESTS_HOLD_H

#include <stdbool.h>
#include <sys/types.h>

struct hold {
	pid_t pid;      /* 0: nothing is held, or it has ended */
	char rpc[32];   /* criu: its socket to the broker, as /proc names it; "": it has none */
	unsigned calls; /* system calls that it has come back from */
	bool entered;   /* it is in one */
	long call;      /* which */
	bool peeks;     /* that leaves what it reads in the socket */
	char says
		[64]; /* criu: the notification that it is sending, "reply" for its last word; "": none */
	char said[64]; /* criu: the last one that it has sent */
};

/* Where to stop. The first one of these to come. */
struct moment {
	const char *
		said; /* criu has sent this notification; "reply": its last word; NULL: not of interest */
	bool answered;        /* and has read what the broker answered */
	unsigned calls;       /* after as many system calls in all; 0: not of interest */
	const char *opens_fs; /* before fsopen(2) of this; NULL: not of interest */
	unsigned
		idle_ms; /* nothing happens for so long: it waits for something, and only hold_kill() may
				 follow; 0: that is an error, after 20 s */
};

/*
 * Take hold of a process, which may be one that has stopped itself. It does not run before hold_until().
 * @rpc: criu: the number of its socket to the broker; -1: it has none
 */
void hold_take(struct hold *h, pid_t pid, int rpc);

/* Let it run until then. Return: it is held there; false: it has ended before, and nothing is held. */
bool hold_until(struct hold *h, const struct moment *moment);

/* The first character of what fsopen(2) is given becomes another: there is no such file system. */
void hold_spoil_fsopen(struct hold *h);

/* Let go. @stopped: it stops before it does anything more, as by SIGSTOP. Nothing held: nothing happens. */
void hold_release(struct hold *h, bool stopped);

/* SIGKILL, and wait until it has ended. */
void hold_kill(struct hold *h);

/* If something else has killed what is held: see to it that its parent hears of it. */
void hold_poll(struct hold *h);

#endif

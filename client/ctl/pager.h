/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Long output on a terminal goes through a pager, as systemctl's does. */
#ifndef FDBROKER_CTL_PAGER_H
#define FDBROKER_CTL_PAGER_H

#include <signal.h>
#include <sys/types.h>

#include "ctl.h"
#include "screen.h"

struct pager {
	pid_t pid;                        /* 0: none */
	int terminal;                     /* owned: standard output as it was */
	struct sigaction interrupt, pipe; /* as they were */
};

/**
 * pager_begin() - from here on standard output is read by a pager
 * @ret_screen: what standard output can show, as screen_look() finds it; its width is 0 with --full
 *
 * If it is a terminal and --no-pager was not given. $FDBROKER_PAGER says which, else $PAGER, else less; empty
 * or "cat": none. It runs without a shell, and less may start no other program (LESSSECURE): this is often run by
 * sudo. Until pager_end() ^C is the pager's own affair. Call it when everything that can fail is done.
 */
void pager_begin(struct pager *p, const struct ctl *ctl, struct screen *ret_screen);

/* Wait until the user has left it, and have standard output as before. */
void pager_end(struct pager *p);

#endif

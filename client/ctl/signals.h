/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ^C and its like as something to poll for, so that what was begun can be ended in order. */
#ifndef FDBROKER_CTL_SIGNALS_H
#define FDBROKER_CTL_SIGNALS_H

#include <signal.h>

struct signals {
	int fd; /* owned; readable when a signal has come; -1: not watched */
	sigset_t before;
};

#define SIGNALS_NONE ((struct signals){ .fd = -1 })

/* Watch SIGINT, SIGTERM and SIGHUP, but for those that are ignored, as by nohup. */
void signals_watch(struct signals *s);

/* The signal that has come, or 0. */
int signals_taken(const struct signals *s);

/* As before: the next one has its usual effect. */
void signals_unwatch(struct signals *s);

#endif

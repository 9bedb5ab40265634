/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One restore in which something bad happens at one exact moment, and the proof afterwards: its outcome is the
 * right one and is not lost, the tree runs just if it says so, and nothing is left. For tools/stages.c.
 */
#ifndef FDBROKER_TESTS_ROUND_H
#define FDBROKER_TESTS_ROUND_H

#include "hold.h"
#include "world.h"

/* When. */
enum place {
	AT_ACCEPTED, /* the broker has just accepted it, and plans */
	AT_QUEUED,   /* another restore has its place */
	AT_STARTED,  /* criu is a process, which has not begun */
	AT_MOMENT,   /* criu has said or heard something */
	AT_UNSEEN, /* the same, in class own; the broker was stopped before it could see what the tasks may */
	AT_RANDOM, /* criu is anywhere before its post-restore */
};

struct stage {
	const char *name;
	enum place place;
	struct moment moment; /* AT_MOMENT, AT_UNSEEN */
};

/* What. */
enum action {
	KILL_CRIU,
	STOP_CRIU,    /* by SIGSTOP; its deadline ends it */
	STOP_CANCEL,  /* the same; Cancel ends it */
	CANCEL,       /* Cancel, criu works on */
	KILL_CLIENT,  /* its restore shall be cancelled */
	CARRY_ON,     /* its restore shall go on */
	KILL_BROKER,  /* and start it again when criu has ended */
	KILL_STOPPED, /* and criu is stopped while it is started again */
	STOP_BROKER,  /* by SIGTERM, and start it again */
	N_ACTIONS,
};

struct rounds {
	struct world *world;   /* borrowed */
	unsigned calls;        /* system calls of criu until its post-restore */
	unsigned n[N_ACTIONS]; /* rounds so far */
	unsigned early;        /* of those at AT_ACCEPTED: that were still being planned */
	unsigned
		wrote; /* restores without success whose tasks have run, where that cannot be helped */
	unsigned again; /* rounds where the deadline came first */
};

/* Count the system calls of criu (rounds.calls); once, before AT_RANDOM. */
void rounds_measure(struct rounds *all);

/* One round. @what: what is possible at this stage; @n: which time it is */
void round_run(struct rounds *all, const struct stage *stage, enum action what, unsigned n);

#endif

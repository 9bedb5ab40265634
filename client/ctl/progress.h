/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line on the terminal while a restore lasts, which is gone when it has ended. */
#ifndef FDBROKER_CTL_PROGRESS_H
#define FDBROKER_CTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "fdbroker.h"
#include "line.h"

/* How often it is drawn, and the job asked for. */
#define PROGRESS_TICK_MS 200

/* What ^C does at first. */
#define PROGRESS_KEYS "^C cancels"

struct progress {
	bool on; /* standard error is a terminal that can take a line back */
	bool shown;
	const char *doing; /* instead of the state: "cancelling"; static; NULL: the state */
	const char *keys;  /* what ^C does; static */
	uint64_t begun_us; /* CLOCK_MONOTONIC */
	struct screen screen;

	/* What was heard last. */
	uint64_t job;
	enum fdb_job_state state; /* 0: nothing yet */
	uint32_t position;        /* in the queue; 0: not there */
	int tasks, made;          /* -1: not known */
};

/* A job has been accepted. Nothing is drawn yet: most restores are shorter. */
void progress_begin(struct progress *p, uint64_t job);

/* What fdb_show() has told of it. */
void progress_heard(struct progress *p, const struct fdb_job *job);

/* Draw it anew, if the restore lasts long enough for that. */
void progress_draw(struct progress *p);

/* What it says, put into a line. */
void progress_put(const struct progress *p, uint64_t elapsed_us, struct line *l);

/* Take it off the screen: before anything else is printed, and at the end. */
void progress_clear(struct progress *p);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See progress.h. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "figures.h"
#include "words.h"

/* A restore that is shorter has no line: it would only flicker. */
#define PATIENCE_US 300000

/* Back to the first column; clear to the end of the line. */
#define WIPE "\r\033[K"

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void progress_begin(struct progress *p, uint64_t job)
{
	*p = (struct progress){
		.keys = PROGRESS_KEYS, .job = job, .begun_us = now_us(), .tasks = -1, .made = -1
	};
	screen_look(&p->screen, STDERR_FILENO);
	p->on = isatty(STDERR_FILENO) && screen_can_move();
	/* In the last column a terminal may go to the next line. */
	if (p->screen.width)
		p->screen.width--;
}

void progress_heard(struct progress *p, const struct fdb_job *job)
{
	p->state = fdb_job_state(job);
	p->position = fdb_job_position(job);
	p->tasks = fdb_job_tasks(job) >= 0 ? fdb_job_tasks(job) : p->tasks;
	/* What was made is told while it is made, and wanted after it has been ended. */
	p->made = fdb_job_tasks_made(job) >= 0 ? fdb_job_tasks_made(job) : p->made;
}

void progress_put(const struct progress *p, uint64_t elapsed_us, struct line *l)
{
	char text[128], place[FIGURE_SIZE];

	snprintf(text, sizeof(text), "job %llu: ", (unsigned long long)p->job);
	line_put(l, LINE_PLAIN, text);
	line_put(l, LINE_BOLD,
		p->doing   ? p->doing
		: p->state ? words_state(p->state)
			   : "restoring");
	if (p->position && p->state == FDB_JOB_QUEUED) {
		snprintf(text, sizeof(text), ", %s", figure_place(place, p->position));
		line_put(l, LINE_PLAIN, text);
	}
	if (p->made >= 0 && p->tasks > 0 && p->state == FDB_JOB_RESTORING) {
		snprintf(text, sizeof(text), ", %d of %d task%s", p->made, p->tasks,
			p->tasks == 1 ? "" : "s");
		line_put(l, LINE_PLAIN, text);
	}
	snprintf(text, sizeof(text), ", %.1f s", (double)elapsed_us / 1e6);
	line_put(l, LINE_PLAIN, text);
	snprintf(text, sizeof(text), " (%s)", p->keys);
	line_put(l, LINE_DIM, text);
}

void progress_draw(struct progress *p)
{
	struct line l = { .screen = &p->screen };
	uint64_t elapsed_us = now_us() - p->begun_us;

	if (!p->on || elapsed_us < PATIENCE_US)
		return;
	progress_put(p, elapsed_us, &l);
	if (l.text)
		fprintf(stderr, WIPE "%s", l.text);
	fflush(stderr);
	p->shown = true;
	line_done(&l);
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs(WIPE, stderr);
	p->shown = false;
}

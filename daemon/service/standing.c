/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Status, sign of life, idle end: one look every second. See standing.h. */
#include "service/standing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "jobs/jobs.h"
#include "service/sysd.h"

#define LOOK_US 1000000

struct standing {
	struct standing_spec spec;
	struct event *look; /* owned */
	char status[160];   /* as told last */
	unsigned idle_s;    /* 0: never */
	unsigned idle_looks;
};

void standing_tell(struct standing *s)
{
	const struct jobs *jobs = s->spec.jobs;
	unsigned at_work = (unsigned)jobs->workers.running;
	char status[sizeof(s->status)];

	snprintf(status, sizeof(status),
		"%s%u restoring, %u waiting, %u tree%s alive, %lu restored and %lu failed so far",
		jobs->draining ? "draining; " : "", at_work, jobs->under_way - at_work, jobs->trees,
		jobs->trees == 1 ? "" : "s", (unsigned long)jobs->done,
		(unsigned long)jobs->failed);
	if (strcmp(status, s->status) != 0 && sysd_status(status))
		snprintf(s->status, sizeof(s->status), "%s", status);
}

static void look(evutil_socket_t none, short what, void *arg)
{
	struct standing *s = arg;
	const struct jobs *jobs = s->spec.jobs;

	(void)none, (void)what;
	sysd_alive();
	standing_tell(s);
	if (*s->spec.sessions || jobs->under_way || jobs->trees)
		s->idle_looks = 0;
	else if (s->idle_s && s->idle_looks++ == s->idle_s)
		s->spec.idle(s->spec.arg);
}

int standing_new(const struct standing_spec *spec, struct standing **ret)
{
	uint64_t watchdog_us = sysd_watchdog_us();
	uint64_t every_us = watchdog_us && watchdog_us / 3 < LOOK_US ? watchdog_us / 3 : LOOK_US;
	struct timeval tv = { .tv_sec = (time_t)(every_us / 1000000),
		.tv_usec = (suseconds_t)(every_us % 1000000) };
	autofree struct standing *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->spec = *spec;
	s->look = event_new(spec->base, -1, EV_PERSIST, look, s);
	if (!s->look || event_add(s->look, &tv) < 0) {
		if (s->look)
			event_free(s->look);
		return -ENOMEM;
	}
	*ret = TAKE_PTR(s);
	return 0;
}

void standing_free(struct standing *s)
{
	if (!s)
		return;
	event_free(s->look);
	free(s);
}

void standing_set_idle(struct standing *s, unsigned seconds)
{
	s->idle_s = seconds;
}

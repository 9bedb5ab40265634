/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The data of a job. See record.h. */
#include "jobs/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int record_add_problem(
	struct record *r, const char *code, bool error, int mapping, const char *text)
{
	struct record_problem *list =
		reallocarray(r->problems, r->n_problems + 1, sizeof(*r->problems));
	autofree char *own_code = strdup(code), *own_text = strdup(text);

	if (list)
		r->problems = list;
	if (!list || !own_code || !own_text)
		return -ENOMEM;
	list[r->n_problems++] =
		(struct record_problem){ TAKE_PTR(own_code), error, mapping, TAKE_PTR(own_text) };
	return 0;
}

void record_done(struct record *r)
{
	for (size_t i = 0; i < r->n_problems; i++) {
		free(r->problems[i].code);
		free(r->problems[i].text);
	}
	free(r->problems);
	free(r->numbers);
	r->problems = NULL;
	r->numbers = NULL;
	r->n_problems = r->n_numbers = 0;
}

const char *record_state_name(enum job_state state)
{
	static const char *const names[JOB_N_STATES] = {
		[JOB_ACCEPTED] = "accepted",
		[JOB_PLANNED] = "planned",
		[JOB_QUEUED] = "queued",
		[JOB_STARTING] = "starting",
		[JOB_RESTORING] = "restoring",
		[JOB_ENDING] = "ending",
		[JOB_RUNNING] = "running",
		[JOB_ENDED] = "ended",
	};

	return (unsigned)state < JOB_N_STATES && names[state] ? names[state] : "unknown";
}

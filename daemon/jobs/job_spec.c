/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A checked request. See job_spec.h. */
#include "jobs/job_spec.h"

#include <stdlib.h>

#include "processes/discard.h"

void job_spec_done(struct job_spec *spec)
{
	for (size_t i = 0; i < spec->n_mappings; i++) {
		free(spec->mappings[i].target);
		free(spec->mappings[i].lent);
	}
	free(spec->mappings);
	free(spec->opts);
	credentials_free(spec->run_as);
	discard_fd(spec->images);
	discard_fd(spec->work);
	*spec = JOB_SPEC_NONE;
}

struct planner_mapping *job_spec_wishes(const struct job_spec *spec)
{
	struct planner_mapping *wishes = calloc(spec->n_mappings + 1, sizeof(*wishes));

	for (size_t i = 0; wishes && i < spec->n_mappings; i++) {
		const struct job_mapping *m = &spec->mappings[i];

		wishes[i] =
			(struct planner_mapping){ m->target, m->is_key, m->lent, m->fd, m->reopen };
	}
	return wishes;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a job is to restore: a request after all checks, and its owner. */
#ifndef FDBROKER_JOB_SPEC_H
#define FDBROKER_JOB_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/credentials.h"
#include "prepare/planner.h"

struct job_mapping {
	char *target; /* owned; see struct planner_mapping */
	bool is_key;
	char *lent; /* owned */
	int fd;     /* borrowed: of the session, then of the job, see job_take_lent() */
	int number; /* agreed number, or NUMBERS_NONE */
	bool reopen;
};

/* What to restore. job_spec_done() frees and closes what it owns. */
struct job_spec {
	int images;                   /* owned */
	int work;                     /* owned; -1: a private one */
	struct job_mapping *mappings; /* owned */
	size_t n_mappings;
	uint8_t *opts; /* owned; after the policy's check */
	size_t n_opts;
	uint64_t at_own_risk;       /* mask of 1 << enum plan_code */
	uint32_t deadline_ms;       /* 1.. */
	struct credentials *run_as; /* owned; whose rights criu gets; NULL: ours */
};

#define JOB_SPEC_NONE ((struct job_spec){ .images = -1, .work = -1 })

/* Free and close what it owns; it is JOB_SPEC_NONE then. */
void job_spec_done(struct job_spec *spec);

/* The mappings as the planner wants them, borrowing from @spec. Return: the caller's to free(), or NULL. */
struct planner_mapping *job_spec_wishes(const struct job_spec *spec);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the planner child is asked for, and what it runs. For planner.c alone; others include planner.h. */
#ifndef FDBROKER_PLANNING_H
#define FDBROKER_PLANNING_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "policy/credentials.h"
#include "processes/parcel.h"

/* One mapping of a request. */
struct planner_mapping {
	const char *target; /* borrowed; a text of plan/target.h, or a key if is_key */
	bool is_key;
	const char *lent; /* borrowed; name of the lent descriptor, for texts */
	int fd;           /* borrowed; the lent descriptor */
	bool reopen;
};

/* What the child hands back. */
enum planner_output {
	PLANNER_FOR_CRIU, /* for planner_read() */
	PLANNER_PLAN,     /* the plan as JSON, for people and programs (plan/report_plan.h) */
	PLANNER_INSPECT,  /* what is in the images as JSON (plan/report_inspect.h) */
};

/* What the child may be asked after PLANNER_FOR_CRIU. */
enum planner_question {
	/*
	 * Are all images still what they were when they were read: device, inode, size, mtime, ctime of
	 * every file? One byte: 1 or 0.
	 */
	PLANNER_UNCHANGED,
	/* The descriptor is a log of criu: why did it fail? For planner_explained(). */
	PLANNER_EXPLAIN,
	/* The descriptor is a work directory of the client's: what has criu counted? struct stats. */
	PLANNER_STATISTICS,
};

struct planner_request {
	enum planner_output output;
	int images; /* borrowed */
	const struct planner_mapping *mappings;
	size_t n_mappings;
	uint64_t at_own_risk;             /* mask of 1 << enum plan_code */
	const struct credentials *run_as; /* borrowed; who reads the images; NULL: root */
	const struct config *config;      /* borrowed; its limits */
};

/* Of what the child hands back: it is as it is. */
#define PLANNING_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* See struct helper_work. The request is a message of planned.proto; the child keeps graph and plan for questions. */
int planning_run(struct parcel *request, struct err *err);
size_t planning_answer(struct parcel *request, unsigned question, int fd, void *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of planning that finds what speaks against a mapping; plan.h has what others may call. */
#ifndef FDBROKER_PLAN_CHECK_H
#define FDBROKER_PLAN_CHECK_H

#include "plan/plan.h"

struct checks {
	const struct graph *g;
	const struct plan_request *r;
	struct plan *p;
	struct map ptys; /* number of a pty that stays in the images -> open file of it */
};

/**
 * check_say() - add a problem
 * @mapping: index, or NONE
 *
 * An error that the request accepts becomes a warning.
 *
 * Return: 0 or -ENOMEM.
 */
int check_say(struct checks *c, enum plan_code code, uint32_t mapping, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Look at one mapping whose open files, key and way are decided. Return: 0 or -ENOMEM. */
int check_mapping(struct checks *c, uint32_t mapping);

/* Look at what is not about one mapping: pids. Return: 0 or -ENOMEM. */
int check_tree(struct checks *c);

#endif

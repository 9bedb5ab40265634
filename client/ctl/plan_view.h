/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan for people: what each mapping changes, and all that speaks against it. */
#ifndef FDBROKER_CTL_PLAN_VIEW_H
#define FDBROKER_CTL_PLAN_VIEW_H

#include <stdio.h>

#include "plan/plan.h"
#include "screen.h"

/**
 * plan_view_print() - write a plan
 * @p:      made
 * @r:      what it was made of
 * @images: the directory, as it was given
 *
 * Return: 0 or -ENOMEM.
 */
int plan_view_print(const struct plan *p, const struct plan_request *r, const char *images,
	const struct screen *screen, FILE *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan as JSON. Its members: docs/inspect.md. */
#ifndef FDBROKER_PLAN_REPORT_PLAN_H
#define FDBROKER_PLAN_REPORT_PLAN_H

#include "plan/plan.h"
#include "plan/report_json.h"

/**
 * report_plan() - write a plan
 * @p:       made
 * @request: what it was made of
 * @r:       set up by the caller
 *
 * Return: 0, or -1: no memory.
 */
int report_plan(const struct plan *p, const struct plan_request *request, struct report *r);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graph of a set of images as JSON: tasks, tables, open files, needs. Its members: docs/inspect.md. */
#ifndef FDBROKER_PLAN_REPORT_INSPECT_H
#define FDBROKER_PLAN_REPORT_INSPECT_H

#include "plan/plan.h"
#include "plan/report_json.h"

/**
 * report_inspect() - write all of it
 * @p:    a plan of the graph, for its needs; without mappings: all that there are
 * @task: index: only this task, its table and what it holds, and no needs; NONE: all
 * @r:    set up by the caller
 *
 * Return: 0, or -1: no memory.
 */
int report_inspect(const struct plan *p, uint32_t task, struct report *r);

/**
 * report_needs() - write only the needs, as a file of mappings that is to be filled in
 *
 * Return: 0, or -1: no memory.
 */
int report_needs(const struct plan *p, struct report *r);

/* The needs as a list named "needs", in an object that is open. */
void report_need_list(const struct plan *p, const char *name, struct report *r);

/* The target of a need, valid UTF-8 wherever it can be: buf[DESCRIBE_NAME_SIZE]. Return: buf. */
const char *report_need_target(const struct plan *p, const struct plan_need *need, char *buf);

#endif

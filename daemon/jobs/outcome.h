/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a restore has failed, in words for its client: from a plan, from criu's end, from criu's log. */
#ifndef FDBROKER_OUTCOME_H
#define FDBROKER_OUTCOME_H

#include "plan/explain.h"
#include "prepare/planner.h"
#include "jobs/record.h"
#include "processes/spawn.h"

/**
 * outcome_of_plan() - take over what the plan has found into the record
 *
 * Return: 0, or -1 with @err: it has errors (REFUSED, with the first one's text and mapping), or no memory.
 */
int outcome_of_plan(struct record *record, const struct planned *plan, struct err *err);

/**
 * outcome_of_criu() - a criu that ended without an answer
 * @criu:   its path
 * @status: as waitpid(2) gives it
 * @report: how far its child came
 */
void outcome_of_criu(
	const char *criu, int status, const struct spawn_report *report, struct err *ret);

/* May criu's log tell more about this error than it says itself? */
bool outcome_is_criu(const struct err *err);

/**
 * outcome_explain() - add what criu's log tells to the record's error
 * @explained: NULL: nothing was found; then the first error line of the log has to do
 * @log:       borrowed
 */
void outcome_explain(struct record *record, const struct explained *explained, int log);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a restore has failed, in words for its client: from a plan, from criu's end, from criu's log. */
#ifndef FDBROKER_OUTCOME_H
#define FDBROKER_OUTCOME_H

#include "planner.h"
#include "spawn.h"

/* A plan with errors: REFUSED, with the first one's text and mapping. */
void outcome_of_plan(const struct planned *plan, struct err *ret);

/**
 * outcome_of_criu() - a criu that ended without an answer
 * @criu:   its path
 * @status: as waitpid(2) gives it
 * @report: how far its child came
 */
void outcome_of_criu(
	const char *criu, int status, const struct spawn_report *report, struct err *ret);

/* Add what criu's log tells to CRIU_FAILED and CRIU_BROKE; other errors stay as they are. */
void outcome_add_reason(int log, struct err *err);

#endif

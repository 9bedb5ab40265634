/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Failures in words. See outcome.h. The telling line of criu's log: reason.c. */
#include "outcome.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "reason.h"

void outcome_of_plan(const struct planned *plan, struct err *ret)
{
	size_t first = 0;
	char field[40] = "";

	while (!plan->problems[first].error)
		first++;
	if (plan->problems[first].mapping >= 0)
		err_field(field, sizeof(field), "mappings", (unsigned)plan->problems[first].mapping,
			NULL);
	if (plan->n_errors > 1)
		err_set(ret, ERR_REFUSED, 0, field, "%s (%s; and %zu more)",
			plan->problems[first].text, plan->problems[first].code, plan->n_errors - 1);
	else
		err_set(ret, ERR_REFUSED, 0, field, "%s (%s)", plan->problems[first].text,
			plan->problems[first].code);
}

void outcome_of_criu(
	const char *criu, int status, const struct spawn_report *report, struct err *ret)
{
	switch (report->stage) {
	case SPAWN_IMAGES:
		err_set(ret, ERR_BAD_IMAGES, report->sys, "images_dir",
			"images_dir: no inventory.img that can be read in it");
		return;
	case SPAWN_EXEC:
		err_set(ret, ERR_NO_CRIU, report->sys, NULL, "cannot execute criu at %s", criu);
		return;
	case SPAWN_CWD:
		err_set(ret, ERR_BAD_REQUEST, report->sys, "work_dir", "work_dir: cannot enter it");
		return;
	case SPAWN_LIMITS:
	case SPAWN_PLACE:
		err_set(ret, ERR_INTERNAL, report->sys, NULL, "cannot place criu's descriptors");
		return;
	case SPAWN_DONE:
		break;
	}
	if (WIFSIGNALED(status))
		err_set(ret, ERR_CRIU_BROKE, 0, NULL,
			"criu was ended by signal %d (SIG%s) before it answered", WTERMSIG(status),
			sigabbrev_np(WTERMSIG(status)) ?: "?");
	else
		err_set(ret, ERR_CRIU_BROKE, 0, NULL,
			"criu ended with status %d before it answered", WEXITSTATUS(status));
}

void outcome_add_reason(int log, struct err *err)
{
	char reason[300], before[sizeof(err->text)];
	int sys = err->sys;

	if (err->code != ERR_CRIU_FAILED && err->code != ERR_CRIU_BROKE)
		return;
	if (!reason_find(log, reason, sizeof(reason)))
		return;
	snprintf(before, sizeof(before), "%s", err->text);
	if (err->code == ERR_CRIU_FAILED)
		err_set(err, ERR_CRIU_FAILED, 0, NULL, "criu: %s", reason);
	else
		err_set(err, ERR_CRIU_BROKE, 0, NULL, "%.100s; its log says: %s", before, reason);
	err->sys = sys; /* for the client; the text has its own words */
}

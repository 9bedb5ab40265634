/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Failures in words. See outcome.h. The telling line of criu's log: reason.c. */
#include "jobs/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "worker/reason.h"

static void refused(const struct planned *plan, struct err *ret)
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

int outcome_of_plan(struct record *record, const struct planned *plan, struct err *err)
{
	for (size_t i = 0; i < plan->n_problems; i++) {
		const struct planner_problem *p = &plan->problems[i];

		if (record_add_problem(record, p->code, p->error, p->mapping, p->text) < 0)
			return err_set(err, ERR_INTERNAL, ENOMEM, NULL,
				"no memory for %zu problems", plan->n_problems);
	}
	if (plan->n_errors == 0)
		return 0;
	refused(plan, err);
	return -1;
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
	case SPAWN_RIGHTS:
		err_set(ret, ERR_INTERNAL, report->sys, NULL,
			"cannot become the client's user with what criu needs to be no root (CAP_CHECKPOINT_RESTORE, CAP_SETPCAP)");
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

bool outcome_is_criu(const struct err *err)
{
	return err->code == ERR_CRIU_FAILED || err->code == ERR_CRIU_BROKE ||
	       err->code == ERR_DEADLINE;
}

void outcome_explain(struct record *record, const struct explained *explained, int log)
{
	struct err *err = &record->err, before = *err;
	char line[300] = "";
	const char *text = line;

	if (explained) {
		text = explained->text;
		snprintf(record->reason, sizeof(record->reason), "%s", explained->reason);
		snprintf(record->hint, sizeof(record->hint), "%s", explained->hint);
	} else {
		(void)reason_find(log, line, sizeof(line));
	}
	if (!text[0])
		return;
	if (err->code == ERR_CRIU_FAILED)
		err_set(err, ERR_CRIU_FAILED, 0, NULL, "criu: %s", text);
	else
		err_set(err, before.code, 0, NULL, "%.160s; its log says: %s", before.text, text);
	err->sys = before.sys; /* for the client; the text has its own words */
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `show`: everything about one job. */
#include "dial.h"
#include "help.h"
#include "job_arg.h"
#include "job_json.h"
#include "job_view.h"
#include "options.h"
#include "output.h"
#include "pager.h"

#define WHAT "show"

static int print(const struct ctl *ctl, const struct fdb_job *job)
{
	struct screen screen;
	struct pager pager;
	int r = 0;

	pager_begin(&pager, ctl, &screen);
	if (ctl->format == CTL_TEXT)
		r = job_view_print(job, &screen, stdout);
	else
		out_json(ctl, job_json(job));
	pager_end(&pager);
	if (r < 0)
		return out_error(ctl, WHAT,
			&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
	return out_flush(ctl, WHAT, CTL_DONE);
}

static int show(struct ctl *ctl, struct fdb_client *c, void *number)
{
	struct fdb_job *job;
	int code;

	if (fdb_show(c, *(uint64_t *)number, CTL_WAIT_MS, &job) < 0)
		return out_client_error(ctl, WHAT, c);
	code = print(ctl, job);
	fdb_job_free(job);
	return code;
}

int cmd_show(struct ctl *ctl, int argc, char **argv)
{
	struct options o;
	uint64_t job;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	val = options_next(&o, argc, argv);
	if (val == OPTIONS_HELP)
		return help_show(WHAT);
	if (val != OPTIONS_END)
		return CTL_USAGE;
	code = job_arg_one(ctl, WHAT, argc, argv, &job);
	return code ? code : dial_and(ctl, WHAT, show, &job);
}

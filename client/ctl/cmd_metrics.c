/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `metrics`: the broker's figures for a monitoring system. */
#include <string.h>

#include "base/cleanup.h"
#include "dial.h"
#include "help.h"
#include "options.h"
#include "output.h"

#define WHAT "metrics"

static int metrics(struct ctl *ctl, struct fdb_client *c, void *none)
{
	autofree char *text = NULL;
	char *rest, *line;

	(void)none;
	if (fdb_metrics(c, CTL_WAIT_MS, &text) < 0)
		return out_client_error(ctl, WHAT, c);
	/* A broker's words go to a terminal as what can be shown there only: line by line. */
	rest = text;
	while ((line = strsep(&rest, "\n")) && (*line || rest))
		out_line(stdout, "%s", line);
	return out_flush(ctl, WHAT, CTL_DONE);
}

int cmd_metrics(struct ctl *ctl, int argc, char **argv)
{
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	val = options_next(&o, argc, argv);
	if (val == OPTIONS_HELP)
		return help_show(WHAT);
	if (val != OPTIONS_END)
		return CTL_USAGE;
	if (options_too_many(&o, argc, argv))
		return CTL_USAGE;
	if (ctl->format != CTL_TEXT)
		return out_usage(
			ctl, WHAT, "OpenMetrics text is for programs: there is no JSON of it");
	code = dial_only_running(ctl, WHAT);
	return code ? code : dial_and(ctl, WHAT, metrics, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `drain`: have the broker take no more restores, as before it is replaced. */
#include "dial.h"
#include "help.h"
#include "options.h"
#include "output.h"

#define WHAT "drain"

enum { OPT_WAIT = OPTIONS_OWN, OPT_OFF };

static void tell(const struct ctl *ctl, bool draining, unsigned jobs)
{
	if (ctl->format != CTL_TEXT) {
		cJSON *json = cJSON_CreateObject();

		cJSON_AddBoolToObject(json, "draining", draining);
		cJSON_AddNumberToObject(json, "jobs", jobs);
		out_json(ctl, json);
		return;
	}
	if (!draining)
		out_line(stdout, "The broker takes restores.");
	else if (!jobs)
		out_line(stdout, "Drained: no restore is under way, and no more are taken.");
	else
		out_line(stdout, "No more restores are taken; %u %s still under way.", jobs,
			jobs == 1 ? "is" : "are");
}

static int drain(struct ctl *ctl, struct fdb_client *c, void *arg)
{
	enum fdb_drain how = *(enum fdb_drain *)arg;
	bool draining;
	uint32_t jobs;

	if (fdb_drain(c, how, how == FDB_DRAIN_WAIT ? -1 : CTL_WAIT_MS, &draining, &jobs) < 0)
		return out_client_error(ctl, WHAT, c);
	if (how == FDB_DRAIN_WAIT && !draining)
		return out_error(ctl, WHAT,
			&(struct out_error){ .exit = CTL_CANCELLED,
				.text = "somebody has had the broker take restores again" },
			NULL);
	tell(ctl, draining, jobs);
	return out_flush(ctl, WHAT, CTL_DONE);
}

int cmd_drain(struct ctl *ctl, int argc, char **argv)
{
	enum fdb_drain how = FDB_DRAIN_ON;
	bool wait = false, off = false;
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	options_add(&o, "wait", no_argument, OPT_WAIT);
	options_add(&o, "off", no_argument, OPT_OFF);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		if (val == OPTIONS_HELP)
			return help_show(WHAT);
		if (val == OPTIONS_BAD)
			return CTL_USAGE;
		*(val == OPT_WAIT ? &wait : &off) = true;
	}
	if (options_too_many(&o, argc, argv))
		return CTL_USAGE;
	if (wait && off)
		return out_usage(
			ctl, WHAT, "--off ends the draining: there is nothing to --wait for");
	how = off ? FDB_DRAIN_OFF : wait ? FDB_DRAIN_WAIT : FDB_DRAIN_ON;
	code = dial_only_running(ctl, WHAT);
	return code ? code : dial_and(ctl, WHAT, drain, &how);
}

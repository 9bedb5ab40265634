/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `status`: how the broker is. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "dial.h"
#include "help.h"
#include "options.h"
#include "output.h"

#define WHAT "status"

static void print_json(const struct ctl *ctl, const struct fdb_report *rep)
{
	cJSON *json = cJSON_CreateObject(), *list;

	out_json_text(json, "version", fdb_report_version(rep));
	cJSON_AddNumberToObject(json, "pid", fdb_report_pid(rep));
	cJSON_AddNumberToObject(json, "uptime_ms", (double)fdb_report_uptime_ms(rep));
	out_json_text(json, "criu_path", fdb_report_criu_path(rep));
	cJSON_AddBoolToObject(json, "criu_usable", fdb_report_criu_usable(rep));
	out_json_text(json, "criu_fault", fdb_report_criu_fault(rep));
	cJSON_AddNumberToObject(json, "sessions", fdb_report_sessions(rep));
	cJSON_AddNumberToObject(json, "lent", fdb_report_lent(rep));
	cJSON_AddNumberToObject(json, "jobs_running", fdb_report_jobs_running(rep));
	cJSON_AddNumberToObject(json, "jobs_done", (double)fdb_report_jobs_done(rep));
	cJSON_AddNumberToObject(json, "jobs_failed", (double)fdb_report_jobs_failed(rep));
	cJSON_AddNumberToObject(json, "trees", fdb_report_trees(rep));
	out_json_text(json, "cgroup", fdb_report_cgroup(rep));
	list = cJSON_AddArrayToObject(json, "warnings");
	for (size_t i = 0; i < fdb_report_n_warnings(rep); i++)
		out_json_item(list, fdb_report_warning(rep, i));
	out_json(ctl, json);
}

/* "3 d 4 h", "4 h 12 min", "12 min 5 s", "5 s" */
static const char *uptime(char *buf, size_t size, uint64_t ms)
{
	unsigned long long s = ms / 1000;

	if (s >= 86400)
		snprintf(buf, size, "%llu d %llu h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(buf, size, "%llu h %llu min", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(buf, size, "%llu min %llu s", s / 60, s % 60);
	else
		snprintf(buf, size, "%llu s", s);
	return buf;
}

static void print_text(const struct ctl *ctl, const struct fdb_report *rep)
{
	const char *fault = fdb_report_criu_fault(rep), *cgroup = fdb_report_cgroup(rep);
	char up[64];

	out_line(stdout, "broker    criu-fdbroker %s, pid %d, up %s", fdb_report_version(rep),
		(int)fdb_report_pid(rep), uptime(up, sizeof(up), fdb_report_uptime_ms(rep)));
	out_line(stdout, "socket    %s",
		ctl->local    ? "none, a private broker"
		: ctl->socket ? ctl->socket
			      : FDB_DEFAULT_SOCKET);
	out_line(stdout, "criu      %s%s%s%s", fdb_report_criu_path(rep),
		fdb_report_criu_usable(rep) ? "" : ", which cannot be executed",
		fault ? ", run with CRIU_FAULT=" : "", fault ? fault : "");
	out_line(stdout, "sessions  %u, with %u descriptors lent", fdb_report_sessions(rep),
		fdb_report_lent(rep));
	out_line(stdout, "restores  %u under way, %llu done, %llu failed",
		fdb_report_jobs_running(rep), (unsigned long long)fdb_report_jobs_done(rep),
		(unsigned long long)fdb_report_jobs_failed(rep));
	out_line(stdout, "trees     %u restored ones live", fdb_report_trees(rep));
	out_line(stdout, "cgroups   %s", cgroup ? cgroup : "none: there is no cgroup v2 here");
	for (size_t i = 0; i < fdb_report_n_warnings(rep); i++)
		out_line(stdout, "warning   %s", fdb_report_warning(rep, i));
}

static int status(struct ctl *ctl, struct fdb_client *c)
{
	struct fdb_report *rep;
	int code = dial(ctl, WHAT, c, false);

	if (code != 0)
		return code;
	if (fdb_status(c, CTL_WAIT_MS, &rep) < 0)
		return out_client_error(ctl, WHAT, c);
	if (ctl->format == CTL_TEXT)
		print_text(ctl, rep);
	else
		print_json(ctl, rep);
	fdb_report_free(rep);
	/* So that a private broker is gone when this command is. */
	(void)fdb_disconnect(c, CTL_WAIT_MS);
	return CTL_DONE;
}

int cmd_status(struct ctl *ctl, int argc, char **argv)
{
	struct fdb_client *c;
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	val = options_next(&o, argc, argv);
	if (val == OPTIONS_HELP)
		return help_show(WHAT);
	if (val != OPTIONS_END)
		return CTL_USAGE;
	if (optind < argc)
		return out_usage(ctl, WHAT, "'%s' is no option", argv[optind]);
	if (fdb_new(&c) < 0)
		return out_error(ctl, WHAT,
			&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
	code = status(ctl, c);
	fdb_free(c);
	return code;
}

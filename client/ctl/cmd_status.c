/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `status`: how the broker is. */
#include "dial.h"
#include "figures.h"
#include "help.h"
#include "options.h"
#include "output.h"

#define WHAT "status"

static void print_json(const struct ctl *ctl, const struct fdb_report *rep)
{
	cJSON *json = cJSON_CreateObject(), *list;

	out_json_text(json, "version", fdb_report_version(rep));
	cJSON_AddNumberToObject(json, "pid", fdb_report_pid(rep));
	out_json_number(json, "uptime_ms", fdb_report_uptime_ms(rep));
	out_json_text(json, "criu_path", fdb_report_criu_path(rep));
	cJSON_AddBoolToObject(json, "criu_usable", fdb_report_criu_usable(rep));
	out_json_text(json, "criu_fault", fdb_report_criu_fault(rep));
	cJSON_AddNumberToObject(json, "sessions", fdb_report_sessions(rep));
	cJSON_AddNumberToObject(json, "lent", fdb_report_lent(rep));
	cJSON_AddNumberToObject(json, "jobs_running", fdb_report_jobs_running(rep));
	out_json_number(json, "jobs_done", fdb_report_jobs_done(rep));
	out_json_number(json, "jobs_failed", fdb_report_jobs_failed(rep));
	cJSON_AddNumberToObject(json, "trees", fdb_report_trees(rep));
	cJSON_AddNumberToObject(json, "jobs_queued", fdb_report_jobs_queued(rep));
	cJSON_AddNumberToObject(json, "max_workers", fdb_report_max_workers(rep));
	cJSON_AddNumberToObject(json, "jobs_kept", fdb_report_jobs_kept(rep));
	out_json_number(json, "log_bytes", fdb_report_log_bytes(rep));
	cJSON_AddBoolToObject(json, "draining", fdb_report_draining(rep));
	out_json_text(json, "state_dir", fdb_report_state_dir(rep));
	out_json_text(json, "cgroup", fdb_report_cgroup(rep));
	list = cJSON_AddArrayToObject(json, "warnings");
	for (size_t i = 0; i < fdb_report_n_warnings(rep); i++)
		out_json_item(list, fdb_report_warning(rep, i));
	out_json(ctl, json);
}

static void print_text(const struct ctl *ctl, const struct fdb_report *rep)
{
	const char *fault = fdb_report_criu_fault(rep), *cgroup = fdb_report_cgroup(rep);
	char up[FIGURE_SIZE], bytes[FIGURE_SIZE];
	const char *state = fdb_report_state_dir(rep);

	out_line(stdout, "broker    criu-fdbroker %s, pid %d, up %s", fdb_report_version(rep),
		(int)fdb_report_pid(rep), figure_age(up, fdb_report_uptime_ms(rep) * 1000));
	out_line(stdout, "socket    %s",
		ctl->local    ? "none, a private broker"
		: ctl->socket ? ctl->socket
			      : FDB_DEFAULT_SOCKET);
	out_line(stdout, "criu      %s%s%s%s", fdb_report_criu_path(rep),
		fdb_report_criu_usable(rep) ? "" : ", which cannot be executed",
		fault ? ", run with CRIU_FAULT=" : "", fault ? fault : "");
	out_line(stdout, "sessions  %u, %u descriptor%s lent", fdb_report_sessions(rep),
		fdb_report_lent(rep), fdb_report_lent(rep) == 1 ? "" : "s");
	if (fdb_report_draining(rep))
		out_line(stdout, "draining  no more restores are taken: fdbroker-ctl drain --off");
	out_line(stdout,
		"restores  %u under way, %u of them queued; at most %u run criu at one time",
		fdb_report_jobs_running(rep), fdb_report_jobs_queued(rep),
		fdb_report_max_workers(rep));
	out_line(stdout, "          %llu restored, %llu failed",
		(unsigned long long)fdb_report_jobs_done(rep),
		(unsigned long long)fdb_report_jobs_failed(rep));
	out_line(stdout, "trees     %u alive", fdb_report_trees(rep));
	out_line(stdout, "kept      %u ended job%s, %s of criu's logs", fdb_report_jobs_kept(rep),
		fdb_report_jobs_kept(rep) == 1 ? "" : "s",
		figure_bytes(bytes, fdb_report_log_bytes(rep)));
	out_line(stdout, "state     %s",
		state ? state : "none: a broker started anew forgets its jobs");
	out_line(stdout, "cgroups   %s", cgroup ? cgroup : "none: there is no cgroup v2 here");
	for (size_t i = 0; i < fdb_report_n_warnings(rep); i++)
		out_line(stdout, "warning   %s", fdb_report_warning(rep, i));
}

static int status(struct ctl *ctl, struct fdb_client *c, void *none)
{
	struct fdb_report *rep;

	(void)none;
	if (fdb_status(c, CTL_WAIT_MS, &rep) < 0)
		return out_client_error(ctl, WHAT, c);
	if (ctl->format == CTL_TEXT)
		print_text(ctl, rep);
	else
		print_json(ctl, rep);
	fdb_report_free(rep);
	return out_flush(ctl, WHAT, CTL_DONE);
}

int cmd_status(struct ctl *ctl, int argc, char **argv)
{
	struct options o;
	int val;

	options_init(&o, ctl, WHAT, false);
	val = options_next(&o, argc, argv);
	if (val == OPTIONS_HELP)
		return help_show(WHAT);
	if (val != OPTIONS_END)
		return CTL_USAGE;
	if (options_too_many(&o, argc, argv))
		return CTL_USAGE;
	return dial_and(ctl, WHAT, status, NULL);
}

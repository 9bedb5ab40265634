/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metrics: one observer of all jobs counts; what there is now is read when somebody asks. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/printable.h"
#include "calls/handlers.h"
#include "calls/message.h"
#include "service/fdcount.h"
#include "service/metrics_text.h"
#include "version.h"

static void on_state(struct job_observer *observer, struct job *job)
{
	struct calls *calls = (struct calls *)((char *)observer - offsetof(struct calls, counting));

	metrics_entered(&calls->metrics, job_record(job));
}

static const struct job_observer_ops ops = { .state = on_state };

void calls_count(struct calls *calls)
{
	calls->counting.ops = &ops;
	jobs_observe(calls->jobs, &calls->counting);
}

static void add_user(void *arg, const struct user *user)
{
	struct metrics_user shown = { .uid = user_uid(user) };

	for (int what = 0; what < USERS_WHATS; what++)
		shown.used[what] = user_used(user, (enum users_what)what);
	metrics_add_user(arg, &shown);
}

static void read_jobs(const struct jobs *jobs, struct metrics_now *now)
{
	now->fault = jobs->fault ?: "";
	now->under_way = jobs->under_way;
	now->under_way_allowed = jobs->limits.max_under_way;
	now->planners_waited_for = jobs->planning.waiting;
	now->planners_in_use = jobs->planning.running;
	now->planners_allowed = jobs->planning.width;
	now->workers_waited_for = jobs->workers.waiting;
	now->workers_in_use = jobs->workers.running;
	now->workers_allowed = jobs->workers.width;
	now->trees = jobs->trees;
	now->lent_to_restores = jobs->lent;
	now->kept_jobs = jobs->kept;
	now->kept_jobs_allowed = jobs->limits.max_kept;
	now->log_bytes = jobs->log_bytes;
	now->log_bytes_allowed = jobs->limits.max_log_bytes;
	now->draining = jobs->draining;
	now->criu_usable = access(jobs->criu, X_OK) == 0;
}

static void read_process(struct metrics_now *now)
{
	struct rlimit nofile = { 0 };
	int n = fdcount_open();

	(void)getrlimit(RLIMIT_NOFILE, &nofile);
	now->open_fds = n < 0 ? -1 : n;
	now->max_fds = nofile.rlim_cur;
}

static char *text_of(const struct calls *calls)
{
	char criu[PATH_MAX];
	struct metrics_users users = { 0 };
	struct metrics_now now = {
		.version = FDB_VERSION,
		.criu = printable(criu, sizeof(criu), calls->jobs->criu, strlen(calls->jobs->criu)),
		.started_us = calls->started_at_us,
		.reports = calls->reports,
		.reports_allowed = calls->config->max_reports,
		.sessions = calls->sessions,
		.sessions_allowed = calls->config->max_sessions,
		.lent_to_sessions = calls->lent,
		.lent_allowed = calls->max_lent_in_all,
		.warnings = calls->warnings->n,
		.users = &users,
	};

	read_jobs(calls->jobs, &now);
	read_process(&now);
	users_each(calls->jobs->users, add_user, &users);
	metrics_sort_users(&users);
	return metrics_text(&calls->metrics, &now);
}

int metrics_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__MetricsText body = FDBROKER__V1__METRICS_TEXT__INIT;
	autofree char *text = text_of(call->calls);

	if (!text)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for the metrics");
	body.text = text;
	message.has_serial = true;
	message.serial = call->message->serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_METRICS_TEXT;
	message.metrics_text = &body;
	message_send(call->session, &message, NULL);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parts of a broker's messages -> structs: errors, Welcome, events, results, the status. Jobs:
 * convert_job.c. Which message it is, and what becomes of it: decode.c.
 */
#include "convert.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* Copies a text of the broker, which may be missing. Never NULL but for want of memory. */
static char *copy(const char *text)
{
	return strdup(text ? text : "");
}

static char **copy_list(char **list, size_t n)
{
	char **all = calloc(n + 1, sizeof(*all));

	for (size_t i = 0; all && i < n; i++) {
		all[i] = strdup(list[i]);
		if (all[i])
			continue;
		while (i > 0)
			free(all[--i]);
		free(all);
		return NULL;
	}
	return all;
}

void convert_error(struct err *err, struct advice *advice, const Fdbroker__V1__Error *from)
{
	*err = (struct err){ .code = ERR_INTERNAL };
	*advice = (struct advice){ 0 };
	snprintf(err->text, sizeof(err->text), "%s",
		from && from->text ? from->text : "the broker gave no reason");
	if (!from)
		return;
	/* No code is no error of this side, which ERR_NONE stands for. */
	if (from->code)
		err->code = (enum err_code)from->code;
	err->sys = from->errno_value;
	snprintf(err->field, sizeof(err->field), "%s", from->field ? from->field : "");
	snprintf(advice->reason, sizeof(advice->reason), "%s", from->reason ? from->reason : "");
	snprintf(advice->hint, sizeof(advice->hint), "%s", from->hint ? from->hint : "");
}

/* ---- events and results ---- */

static enum fdb_event_kind kind_of(const Fdbroker__V1__Event *from)
{
	switch (from->stage) {
	case FDBROKER__V1__STAGE__STARTED:
		return FDB_EVENT_STARTED;
	case FDBROKER__V1__STAGE__PLANNED:
		return FDB_EVENT_PLANNED;
	case FDBROKER__V1__STAGE__NOTIFIED:
		return FDB_EVENT_NOTIFIED;
	case FDBROKER__V1__STAGE__QUEUED:
		return FDB_EVENT_QUEUED;
	case FDBROKER__V1__STAGE__STARTING:
		return FDB_EVENT_STARTING;
	default:
		return FDB_EVENT_OTHER;
	}
}

struct fdb_event *convert_event(const Fdbroker__V1__Event *from)
{
	struct fdb_event *ev = arrived_new(kind_of(from));

	if (!ev)
		return NULL;
	ev->stage = (int)from->stage;
	ev->job = from->job;
	ev->at_us = from->at_us;
	if (from->notification && !(ev->notification = strdup(from->notification))) {
		fdb_event_free(ev);
		return NULL;
	}
	return ev;
}

static int copy_stages(struct fdb_result *res, const Fdbroker__V1__Result *from)
{
	res->numbers = calloc(from->n_numbers + 1, sizeof(*res->numbers));
	res->stages = calloc(from->n_stages + 1, sizeof(struct fdb_event *));
	if (!res->numbers || !res->stages)
		return -ENOMEM;
	for (; res->n_numbers < from->n_numbers; res->n_numbers++)
		res->numbers[res->n_numbers] = from->numbers[res->n_numbers];
	for (; res->n_stages < from->n_stages; res->n_stages++) {
		struct fdb_event *ev = convert_event(from->stages[res->n_stages]);

		if (!ev)
			return -ENOMEM;
		ev->job = from->job;
		res->stages[res->n_stages] = ev;
	}
	return 0;
}

static int copy_problems(struct fdb_result *res, const Fdbroker__V1__Result *from)
{
	res->problems = calloc(from->n_problems + 1, sizeof(*res->problems));
	if (!res->problems)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_problems; i++) {
		const Fdbroker__V1__Problem *p = from->problems[i];

		res->problems[res->n_problems++] = (struct problem){
			.code = copy(p->code),
			.text = copy(p->text),
			.error = p->error,
			.mapping = p->has_mapping && p->mapping <= INT_MAX ? (int)p->mapping : -1,
		};
		if (!res->problems[i].code || !res->problems[i].text)
			return -ENOMEM;
	}
	return 0;
}

static void copy_statistics(struct fdb_result *res, const Fdbroker__V1__Statistics *from)
{
	res->has_statistics = true;
	res->pages_compared = from->pages_compared;
	res->pages_skipped_cow = from->pages_skipped_cow;
	res->pages_restored = from->pages_restored;
	res->forking_us = from->forking_us;
	res->restore_us = from->restore_us;
}

struct fdb_result *convert_result(const Fdbroker__V1__Result *from, struct fdset *fds)
{
	struct fdb_result *res = calloc(1, sizeof(*res));

	if (!res)
		return NULL;
	res->job = from->job;
	res->success = from->success;
	res->pid = from->pid;
	res->pidfd = fds && from->has_pidfd ? fdset_take(fds, from->pidfd) : -1;
	res->log = fds && from->has_log ? fdset_take(fds, from->log) : -1;
	res->total_us = from->total_us;
	res->problems_left_out = from->problems_left_out;
	res->cleanup = (enum fdb_cleanup)from->cleanup;
	if (from->statistics)
		copy_statistics(res, from->statistics);
	if (!res->success)
		convert_error(&res->err, &res->advice, from->error);
	if (copy_stages(res, from) == 0 && copy_problems(res, from) == 0)
		return res;
	fdb_result_free(res);
	return NULL;
}

/* ---- the broker itself ---- */

int convert_welcome(struct welcome *w, const Fdbroker__V1__Welcome *from)
{
	struct welcome fresh = {
		.protocol = from->protocol,
		.version = copy(from->version),
		.features = copy_list(from->features, from->n_features),
		.n_features = from->n_features,
		.max_packet_bytes = from->max_packet_bytes,
		.max_lent = from->max_lent,
		.max_number = from->max_number,
		.default_deadline_ms = from->default_deadline_ms,
	};

	if (!fresh.version || !fresh.features) {
		fresh.n_features = fresh.features ? fresh.n_features : 0;
		welcome_done(&fresh);
		return -ENOMEM;
	}
	welcome_done(w);
	*w = fresh;
	return 0;
}

struct fdb_report *convert_status(const Fdbroker__V1__StatusReport *from)
{
	struct fdb_report *rep = calloc(1, sizeof(*rep));

	if (!rep)
		return NULL;
	*rep = (struct fdb_report){
		.version = copy(from->version),
		.criu_path = copy(from->criu_path),
		.criu_fault = from->criu_fault ? strdup(from->criu_fault) : NULL,
		.cgroup = from->cgroup ? strdup(from->cgroup) : NULL,
		.state_dir = from->state_dir ? strdup(from->state_dir) : NULL,
		.warnings = copy_list(from->warnings, from->n_warnings),
		.pid = from->pid,
		.criu_usable = from->criu_usable,
		.sessions = from->sessions,
		.lent = from->lent,
		.jobs_running = from->jobs_running,
		.trees = from->trees,
		.jobs_done = from->jobs_done,
		.jobs_failed = from->jobs_failed,
		.uptime_ms = from->uptime_ms,
		.jobs_queued = from->jobs_queued,
		.max_workers = from->max_workers,
		.draining = from->draining,
		.jobs_kept = from->jobs_kept,
		.log_bytes = from->log_bytes,
	};
	rep->n_warnings = rep->warnings ? from->n_warnings : 0;
	if (rep->version && rep->criu_path && rep->warnings &&
		!from->criu_fault == !rep->criu_fault && !from->cgroup == !rep->cgroup &&
		!from->state_dir == !rep->state_dir)
		return rep;
	fdb_report_free(rep);
	return NULL;
}

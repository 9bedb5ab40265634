/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ServerMessage -> event, result, report, welcome. The only part of the library that reads what a
 * broker has sent: an index may point at no descriptor, a string may be missing, a number may be
 * new.
 */
#include "decode.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "event.h"
#include "fdbroker.pb-c.h"

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

static void copy_err(struct err *to, const Fdbroker__V1__Error *from)
{
	*to = (struct err){ .code = ERR_INTERNAL };
	/* No code is no error of this side, which ERR_NONE stands for. */
	if (from && from->code)
		to->code = (enum err_code)from->code;
	to->sys = from && from->has_errno_value ? from->errno_value : 0;
	snprintf(to->field, sizeof(to->field), "%s", from && from->field ? from->field : "");
	snprintf(to->text, sizeof(to->text), "%s",
		from && from->text ? from->text : "the broker gave no reason");
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
	default:
		return FDB_EVENT_OTHER;
	}
}

static struct fdb_event *make_event(const Fdbroker__V1__Event *from)
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

static int take_event(struct fdb_client *c, const Fdbroker__V1__Event *from, struct fdset *fds)
{
	struct fdb_event *ev = make_event(from);

	if (!ev)
		return -ENOMEM;
	if (from->has_descriptor)
		ev->descriptor = fdset_take(fds, from->descriptor);
	arrived_push(&c->arrived, ev);
	return 0;
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
		struct fdb_event *ev = make_event(from->stages[res->n_stages]);

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

static int take_result(struct fdb_client *c, const Fdbroker__V1__Result *from, struct fdset *fds)
{
	struct fdb_event *ev = arrived_new(FDB_EVENT_RESULT);
	struct fdb_result *res = calloc(1, sizeof(*res));

	if (!ev || !res) {
		fdb_event_free(ev);
		free(res);
		return -ENOMEM;
	}
	res->job = from->job;
	res->success = from->success;
	res->pid = from->pid;
	res->pidfd = from->has_pidfd ? fdset_take(fds, from->pidfd) : -1;
	res->log = from->has_log ? fdset_take(fds, from->log) : -1;
	res->total_us = from->total_us;
	if (!res->success)
		copy_err(&res->err, from->error);
	ev->job = from->job;
	ev->at_us = from->total_us;
	ev->result = res;
	if (copy_stages(res, from) < 0 || copy_problems(res, from) < 0) {
		fdb_event_free(ev);
		return -ENOMEM;
	}
	arrived_push(&c->arrived, ev);
	return 0;
}

/* ---- answers ---- */

static int take_welcome(struct welcome *w, const Fdbroker__V1__Welcome *from)
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

static struct fdb_report *make_report(const Fdbroker__V1__StatusReport *from)
{
	struct fdb_report *rep = calloc(1, sizeof(*rep));

	if (!rep)
		return NULL;
	*rep = (struct fdb_report){
		.version = copy(from->version),
		.criu_path = copy(from->criu_path),
		.criu_fault = from->criu_fault ? strdup(from->criu_fault) : NULL,
		.cgroup = from->cgroup ? strdup(from->cgroup) : NULL,
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
	};
	rep->n_warnings = rep->warnings ? from->n_warnings : 0;
	if (rep->version && rep->criu_path && rep->warnings &&
		!from->criu_fault == !rep->criu_fault && !from->cgroup == !rep->cgroup)
		return rep;
	fdb_report_free(rep);
	return NULL;
}

static int fill_answer(struct fdb_client *c, struct fdb_event *ev,
	const Fdbroker__V1__ServerMessage *m, struct fdset *fds)
{
	switch (m->body_case) {
	case FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR:
		copy_err(&ev->err, m->error);
		ev->status = client_code_errno((int)ev->err.code);
		return 0;
	case FDBROKER__V1__SERVER_MESSAGE__BODY_WELCOME:
		return take_welcome(&c->welcome, m->welcome);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED:
		ev->job = m->accepted->job;
		return client_job_add(c, ev->job);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_STATUS:
		ev->report = make_report(m->status);
		return ev->report ? 0 : -ENOMEM;
	case FDBROKER__V1__SERVER_MESSAGE__BODY_REPORT:
		ev->descriptor = m->report->has_report ? fdset_take(fds, m->report->report) : -1;
		return 0;
	case FDBROKER__V1__SERVER_MESSAGE__BODY_LENT:
	case FDBROKER__V1__SERVER_MESSAGE__BODY_RETURNED:
		return 0;
	default:
		err_set(&ev->err, ERR_PROTOCOL, 0, NULL,
			"the broker gave an answer that this library does not know");
		ev->status = -EPROTO;
		return 0;
	}
}

static int take_answer(
	struct fdb_client *c, const Fdbroker__V1__ServerMessage *m, struct fdset *fds)
{
	struct fdb_event *ev;
	int r;

	if (!client_call_end(c, m->serial))
		return 0;
	ev = arrived_new(FDB_EVENT_ANSWER);
	if (!ev)
		return -ENOMEM;
	ev->call = m->serial;
	r = fill_answer(c, ev, m, fds);
	if (r < 0) {
		fdb_event_free(ev);
		return r;
	}
	arrived_push(&c->arrived, ev);
	return 0;
}

/* ---- packets ---- */

static int take_message(
	struct fdb_client *c, const Fdbroker__V1__ServerMessage *m, struct fdset *fds)
{
	if (m->serial)
		return take_answer(c, m, fds);
	switch (m->body_case) {
	case FDBROKER__V1__SERVER_MESSAGE__BODY_EVENT:
		return take_event(c, m->event, fds);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT:
		return take_result(c, m->result, fds);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR:
		/* Why the connection is about to end: the only error that belongs to no call. */
		copy_err(&c->words, m->error);
		return 0;
	default:
		return 0;
	}
}

int decode_packet(struct fdb_client *c, struct packet *p)
{
	Fdbroker__V1__ServerMessage *m =
		fdbroker__v1__server_message__unpack(NULL, p->size, p->data);
	int r;

	if (!m)
		return -EPROTO;
	r = take_message(c, m, &p->fds);
	fdbroker__v1__server_message__free_unpacked(m, NULL);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ServerMessage -> event: which message it is, which call it answers, and whether that is an answer
 * to it. With convert.c the only part of the library that reads what a broker has sent.
 */
#include "decode.h"

#include <errno.h>
#include <string.h>

#include "convert.h"
#include "event.h"
#include "fdbroker.pb-c.h"

/* ---- what comes by itself ---- */

static int take_event(struct fdb_client *c, const Fdbroker__V1__Event *from, struct fdset *fds)
{
	struct fdb_event *ev = convert_event(from);

	if (!ev)
		return -ENOMEM;
	if (from->has_descriptor)
		ev->descriptor = fdset_take(fds, from->descriptor);
	arrived_push(&c->arrived, ev);
	return 0;
}

static int take_result(struct fdb_client *c, const Fdbroker__V1__Result *from, struct fdset *fds)
{
	struct fdb_event *ev = arrived_new(FDB_EVENT_RESULT);

	if (!ev)
		return -ENOMEM;
	ev->job = from->job;
	ev->at_us = from->total_us;
	ev->result = convert_result(from, fds);
	if (!ev->result) {
		fdb_event_free(ev);
		return -ENOMEM;
	}
	arrived_push(&c->arrived, ev);
	return 0;
}

/* Without a job it tells of losses, after which nothing has happened; without these it tells nothing. */
static int take_job_event(struct fdb_client *c, const Fdbroker__V1__JobEvent *from)
{
	struct fdb_event *ev;

	if (!from->job && !from->lost)
		return 0;
	ev = from->job && from->event ? convert_event(from->event) : arrived_new(FDB_EVENT_JOB);
	if (!ev)
		return -ENOMEM;
	ev->kind = FDB_EVENT_JOB;
	ev->lost = from->lost;
	ev->job = from->job ? from->job->job : 0;
	if (from->job && !from->event)
		ev->at_us = from->job->age_us;
	ev->report_of = from->job ? convert_job(from->job) : NULL;
	if (from->job && !ev->report_of) {
		fdb_event_free(ev);
		return -ENOMEM;
	}
	arrived_push(&c->arrived, ev);
	return 0;
}

/* ---- answers ---- */

int decode_answer_to(int call_case)
{
	switch (call_case) {
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_HELLO:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_WELCOME;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_LENT;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_RETURN_LENT:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_RETURNED;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_STATUS:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_STATUS;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_PLAN:
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_INSPECT:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_REPORT;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT:
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_CANCEL:
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_SHOW:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_LIST:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_LIST;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_LOG:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_LOG_FILE;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_WATCH:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_WATCHING;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_GET_CONFIG:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_CONFIG;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_METRICS:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_METRICS_TEXT;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_DRAIN:
		return FDBROKER__V1__SERVER_MESSAGE__BODY_DRAINING;
	default:
		return FDBROKER__V1__SERVER_MESSAGE__BODY__NOT_SET;
	}
}

/* The call has failed, since its answer is no good; the connection can go on. */
static int fill_bad(struct fdb_event *ev, const char *what)
{
	err_set(&ev->err, ERR_PROTOCOL, 0, NULL, "the broker's answer %s", what);
	ev->status = -EPROTO;
	return 0;
}

static int fill_job(struct fdb_event *ev, const Fdbroker__V1__Job *from)
{
	if (!from)
		return fill_bad(ev, "about a job came without the job");
	ev->job = from->job;
	ev->report_of = convert_job(from);
	return ev->report_of ? 0 : -ENOMEM;
}

/* index: NULL: there is none. */
static int fill_file(struct fdb_event *ev, struct fdset *fds, const uint32_t *index)
{
	ev->descriptor = index ? fdset_take(fds, *index) : -1;
	return ev->descriptor >= 0 ? 0 : fill_bad(ev, "came without its file");
}

static int fill_answer(struct fdb_client *c, struct fdb_event *ev,
	const Fdbroker__V1__ServerMessage *m, struct fdset *fds)
{
	switch (m->body_case) {
	case FDBROKER__V1__SERVER_MESSAGE__BODY_WELCOME:
		return convert_welcome(&c->welcome, m->welcome);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED:
		ev->job = m->accepted->job;
		return client_job_add(c, ev->job);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_STATUS:
		ev->report = convert_status(m->status);
		return ev->report ? 0 : -ENOMEM;
	case FDBROKER__V1__SERVER_MESSAGE__BODY_REPORT:
		return fill_file(ev, fds, m->report->has_report ? &m->report->report : NULL);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT:
		return fill_job(ev, m->job_report->job);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_LIST:
		ev->list = convert_job_list(m->job_list);
		return ev->list ? 0 : -ENOMEM;
	case FDBROKER__V1__SERVER_MESSAGE__BODY_LOG_FILE:
		ev->job = m->log_file->job;
		ev->log_complete = m->log_file->complete;
		return fill_file(ev, fds, m->log_file->has_log ? &m->log_file->log : NULL);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_CONFIG:
		ev->config = convert_config(m->config);
		return ev->config ? 0 : -ENOMEM;
	case FDBROKER__V1__SERVER_MESSAGE__BODY_METRICS_TEXT:
		ev->metrics = strdup(m->metrics_text->text ? m->metrics_text->text : "");
		return ev->metrics ? 0 : -ENOMEM;
	case FDBROKER__V1__SERVER_MESSAGE__BODY_DRAINING:
		ev->draining = m->draining->draining;
		ev->jobs_left = m->draining->jobs;
		return 0;
	default: /* the word itself says all: Lent, Returned, Watching */
		return 0;
	}
}

static int take_answer(
	struct fdb_client *c, const Fdbroker__V1__ServerMessage *m, struct fdset *fds)
{
	struct fdb_event *ev;
	int expected, r = 0;

	if (!client_call_end(c, m->serial, &expected))
		return 0;
	ev = arrived_new(FDB_EVENT_ANSWER);
	if (!ev)
		return -ENOMEM;
	ev->call = m->serial;
	if (m->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR) {
		convert_error(&ev->err, &ev->advice, m->error);
		ev->status = client_code_errno((int)ev->err.code);
	} else if ((int)m->body_case != expected) {
		r = fill_bad(ev, "is none to this call");
	} else {
		r = fill_answer(c, ev, m, fds);
	}
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
	case FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_EVENT:
		return take_job_event(c, m->job_event);
	case FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR:
		/* Why the connection is about to end: the only error that belongs to no call. */
		convert_error(&c->words, &c->words_advice, m->error);
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events as their users see them. Who fills them in: decode.c, convert.c. */
#include "event.h"

#include "base/cleanup.h"

void fdb_event_free(struct fdb_event *ev)
{
	if (!ev)
		return;
	free(ev->notification);
	cleanup_fd(&ev->descriptor);
	fdb_result_free(ev->result);
	fdb_report_free(ev->report);
	fdb_job_free(ev->report_of);
	fdb_job_list_free(ev->list);
	fdb_config_free(ev->config);
	free(ev->metrics);
	free(ev);
}

enum fdb_event_kind fdb_event_kind(const struct fdb_event *ev)
{
	return ev->kind;
}

int fdb_event_stage(const struct fdb_event *ev)
{
	return ev->stage;
}

uint64_t fdb_event_job(const struct fdb_event *ev)
{
	return ev->job;
}

uint64_t fdb_event_at_us(const struct fdb_event *ev)
{
	return ev->at_us;
}

const char *fdb_event_notification(const struct fdb_event *ev)
{
	return ev->notification ? ev->notification : "";
}

int fdb_event_descriptor(const struct fdb_event *ev)
{
	return ev->descriptor;
}

int fdb_event_take_descriptor(struct fdb_event *ev)
{
	return TAKE_FD(ev->descriptor);
}

const struct fdb_result *fdb_event_result(const struct fdb_event *ev)
{
	return ev->result;
}

struct fdb_result *fdb_event_take_result(struct fdb_event *ev)
{
	struct fdb_result *res = ev->result;

	ev->result = NULL;
	return res;
}

const struct fdb_job *fdb_event_job_report(const struct fdb_event *ev)
{
	return ev->report_of;
}

struct fdb_job *fdb_event_take_job_report(struct fdb_event *ev)
{
	return TAKE_PTR(ev->report_of);
}

uint64_t fdb_event_lost(const struct fdb_event *ev)
{
	return ev->lost;
}

uint64_t fdb_event_call(const struct fdb_event *ev)
{
	return ev->call;
}

int fdb_event_status(const struct fdb_event *ev)
{
	return ev->status;
}

enum fdb_code fdb_event_error_code(const struct fdb_event *ev)
{
	return (enum fdb_code)ev->err.code;
}

int fdb_event_error_errno(const struct fdb_event *ev)
{
	return ev->err.sys;
}

const char *fdb_event_error_field(const struct fdb_event *ev)
{
	return ev->err.field;
}

const char *fdb_event_error_text(const struct fdb_event *ev)
{
	return ev->err.text;
}

const char *fdb_event_error_reason(const struct fdb_event *ev)
{
	return ev->advice.reason;
}

const char *fdb_event_error_hint(const struct fdb_event *ev)
{
	return ev->advice.hint;
}

const struct fdb_job_list *fdb_event_job_list(const struct fdb_event *ev)
{
	return ev->list;
}

struct fdb_job_list *fdb_event_take_job_list(struct fdb_event *ev)
{
	return TAKE_PTR(ev->list);
}

bool fdb_event_log_complete(const struct fdb_event *ev)
{
	return ev->log_complete;
}

bool fdb_event_draining(const struct fdb_event *ev)
{
	return ev->draining;
}

uint32_t fdb_event_jobs_left(const struct fdb_event *ev)
{
	return ev->jobs_left;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events as their users see them. Who fills them in: decode.c. */
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

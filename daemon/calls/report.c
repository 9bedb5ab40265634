/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plan and Inspect: a child reads the images and writes a report, which the client gets as a file. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "calls/handlers.h"
#include "calls/message.h"
#include "calls/restore_check.h"
#include "prepare/planner.h"

/* One report under way; it ends with the child or with its session. */
struct asked {
	struct session_watch watch;
	struct session *session; /* borrowed; told of its end by the watch */
	struct calls *calls;     /* borrowed */
	struct helper *helper;   /* owned */
	uint64_t serial;
};

static void asked_free(struct asked *a)
{
	a->calls->reports--;
	helper_end(a->helper);
	free(a);
}

static void session_gone(struct session_watch *watch)
{
	asked_free((struct asked *)((char *)watch - offsetof(struct asked, watch)));
}

static void send_report(struct asked *a, int fd)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Report report = FDBROKER__V1__REPORT__INIT;
	struct fdset fds = { 0 };
	struct err err;

	if (fdset_add(&fds, fd) < 0) {
		err_set(&err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a report");
		message_send_error(a->session, a->serial, &err);
		return;
	}
	report.has_report = true; /* index 0 */
	message.has_serial = true;
	message.serial = a->serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_REPORT;
	message.report = &report;
	message_send(a->session, &message, &fds);
}

/* The child wrote it: the client gets a reading end with a position of its own. */
static int reopen(int fd)
{
	autofd int owned = fd;
	char path[32];

	if (!planner_is_memory(owned))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", owned);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void done(void *arg, int fd, const struct err *failed)
{
	struct asked *a = arg;
	int report = fd < 0 ? -1 : reopen(fd);
	struct err err;

	if (report >= 0) {
		send_report(a, report);
	} else {
		err_set(&err, ERR_INTERNAL, 0, NULL, "the report cannot be opened");
		message_send_error(a->session, a->serial, fd < 0 ? failed : &err);
	}
	session_remove_watch(&a->watch);
	asked_free(a);
}

static const struct helper_ops ops = { .done = done };

static int start(const struct call *call, const struct planner_request *request, struct err *err)
{
	struct jobs *jobs = call->calls->jobs;
	struct asked *a;

	if (call->calls->reports >= call->calls->config->max_reports)
		return err_set(err, ERR_LIMIT, 0, NULL,
			"%u plans and inspections are under way, the broker's limit (MaxReports)",
			call->calls->reports);
	a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a report");
	a->session = call->session;
	a->calls = call->calls;
	a->serial = call->message->serial;
	if (planner_start(jobs->base, jobs->reaper, request, &ops, a, &a->helper, err) < 0) {
		free(a);
		return -1;
	}
	call->calls->reports++;
	a->watch.gone = session_gone;
	session_add_watch(call->session, &a->watch);
	return 0;
}

int plan_call(const struct call *call, struct err *err)
{
	autorestore struct restore_checked checked = { .spec = JOB_SPEC_NONE };
	autofree struct planner_mapping *wishes = NULL;
	struct planner_request request = { .output = PLANNER_PLAN, .config = call->calls->config };

	if (restore_check(call, &checked, err) < 0)
		return -1;
	wishes = job_spec_wishes(&checked.spec);
	if (!wishes)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a plan");
	request.images = checked.spec.images;
	request.mappings = wishes;
	request.n_mappings = checked.spec.n_mappings;
	request.at_own_risk = checked.spec.at_own_risk;
	request.run_as = checked.spec.run_as;
	return start(call, &request, err);
}

int inspect_call(const struct call *call, struct err *err)
{
	const Fdbroker__V1__Inspect *inspect = call->message->inspect;
	struct planner_request request = { .output = PLANNER_INSPECT,
		.config = call->calls->config };
	struct credentials client;

	if (!inspect->has_images_dir)
		return err_set(err, ERR_BAD_REQUEST, 0, "images_dir", "images_dir: missing");
	if (restore_check_directory(call, "images_dir", inspect->images_dir, err) < 0)
		return -1;
	request.images = call->packet->fds.fds[inspect->images_dir];
	if (policy_runs_as(&call->session->peer, &client))
		request.run_as = &client;
	return start(call, &request, err);
}

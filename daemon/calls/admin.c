/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hello and Status: who the broker is and how it is. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "calls/handlers.h"
#include "calls/message.h"
#include "service/log.h"
#include "version.h"

#define PROTOCOL_VERSION 1
#define MAX_CLIENT_NAME  64

static Fdbroker__V1__ServerMessage answer_to(const struct call *call)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;

	message.has_serial = true;
	message.serial = call->message->serial;
	return message;
}

int hello_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = answer_to(call);
	Fdbroker__V1__Welcome welcome = FDBROKER__V1__WELCOME__INIT;
	struct log_about about = { .session = call->session->id };

	(void)err;
	if (call->message->hello->client)
		log_line(LOG_DEBUG, &about, "client is %.*s", MAX_CLIENT_NAME,
			call->message->hello->client);
	welcome.has_protocol = true;
	welcome.protocol = PROTOCOL_VERSION;
	welcome.version = (char *)FDB_VERSION;
	welcome.has_max_packet_bytes = true;
	welcome.max_packet_bytes = WIRE_MAX_BYTES;
	welcome.has_max_lent = true;
	welcome.max_lent = (uint32_t)call->calls->config->max_lent;
	welcome.has_max_number = true;
	welcome.max_number = call->calls->jobs->highest;
	welcome.has_default_deadline_ms = true;
	welcome.default_deadline_ms = (uint32_t)call->calls->config->deadline_ms;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_WELCOME;
	message.welcome = &welcome;
	message_send(call->session, &message, NULL);
	return 0;
}

static uint64_t uptime_ms(const struct calls *calls)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000 - calls->started_ms;
}

static void fill_status(const struct calls *calls, Fdbroker__V1__StatusReport *r)
{
	const struct jobs *jobs = calls->jobs;

	r->version = (char *)FDB_VERSION;
	r->has_pid = true;
	r->pid = getpid();
	r->criu_path = (char *)jobs->criu;
	r->has_criu_usable = true;
	r->criu_usable = access(jobs->criu, X_OK) == 0;
	r->criu_fault = (char *)jobs->fault;
	r->has_sessions = true;
	r->sessions = calls->sessions;
	r->has_lent = true;
	r->lent = (uint32_t)calls->lent;
	r->has_jobs_running = true;
	r->jobs_running = jobs->under_way;
	r->has_trees = true;
	r->trees = jobs->trees;
	r->has_jobs_done = true;
	r->jobs_done = jobs->done;
	r->has_jobs_failed = true;
	r->jobs_failed = jobs->failed;
	r->has_uptime_ms = true;
	r->uptime_ms = uptime_ms(calls);
	if (jobs->cgroup.fd >= 0)
		r->cgroup = (char *)jobs->cgroup.path;
	r->has_jobs_queued = r->has_max_workers = r->has_draining = true;
	r->jobs_queued = jobs->under_way - (uint32_t)jobs->workers.running;
	r->max_workers = (uint32_t)jobs->workers.width;
	r->draining = jobs->draining;
	r->has_jobs_kept = r->has_log_bytes = true;
	r->jobs_kept = (uint32_t)jobs->kept;
	r->log_bytes = jobs->log_bytes;
	r->state_dir = (char *)calls->config->state_dir;
	r->n_warnings = calls->warnings->n;
	r->warnings = (char **)calls->warnings->texts;
}

int status_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = answer_to(call);
	Fdbroker__V1__StatusReport report = FDBROKER__V1__STATUS_REPORT__INIT;

	(void)err;
	fill_status(call->calls, &report);
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_STATUS;
	message.status = &report;
	message_send(call->session, &message, NULL);
	return 0;
}

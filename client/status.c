/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hello, Status and Drain: who the broker is, how it is, and that it shall take no more. */
#include <string.h>

#include "base/cleanup.h"
#include "event.h"
#include "pump.h"

/* ---- Hello ---- */

void welcome_done(struct welcome *w)
{
	free(w->version);
	for (size_t i = 0; i < w->n_features; i++)
		free(w->features[i]);
	free(w->features);
	*w = (struct welcome){ 0 };
}

int fdb_hello(struct fdb_client *c, const char *name, int wait_ms)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Hello hello = FDBROKER__V1__HELLO__INIT;
	struct fdb_event *ev = NULL;
	uint64_t call = 0;
	int r;

	hello.client = (char *)name; /* not written to */
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_HELLO;
	m.hello = &hello;
	r = pump_send(c, &m, NULL, 0, &call);
	if (r == 0)
		r = arrived_answer(c, call, wait_ms, &ev);
	if (r != 0)
		return r;
	fdb_event_free(ev);
	return 0;
}

uint32_t fdb_broker_protocol(const struct fdb_client *c)
{
	return c->welcome.protocol;
}

const char *fdb_broker_version(const struct fdb_client *c)
{
	return c->welcome.version ? c->welcome.version : "";
}

bool fdb_broker_has(const struct fdb_client *c, const char *feature)
{
	for (size_t i = 0; i < c->welcome.n_features; i++)
		if (!strcmp(c->welcome.features[i], feature))
			return true;
	return false;
}

uint32_t fdb_max_packet_bytes(const struct fdb_client *c)
{
	return c->welcome.max_packet_bytes;
}

uint32_t fdb_max_lent(const struct fdb_client *c)
{
	return c->welcome.max_lent;
}

int32_t fdb_max_number(const struct fdb_client *c)
{
	return c->welcome.max_number;
}

uint32_t fdb_default_deadline_ms(const struct fdb_client *c)
{
	return c->welcome.default_deadline_ms;
}

/* ---- Status ---- */

int fdb_status(struct fdb_client *c, int wait_ms, struct fdb_report **ret)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Status status = FDBROKER__V1__STATUS__INIT;
	struct fdb_event *ev = NULL;
	uint64_t call = 0;
	int r;

	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_STATUS;
	m.status = &status;
	r = pump_send(c, &m, NULL, 0, &call);
	if (r == 0)
		r = arrived_answer(c, call, wait_ms, &ev);
	if (r != 0)
		return r;
	*ret = TAKE_PTR(ev->report);
	fdb_event_free(ev);
	return 0;
}

void fdb_report_free(struct fdb_report *rep)
{
	if (!rep)
		return;
	free(rep->version);
	free(rep->criu_path);
	free(rep->criu_fault);
	free(rep->cgroup);
	free(rep->state_dir);
	for (size_t i = 0; i < rep->n_warnings; i++)
		free(rep->warnings[i]);
	free(rep->warnings);
	free(rep);
}

const char *fdb_report_version(const struct fdb_report *rep)
{
	return rep->version;
}

pid_t fdb_report_pid(const struct fdb_report *rep)
{
	return rep->pid;
}

const char *fdb_report_criu_path(const struct fdb_report *rep)
{
	return rep->criu_path;
}

bool fdb_report_criu_usable(const struct fdb_report *rep)
{
	return rep->criu_usable;
}

const char *fdb_report_criu_fault(const struct fdb_report *rep)
{
	return rep->criu_fault;
}

uint32_t fdb_report_sessions(const struct fdb_report *rep)
{
	return rep->sessions;
}

uint32_t fdb_report_lent(const struct fdb_report *rep)
{
	return rep->lent;
}

uint32_t fdb_report_jobs_running(const struct fdb_report *rep)
{
	return rep->jobs_running;
}

uint32_t fdb_report_trees(const struct fdb_report *rep)
{
	return rep->trees;
}

uint64_t fdb_report_jobs_done(const struct fdb_report *rep)
{
	return rep->jobs_done;
}

uint64_t fdb_report_jobs_failed(const struct fdb_report *rep)
{
	return rep->jobs_failed;
}

uint64_t fdb_report_uptime_ms(const struct fdb_report *rep)
{
	return rep->uptime_ms;
}

const char *fdb_report_cgroup(const struct fdb_report *rep)
{
	return rep->cgroup;
}

uint32_t fdb_report_jobs_queued(const struct fdb_report *rep)
{
	return rep->jobs_queued;
}

uint32_t fdb_report_max_workers(const struct fdb_report *rep)
{
	return rep->max_workers;
}

bool fdb_report_draining(const struct fdb_report *rep)
{
	return rep->draining;
}

uint32_t fdb_report_jobs_kept(const struct fdb_report *rep)
{
	return rep->jobs_kept;
}

uint64_t fdb_report_log_bytes(const struct fdb_report *rep)
{
	return rep->log_bytes;
}

const char *fdb_report_state_dir(const struct fdb_report *rep)
{
	return rep->state_dir;
}

size_t fdb_report_n_warnings(const struct fdb_report *rep)
{
	return rep->n_warnings;
}

const char *fdb_report_warning(const struct fdb_report *rep, size_t i)
{
	return i < rep->n_warnings ? rep->warnings[i] : NULL;
}

/* ---- Drain ---- */

int fdb_start_drain(struct fdb_client *c, enum fdb_drain how, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Drain drain = FDBROKER__V1__DRAIN__INIT;

	drain.has_off = drain.has_wait = 1;
	drain.off = how == FDB_DRAIN_OFF;
	drain.wait = how == FDB_DRAIN_WAIT;
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_DRAIN;
	m.drain = &drain;
	return pump_send(c, &m, NULL, 0, ret_call);
}

int fdb_drain(struct fdb_client *c, enum fdb_drain how, int wait_ms, bool *ret_draining,
	uint32_t *ret_jobs_left)
{
	struct fdb_event *ev = NULL;
	uint64_t call = 0;
	int r = fdb_start_drain(c, how, &call);

	if (r == 0)
		r = arrived_answer(c, call, wait_ms, &ev);
	if (r != 0)
		return r;
	if (ret_draining)
		*ret_draining = ev->draining;
	if (ret_jobs_left)
		*ret_jobs_left = ev->jobs_left;
	fdb_event_free(ev);
	return 0;
}

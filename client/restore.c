/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting a restore: a request becomes a message. Its end: fdb_wait_result() in arrived.c. */
#include <errno.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "event.h"
#include "pump.h"
#include "request.h"

/* One block for what protobuf-c wants as three objects for each mapping. */
struct encoded {
	Fdbroker__V1__Mapping mapping;
	Fdbroker__V1__Target target;
};

static void encode_mapping(struct encoded *to, const struct request_mapping *from)
{
	fdbroker__v1__target__init(&to->target);
	to->target.target_case = FDBROKER__V1__TARGET__TARGET_TEXT;
	to->target.text = from->target;
	fdbroker__v1__mapping__init(&to->mapping);
	to->mapping.target = &to->target;
	to->mapping.lent = from->lent;
	to->mapping.has_number = from->number != -1;
	to->mapping.number = from->number;
	to->mapping.has_reopen = from->reopen;
	to->mapping.reopen = from->reopen;
}

static void encode_rest(
	Fdbroker__V1__Restore *to, const struct fdb_request *rq, int *fds, size_t *n_fds)
{
	if (rq->images_dir >= 0) {
		to->has_images_dir = 1;
		to->images_dir = (uint32_t)*n_fds;
		fds[(*n_fds)++] = rq->images_dir;
	}
	if (rq->work_dir >= 0) {
		to->has_work_dir = 1;
		to->work_dir = (uint32_t)*n_fds;
		fds[(*n_fds)++] = rq->work_dir;
	}
	to->has_deadline_ms = rq->deadline_ms != 0;
	to->deadline_ms = rq->deadline_ms;
	to->has_when_client_gone = 1;
	to->when_client_gone = (Fdbroker__V1__WhenClientGone)rq->gone;
	to->has_criu_opts = rq->opts_size != 0;
	to->criu_opts = (ProtobufCBinaryData){ .len = rq->opts_size, .data = rq->opts };
}

/* Restore and plan bring the same message. */
static int send_request(struct fdb_client *c, struct fdb_request *rq, bool plan, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;
	autofree struct encoded *encoded = calloc(rq->n_mappings + 1, sizeof(*encoded));
	autofree Fdbroker__V1__Mapping **mappings = calloc(rq->n_mappings + 1, sizeof(*mappings));
	size_t n_fds = 0;
	int fds[2];

	if (!encoded || !mappings)
		return client_fail_sys(c, -ENOMEM, "cannot make a message");
	for (size_t i = 0; i < rq->n_mappings; i++) {
		encode_mapping(&encoded[i], &rq->mappings[i]);
		mappings[i] = &encoded[i].mapping;
	}
	restore.n_mappings = rq->n_mappings;
	restore.mappings = mappings;
	restore.n_at_own_risk = rq->n_risks;
	restore.at_own_risk = rq->risks;
	encode_rest(&restore, rq, fds, &n_fds);
	if (plan) {
		m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_PLAN;
		m.plan = &restore;
	} else {
		m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE;
		m.restore = &restore;
	}
	return pump_send(c, &m, fds, n_fds, ret_call);
}

int fdb_start_restore(struct fdb_client *c, struct fdb_request *rq, uint64_t *ret_call)
{
	return send_request(c, rq, false, ret_call);
}

/* The report's descriptor comes with the answer. */
static int await_report(struct fdb_client *c, uint64_t call, int wait_ms, int *ret_fd)
{
	struct fdb_event *ev = NULL;
	int r = arrived_answer(c, call, wait_ms, &ev);

	if (r != 0)
		return r;
	*ret_fd = fdb_event_take_descriptor(ev);
	fdb_event_free(ev);
	return 0;
}

int fdb_plan(struct fdb_client *c, struct fdb_request *rq, int wait_ms, int *ret_fd)
{
	uint64_t call = 0;
	int r = send_request(c, rq, true, &call);

	return r != 0 ? r : await_report(c, call, wait_ms, ret_fd);
}

int fdb_inspect(struct fdb_client *c, int images_dir, int wait_ms, int *ret_fd)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Inspect inspect = FDBROKER__V1__INSPECT__INIT;
	uint64_t call = 0;
	int r;

	inspect.has_images_dir = true; /* index 0 */
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_INSPECT;
	m.inspect = &inspect;
	r = pump_send(c, &m, &images_dir, 1, &call);
	return r != 0 ? r : await_report(c, call, wait_ms, ret_fd);
}

int fdb_restore(struct fdb_client *c, struct fdb_request *rq, int wait_ms, uint64_t *ret_job)
{
	struct fdb_event *ev = NULL;
	uint64_t call = 0;
	int r = fdb_start_restore(c, rq, &call);

	if (r == 0)
		r = arrived_answer(c, call, wait_ms, &ev);
	if (r != 0)
		return r;
	*ret_job = ev->job;
	fdb_event_free(ev);
	return 0;
}

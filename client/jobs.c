/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls about jobs by their numbers: Show, Wait, Cancel, Log, List. What a job is made of: job.c;
 * Watch: watch.c.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "clock.h"
#include "pump.h"

/* ---- Show, Wait, Cancel ---- */

int fdb_start_show(struct fdb_client *c, uint64_t job, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Show show = FDBROKER__V1__SHOW__INIT;

	show.has_job = 1;
	show.job = job;
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_SHOW;
	m.show = &show;
	return pump_send(c, &m, NULL, 0, ret_call);
}

int fdb_start_wait(struct fdb_client *c, uint64_t job, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Wait wait = FDBROKER__V1__WAIT__INIT;

	wait.has_job = 1;
	wait.job = job;
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT;
	m.wait = &wait;
	return pump_send(c, &m, NULL, 0, ret_call);
}

int fdb_start_cancel(struct fdb_client *c, uint64_t job, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Cancel cancel = FDBROKER__V1__CANCEL__INIT;

	cancel.has_job = 1;
	cancel.job = job;
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_CANCEL;
	m.cancel = &cancel;
	return pump_send(c, &m, NULL, 0, ret_call);
}

/* ret: NULL: nobody wants to know more than that it is done. */
static int await_job(struct fdb_client *c, uint64_t call, int wait_ms, struct fdb_job **ret)
{
	struct fdb_event *ev = NULL;
	int r = arrived_answer(c, call, wait_ms, &ev);

	if (r != 0)
		return r;
	if (ret)
		*ret = fdb_event_take_job_report(ev);
	fdb_event_free(ev);
	return 0;
}

int fdb_show(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_job **ret)
{
	uint64_t call = 0;
	int r = fdb_start_show(c, job, &call);

	return r != 0 ? r : await_job(c, call, wait_ms, ret);
}

int fdb_wait(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_job **ret)
{
	uint64_t call = 0;
	int r = fdb_start_wait(c, job, &call);

	return r != 0 ? r : await_job(c, call, wait_ms, ret);
}

int fdb_cancel(struct fdb_client *c, uint64_t job, int wait_ms, struct fdb_job **ret)
{
	uint64_t call = 0;
	int r = fdb_start_cancel(c, job, &call);

	return r != 0 ? r : await_job(c, call, wait_ms, ret);
}

/* ---- Log ---- */

int fdb_start_log(struct fdb_client *c, uint64_t job, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Log log = FDBROKER__V1__LOG__INIT;

	log.has_job = 1;
	log.job = job;
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LOG;
	m.log = &log;
	return pump_send(c, &m, NULL, 0, ret_call);
}

int fdb_log(struct fdb_client *c, uint64_t job, int wait_ms, int *ret_fd, bool *ret_complete)
{
	struct fdb_event *ev = NULL;
	uint64_t call = 0;
	int r = fdb_start_log(c, job, &call);

	if (r == 0)
		r = arrived_answer(c, call, wait_ms, &ev);
	if (r != 0)
		return r;
	*ret_fd = fdb_event_take_descriptor(ev);
	if (ret_complete)
		*ret_complete = ev->log_complete;
	fdb_event_free(ev);
	return 0;
}

/* ---- List ---- */

int fdb_start_list(
	struct fdb_client *c, unsigned states, uid_t uid, uint64_t after, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__List list = FDBROKER__V1__LIST__INIT;
	Fdbroker__V1__JobState wanted[sizeof(states) * 8];

	for (unsigned state = 0; state < sizeof(states) * 8; state++)
		if (states & FDB_STATE(state))
			wanted[list.n_states++] = (Fdbroker__V1__JobState)state;
	list.states = wanted;
	list.has_uid = uid != FDB_ANY_USER;
	list.uid = uid;
	list.has_after = after != 0;
	list.after = after;
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LIST;
	m.list = &list;
	return pump_send(c, &m, NULL, 0, ret_call);
}

/* Moves the jobs of a part to the end of the list. Return: 0 or -ENOMEM. */
static int append(struct fdb_job_list *list, struct fdb_job_list *part)
{
	struct fdb_job **all = reallocarray(list->jobs, list->n + part->n + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	list->jobs = all;
	for (size_t i = 0; i < part->n; i++)
		list->jobs[list->n++] = part->jobs[i];
	part->n = 0;
	list->more = part->more;
	return 0;
}

/* A broker that says "more" and never gets any further would keep us for ever. */
static bool goes_on(const struct fdb_job_list *part, uint64_t after)
{
	return !part->more || (part->n && part->jobs[part->n - 1]->number > after);
}

static int add_part(
	struct fdb_client *c, unsigned states, uid_t uid, int64_t end_ms, struct fdb_job_list *list)
{
	uint64_t call = 0, after = list->n ? list->jobs[list->n - 1]->number : 0;
	struct fdb_event *ev = NULL;
	int r = fdb_start_list(c, states, uid, after, &call);

	if (r == 0)
		r = arrived_answer(c, call, clock_left_ms(end_ms), &ev);
	if (r != 0)
		return r;
	if (!goes_on(ev->list, after))
		r = client_fail(c, -EPROTO, NULL, "the broker's list of jobs has no end");
	else if (append(list, ev->list) < 0)
		r = client_fail_sys(c, -ENOMEM, "cannot keep a list of jobs");
	fdb_event_free(ev);
	return r;
}

int fdb_list(
	struct fdb_client *c, unsigned states, uid_t uid, int wait_ms, struct fdb_job_list **ret)
{
	int64_t end_ms = clock_end_ms(wait_ms);
	struct fdb_job_list *list = calloc(1, sizeof(*list));
	int r;

	if (!list)
		return client_fail_sys(c, -ENOMEM, "cannot make a list of jobs");
	do
		r = add_part(c, states, uid, end_ms, list);
	while (r == 0 && list->more);
	if (r != 0) {
		fdb_job_list_free(list);
		return r;
	}
	*ret = list;
	return 0;
}

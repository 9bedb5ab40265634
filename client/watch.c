/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watch: what happens to jobs, from now on. How many events wait to be fetched: arrived.h. */
#include "pump.h"

static int send_watch(struct fdb_client *c, Fdbroker__V1__Watch *watch, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;

	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_WATCH;
	m.watch = watch;
	return pump_send(c, &m, NULL, 0, ret_call);
}

static int await_watching(struct fdb_client *c, uint64_t call, int wait_ms)
{
	struct fdb_event *ev = NULL;
	int r = arrived_answer(c, call, wait_ms, &ev);

	if (r == 0)
		fdb_event_free(ev);
	return r;
}

int fdb_start_watch(
	struct fdb_client *c, uint64_t job, uid_t uid, bool states_only, uint64_t *ret_call)
{
	Fdbroker__V1__Watch watch = FDBROKER__V1__WATCH__INIT;

	watch.has_job = job != 0;
	watch.job = job;
	watch.has_uid = uid != FDB_ANY_USER;
	watch.uid = uid;
	watch.has_states = 1;
	watch.states = states_only;
	return send_watch(c, &watch, ret_call);
}

int fdb_watch(struct fdb_client *c, uint64_t job, uid_t uid, bool states_only, int wait_ms)
{
	uint64_t call = 0;
	int r = fdb_start_watch(c, job, uid, states_only, &call);

	return r != 0 ? r : await_watching(c, call, wait_ms);
}

int fdb_start_unwatch(struct fdb_client *c, uint64_t *ret_call)
{
	Fdbroker__V1__Watch watch = FDBROKER__V1__WATCH__INIT;

	watch.has_off = watch.off = 1;
	return send_watch(c, &watch, ret_call);
}

int fdb_unwatch(struct fdb_client *c, int wait_ms)
{
	uint64_t call = 0;
	int r = fdb_start_unwatch(c, &call);

	return r != 0 ? r : await_watching(c, call, wait_ms);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metrics: the broker's figures for a monitoring system. */
#include "base/cleanup.h"
#include "event.h"
#include "pump.h"

int fdb_start_metrics(struct fdb_client *c, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Metrics metrics = FDBROKER__V1__METRICS__INIT;

	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_METRICS;
	m.metrics = &metrics;
	return pump_send(c, &m, NULL, 0, ret_call);
}

int fdb_metrics(struct fdb_client *c, int wait_ms, char **ret)
{
	struct fdb_event *ev = NULL;
	uint64_t call = 0;
	int r = fdb_start_metrics(c, &call);

	if (r == 0)
		r = arrived_answer(c, call, wait_ms, &ev);
	if (r != 0)
		return r;
	*ret = fdb_event_take_metrics(ev);
	fdb_event_free(ev);
	return 0;
}

char *fdb_event_take_metrics(struct fdb_event *ev)
{
	return TAKE_PTR(ev->metrics);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lending descriptors and taking them back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "clock.h"
#include "event.h"
#include "pump.h"
#include "wire.h"

static int start_lend(struct fdb_client *c, const char *const names[], const int fds[], size_t n,
	uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Lend lend = FDBROKER__V1__LEND__INIT;

	lend.n_names = n;
	lend.names = (char **)names; /* not written to */
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	m.lend = &lend;
	return pump_send(c, &m, fds, n, ret_call);
}

int fdb_start_lend(struct fdb_client *c, const char *const names[], const int fds[], size_t n,
	uint64_t *ret_call)
{
	if (n < 1 || n > WIRE_MAX_FDS)
		return client_fail(c, -EINVAL, "names", "%zu descriptors: one packet holds 1 to %d",
			n, WIRE_MAX_FDS);
	return start_lend(c, names, fds, n, ret_call);
}

/* The broker counts the names of a packet, its client those of the whole call. */
static void shift_field(struct fdb_client *c, size_t first)
{
	size_t index;
	int end = 0;

	if (sscanf(c->err.field, "names[%zu]%n", &index, &end) == 1 && end && !c->err.field[end])
		snprintf(c->err.field, sizeof(c->err.field), "names[%zu]", index + first);
}

int fdb_lend_many(struct fdb_client *c, const char *const names[], const int fds[], size_t n,
	int wait_ms, size_t *ret_lent)
{
	int64_t end_ms = clock_end_ms(wait_ms);
	size_t unused = 0, *lent = ret_lent ? ret_lent : &unused;

	for (*lent = 0; *lent < n;) {
		size_t part = n - *lent < WIRE_MAX_FDS ? n - *lent : WIRE_MAX_FDS;
		struct fdb_event *ev = NULL;
		uint64_t call = 0;
		int r = start_lend(c, names + *lent, fds + *lent, part, &call);

		if (r == 0)
			r = arrived_answer(c, call, clock_left_ms(end_ms), &ev);
		if (r != 0) {
			shift_field(c, *lent);
			return r;
		}
		fdb_event_free(ev);
		*lent += part;
	}
	return 0;
}

int fdb_lend(struct fdb_client *c, const char *name, int fd, int wait_ms)
{
	return fdb_lend_many(c, &name, &fd, 1, wait_ms, NULL);
}

int fdb_start_return(struct fdb_client *c, const char *const names[], size_t n, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Return back = FDBROKER__V1__RETURN__INIT;

	back.n_names = n;
	back.names = (char **)names; /* not written to */
	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_RETURN_LENT;
	m.return_lent = &back;
	return pump_send(c, &m, NULL, 0, ret_call);
}

int fdb_return(struct fdb_client *c, const char *const names[], size_t n, int wait_ms)
{
	struct fdb_event *ev = NULL;
	uint64_t call = 0;
	int r = fdb_start_return(c, names, n, &call);

	if (r == 0)
		r = arrived_answer(c, call, wait_ms, &ev);
	if (r != 0)
		return r;
	fdb_event_free(ev);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The handlers of the calls, one file each. A handler sends its answer itself and returns 0, or
 * returns -1 with @err, which calls.c sends: then nothing has been changed.
 */
#ifndef FDBROKER_CALLS_HANDLERS_H
#define FDBROKER_CALLS_HANDLERS_H

#include "calls/calls.h"
#include "fdbroker.pb-c.h"

struct call {
	struct calls *calls;
	struct session *session;
	const Fdbroker__V1__ClientMessage *message; /* borrowed; its serial is good */
	struct packet *packet;                /* borrowed; the descriptors that came with it */
	const Fdbroker__V1__Restore *restore; /* borrowed; of Restore and Plan; NULL: none */
};

/* Return: the job, or NULL with @err (NO_SUCH_JOB): there is none that this client may see. */
struct job *calls_find_job(const struct call *call, uint64_t id, struct err *err);

int hello_call(const struct call *call, struct err *err);
int status_call(const struct call *call, struct err *err);
int lend_call(const struct call *call, struct err *err);
int return_call(const struct call *call, struct err *err);
int plan_call(const struct call *call, struct err *err);
int inspect_call(const struct call *call, struct err *err);
int restore_call(const struct call *call, struct err *err);
int wait_call(const struct call *call, struct err *err);
int cancel_call(const struct call *call, struct err *err);
int list_call(const struct call *call, struct err *err);
int show_call(const struct call *call, struct err *err);
int log_call(const struct call *call, struct err *err);
int watch_call(const struct call *call, struct err *err);
int drain_call(const struct call *call, struct err *err);
int get_config_call(const struct call *call, struct err *err);
int metrics_call(const struct call *call, struct err *err);

#endif

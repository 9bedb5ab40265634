/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The traffic of a connection: calls go out, packets come in. */
#ifndef FDBROKER_PUMP_H
#define FDBROKER_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client.h"
#include "fdbroker.pb-c.h"

/**
 * pump_send() - make a call
 * @m:        with its call set; gets its serial here. Borrowed
 * @fds:      borrowed; at most WIRE_MAX_FDS
 * @ret_call: the serial
 *
 * Sent at once if the socket takes it, else kept (outq). Never waits.
 *
 * Return: 0: an answer will come. A negative errno, set in the client: no answer will come.
 */
int pump_send(struct fdb_client *c, Fdbroker__V1__ClientMessage *m, const int *fds, size_t n_fds,
	uint64_t *ret_call);

/* Send and receive all that can be. Return: something has arrived, or the connection has ended. */
bool pump_turn(struct fdb_client *c);

/* Wait until pump_turn() has something to do. Return: 0, or -ETIMEDOUT. */
int pump_wait(struct fdb_client *c, int64_t end_ms);

#endif

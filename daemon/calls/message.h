/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The broker's messages as bytes: packing, and the answers that every call needs. */
#ifndef FDBROKER_CALLS_MESSAGE_H
#define FDBROKER_CALLS_MESSAGE_H

#include "fdbroker.pb-c.h"
#include "sessions/session.h"

/* Pack and send. @fds: NULL or descriptors that go with it, consumed in every case. */
void message_send(
	struct session *session, const Fdbroker__V1__ServerMessage *message, struct fdset *fds);

/* Fill in an Error message. It borrows from @err. */
void message_error(const struct err *err, Fdbroker__V1__Error *ret);

/* Answer a call with an error. @serial 0: of a packet whose serial is not known. */
void message_send_error(struct session *session, uint64_t serial, const struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to clients. See message.h. */
#include "calls/message.h"

#include <stdlib.h>

/* struct err and the protocol name the same errors by the same numbers. */
#define SAME(name) _Static_assert((int)ERR_##name == (int)FDBROKER__V1__ERROR_CODE__##name, #name)
SAME(INTERNAL);
SAME(PROTOCOL);
SAME(UNSUPPORTED);
SAME(BAD_REQUEST);
SAME(PERMISSION);
SAME(LIMIT);
SAME(NAME_TAKEN);
SAME(NO_SUCH_NAME);
SAME(FORBIDDEN_OPTION);
SAME(BAD_IMAGES);
SAME(NO_CRIU);
SAME(CRIU_FAILED);
SAME(CRIU_BROKE);
SAME(DEADLINE);
SAME(CANCELLED);
SAME(REFUSED);
SAME(NO_SUCH_JOB);
SAME(TOO_LATE);
SAME(BROKER_DIED);
SAME(DRAINING);

void message_send(
	struct session *session, const Fdbroker__V1__ServerMessage *message, struct fdset *fds)
{
	size_t size = fdbroker__v1__server_message__get_packed_size(message);
	uint8_t *data = malloc(size ? size : 1);

	if (data)
		(void)fdbroker__v1__server_message__pack(message, data);
	session_send(session, data, size, fds); /* without memory it ends the session */
}

void message_error(const struct err *err, Fdbroker__V1__Error *ret)
{
	fdbroker__v1__error__init(ret);
	ret->has_code = true;
	ret->code = (Fdbroker__V1__ErrorCode)err->code;
	ret->text = (char *)err->text;
	if (err->field[0])
		ret->field = (char *)err->field;
	ret->has_errno_value = err->sys != 0;
	ret->errno_value = err->sys;
}

void message_send_error(struct session *session, uint64_t serial, const struct err *err)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Error error;

	message_error(err, &error);
	message.has_serial = true;
	message.serial = serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR;
	message.error = &error;
	message_send(session, &message, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decode, check what is common to all calls, dispatch. See calls.h. */
#include "calls/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "calls/handlers.h"
#include "calls/message.h"
#include "calls/who.h"
#include "service/log.h"
#include "service/messages.h"
#include "version.h"

/* What each call takes: descriptors with it or not; which class of peer; and not while the broker stops. */
static const struct {
	const char *name;
	int (*handle)(const struct call *call, struct err *err);
	bool takes_fds;
	enum policy_class needs;
	bool begins; /* something new */
} table[] = {
#define CALL(name) FDBROKER__V1__CLIENT_MESSAGE__CALL_##name
	[CALL(HELLO)] = { "Hello", hello_call, false, POLICY_NONE, false },
	[CALL(STATUS)] = { "Status", status_call, false, POLICY_NONE, false },
	[CALL(LEND)] = { "Lend", lend_call, true, POLICY_OWN, true },
	[CALL(RETURN_LENT)] = { "Return", return_call, false, POLICY_OWN, true },
	[CALL(RESTORE)] = { "Restore", restore_call, true, POLICY_OWN, true },
	[CALL(PLAN)] = { "Plan", plan_call, true, POLICY_OWN, true },
	[CALL(INSPECT)] = { "Inspect", inspect_call, true, POLICY_OWN, true },
	[CALL(WAIT)] = { "Wait", wait_call, false, POLICY_OWN, false },
	[CALL(CANCEL)] = { "Cancel", cancel_call, false, POLICY_OWN, false },
	[CALL(LIST)] = { "List", list_call, false, POLICY_OWN, false },
	[CALL(SHOW)] = { "Show", show_call, false, POLICY_OWN, false },
	[CALL(LOG)] = { "Log", log_call, false, POLICY_OWN, false },
	[CALL(WATCH)] = { "Watch", watch_call, false, POLICY_OWN, false },
	[CALL(DRAIN)] = { "Drain", drain_call, false, POLICY_FULL, true },
	[CALL(GET_CONFIG)] = { "GetConfig", get_config_call, false, POLICY_FULL, false },
	[CALL(METRICS)] = { "Metrics", metrics_call, false, POLICY_FULL, false },
#undef CALL
};

static const Fdbroker__V1__Restore *restore_of(const Fdbroker__V1__ClientMessage *message)
{
	switch (message->call_case) {
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE:
		return message->restore;
	case FDBROKER__V1__CLIENT_MESSAGE__CALL_PLAN:
		return message->plan;
	default:
		return NULL;
	}
}

static bool is_known(unsigned which)
{
	return which < sizeof(table) / sizeof(table[0]) && table[which].handle;
}

static const char *call_name(const Fdbroker__V1__ClientMessage *message)
{
	return is_known(message->call_case) ? table[message->call_case].name : "an unknown call";
}

static int dispatch(const struct call *call, struct err *err)
{
	unsigned which = call->message->call_case;

	if (!is_known(which))
		return err_set(err, ERR_UNSUPPORTED, 0, NULL, "a call that broker %s does not know",
			FDB_VERSION);
	if (policy_may_call(&call->session->peer, table[which].needs, table[which].name, err) < 0)
		return -1;
	if (table[which].begins && call->calls->stopping)
		return err_set(err, ERR_CANCELLED, 0, NULL, "the broker is stopping");
	if (!table[which].takes_fds && call->packet->fds.n)
		return err_set(err, ERR_BAD_REQUEST, 0, NULL,
			"%s takes no descriptors, %zu came with it", table[which].name,
			call->packet->fds.n);
	return table[which].handle(call, err);
}

static int check_serial(
	struct session *session, const Fdbroker__V1__ClientMessage *message, struct err *err)
{
	if (!message->has_serial || message->serial == 0)
		return err_set(
			err, ERR_PROTOCOL, 0, "serial", "serial: a call needs one, from 1 on");
	if (message->serial <= session->last_serial)
		return err_set(err, ERR_PROTOCOL, 0, "serial",
			"serial: %lu is not higher than %lu, which was used before",
			(unsigned long)message->serial, (unsigned long)session->last_serial);
	session->last_serial = message->serial;
	return 0;
}

/* protobuf-c's unpacking gives NULL for both: bytes that are no message, and no memory for one. */
static void *take_memory(void *no_memory, size_t size)
{
	void *p = malloc(size);

	if (!p)
		*(bool *)no_memory = true;
	return p;
}

static void give_memory(void *none, void *p)
{
	(void)none;
	free(p);
}

/* Return: the message, of malloc(3); or NULL with @err. */
static Fdbroker__V1__ClientMessage *unpack(const struct packet *packet, struct err *err)
{
	bool no_memory = false;
	ProtobufCAllocator allocator = { take_memory, give_memory, &no_memory };
	Fdbroker__V1__ClientMessage *message =
		fdbroker__v1__client_message__unpack(&allocator, packet->size, packet->data);

	if (no_memory)
		err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a call of %zu bytes",
			packet->size);
	else if (!message)
		err_set(err, ERR_PROTOCOL, 0, NULL,
			"%zu bytes that are no fdbroker.v1.ClientMessage", packet->size);
	return message;
}

/* Who, what, why, and by which rule. @call: its name; @ends: the session too */
static void log_refused(
	const struct session *session, const char *call, const struct err *err, bool ends)
{
	struct who who;
	char code[64];
	const char *fields[] = { who.uid, who.pid, who.comm, who.class, code, NULL };
	struct log_about about = {
		.session = session->id, .by = &session->peer.uid, .fields = fields
	};

	/* Of what is no fault of the client's but a decision of ours. */
	if (err->code == ERR_PERMISSION || err->code == ERR_FORBIDDEN_OPTION)
		about.message = MESSAGE_REFUSED;
	else if (err->code == ERR_LIMIT)
		about.message = MESSAGE_LIMIT;
	who_is(&session->peer, &who);
	snprintf(code, sizeof(code), "FDBROKER_CODE=%s", err_code_name(err->code));
	log_line(LOG_NOTICE, &about, "refused %s to user %u (%s)%s: %s: %s", call,
		(unsigned)session->peer.uid, who.text, ends ? ", whose connection ends" : "",
		err_code_name(err->code), err->text);
}

void calls_packet(struct calls *calls, struct session *session, struct packet *packet)
{
	struct err err;
	Fdbroker__V1__ClientMessage *message = unpack(packet, &err);
	struct call call = { calls, session, message, packet,
		message ? restore_of(message) : NULL };

	if (!message) {
		calls_bad_packet(calls, session, &err);
		session_end(session);
		return;
	}
	if (check_serial(session, message, &err) < 0) {
		metrics_refused(&calls->metrics, err.code);
		log_refused(session, call_name(message), &err, true);
		message_send_error(session, message->serial, &err);
		session_end(session);
	} else if (dispatch(&call, &err) < 0) {
		metrics_refused(&calls->metrics, err.code);
		log_refused(session, call_name(message), &err, false);
		message_send_error(session, message->serial, &err);
	}
	fdbroker__v1__client_message__free_unpacked(message, NULL);
}

void calls_bad_packet(struct calls *calls, struct session *session, const struct err *err)
{
	metrics_refused(&calls->metrics, err->code);
	log_refused(session, "a connection", err, true);
	message_send_error(session, 0, err);
}

void calls_session_gone(struct calls *calls, struct session *session)
{
	calls->sessions--;
	calls->lent -= session->lent.n;
	user_discharge(session->user, USERS_LENT, session->lent.n);
}

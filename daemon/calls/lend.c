/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lend and Return: descriptors come under names, and go. All of a packet or nothing. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "calls/handlers.h"
#include "calls/message.h"
#include "processes/discard.h"
#include "names.h"

static const char *field_of(char *buf, unsigned size, size_t i)
{
	return err_field(buf, size, "names", i, NULL);
}

static int take_room(const struct call *call, size_t n, struct err *err)
{
	if (call->session->lent.n + n > call->calls->config->max_lent)
		return err_set(err, ERR_LIMIT, 0, "names",
			"names: this session has lent %zu descriptors; %zu more would be over its limit of %u (MaxLentPerSession)",
			call->session->lent.n, n, (unsigned)call->calls->config->max_lent);
	if (call->calls->lent + call->calls->jobs->lent + n > call->calls->max_lent_in_all)
		return err_set(err, ERR_LIMIT, 0, "names",
			"names: all sessions have lent %zu descriptors; %zu more would be over the broker's limit of %zu (its RLIMIT_NOFILE)",
			call->calls->lent, n, call->calls->max_lent_in_all);
	return user_charge(call->session->user, USERS_LENT, n, err);
}

static int check_name(const struct session *session, const char *name, size_t i, struct err *err)
{
	char field[32];
	const char *fault = names_fault(name);

	field_of(field, sizeof(field), i);
	if (fault)
		return err_set(err, ERR_BAD_REQUEST, 0, field, "%s: the name %s", field, fault);
	if (lent_find(&session->lent, name) >= 0)
		return err_set(err, ERR_NAME_TAKEN, 0, field,
			"%s: '%s' is lent already in this session", field, name);
	return 0;
}

/* Take back what this packet has lent so far. */
static void undo(struct session *session, char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		discard_fd(lent_take(&session->lent, names[i]));
}

static int lend_all(
	struct session *session, char *const *names, size_t n, struct fdset *fds, struct err *err)
{
	char field[32];

	for (size_t i = 0; i < n; i++) {
		int r;

		/* Also finds a name that stands twice in this packet. */
		if (check_name(session, names[i], i, err) < 0) {
			undo(session, names, i);
			return -1;
		}
		r = lent_add(&session->lent, names[i], fdset_take(fds, i));
		if (r < 0) {
			undo(session, names, i);
			return err_set(err, ERR_INTERNAL, -r, field_of(field, sizeof(field), i),
				"cannot keep '%s'", names[i]);
		}
	}
	return 0;
}

int lend_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Lent lent = FDBROKER__V1__LENT__INIT;
	const Fdbroker__V1__Lend *lend = call->message->lend;
	struct session *session = call->session;

	if (lend->n_names == 0)
		return err_set(err, ERR_BAD_REQUEST, 0, "names", "names: none given");
	if (lend->n_names != call->packet->fds.n)
		return err_set(err, ERR_BAD_REQUEST, 0, "names",
			"names: %zu names, but %zu descriptors came with them", lend->n_names,
			call->packet->fds.n);
	if (take_room(call, lend->n_names, err) < 0)
		return -1;
	if (lend_all(session, lend->names, lend->n_names, &call->packet->fds, err) < 0) {
		user_discharge(session->user, USERS_LENT, lend->n_names);
		return -1;
	}
	call->calls->lent += lend->n_names;
	lent.has_lent = true;
	lent.lent = (uint32_t)session->lent.n;
	message.has_serial = true;
	message.serial = call->message->serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_LENT;
	message.lent = &lent;
	message_send(session, &message, NULL);
	return 0;
}

int return_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Returned returned = FDBROKER__V1__RETURNED__INIT;
	const Fdbroker__V1__Return *call_return = call->message->return_lent;
	struct session *session = call->session;
	char field[32];

	for (size_t i = 0; i < call_return->n_names; i++)
		if (lent_find(&session->lent, call_return->names[i]) < 0)
			return err_set(err, ERR_NO_SUCH_NAME, 0, field_of(field, sizeof(field), i),
				"%s: '%.255s' is not lent", field, call_return->names[i]);
	for (size_t i = 0; i < call_return->n_names; i++) {
		int fd = lent_take(&session->lent, call_return->names[i]);

		if (fd >= 0) { /* a name may stand twice */
			call->calls->lent--;
			user_discharge(session->user, USERS_LENT, 1);
		}
		discard_fd(fd);
	}
	returned.has_lent = true;
	returned.lent = (uint32_t)session->lent.n;
	message.has_serial = true;
	message.serial = call->message->serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_RETURNED;
	message.returned = &returned;
	message_send(session, &message, NULL);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an accepted connection to its session, and from a session's packets to the calls. */
#include "sessions/sessions.h"

#include <errno.h>

#include "base/cleanup.h"
#include "policy/peer.h"

static void on_packet(void *arg, struct session *session, struct packet *packet)
{
	struct sessions *sessions = arg;

	calls_packet(sessions->calls, session, packet);
}

static void on_bad_packet(void *arg, struct session *session, const struct err *err)
{
	struct sessions *sessions = arg;

	calls_bad_packet(sessions->calls, session, err);
}

static void on_gone(void *arg, struct session *session)
{
	struct sessions *sessions = arg;

	calls_session_gone(sessions->calls, session);
	LIST_REMOVE(session, entry);
	sessions->gone(sessions->arg);
}

static const struct session_ops session_ops = {
	.packet = on_packet, .bad_packet = on_bad_packet, .gone = on_gone
};

/* Say why, and end it. */
static void turn_away(struct sessions *sessions, struct session *session, const struct err *err)
{
	calls_bad_packet(sessions->calls, session, err);
	session_end(session);
}

int sessions_add(struct sessions *sessions, int fd)
{
	autofd int owned = fd;
	const struct config *config = sessions->calls->config;
	const struct session_spec spec = { sessions->base, config, &session_ops, sessions,
		sessions->last_id + 1 };
	struct err over = { 0 };
	struct policy_peer peer;
	struct session *session;
	struct user *user;
	int r = peer_read(fd, config, &peer);

	if (r < 0)
		return r;
	user = users_get(sessions->users, peer.uid);
	if (!user) {
		peer_done(&peer);
		return -ENOMEM;
	}
	if (user_charge(user, USERS_SESSIONS, 1, &over) < 0)
		user_charge_anyway(user, USERS_SESSIONS, 1);
	r = session_new(&spec, TAKE_FD(owned), &peer, user, &session);
	peer_done(&peer);
	if (r < 0)
		return r;
	sessions->last_id++;
	LIST_INSERT_HEAD(&sessions->list, session, entry);
	sessions->calls->sessions++;
	if (sessions->calls->sessions > config->max_sessions)
		err_set(&over, ERR_LIMIT, 0, NULL,
			"%u connections are the broker's limit (MaxSessions)",
			(unsigned)config->max_sessions);
	if (over.code)
		turn_away(sessions, session, &over);
	return 0;
}

void sessions_done(struct sessions *sessions)
{
	for (struct session *s; (s = LIST_FIRST(&sessions->list));)
		session_free(s);
}

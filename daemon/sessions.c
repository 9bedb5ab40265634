/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From an accepted connection to its session, and from a session's packets to the calls. */
#include "sessions.h"

#include <errno.h>

#include "base/cleanup.h"
#include "peer.h"

static void on_packet(void *arg, struct session *session, struct packet *packet)
{
	struct sessions *all = arg;

	calls_packet(all->calls, session, packet);
}

static void on_bad_packet(void *arg, struct session *session, const struct err *err)
{
	struct sessions *all = arg;

	calls_bad_packet(all->calls, session, err);
}

static void on_gone(void *arg, struct session *session)
{
	struct sessions *all = arg;

	calls_session_gone(all->calls, session);
	LIST_REMOVE(session, entry);
	all->gone(all->arg);
}

static const struct session_ops session_ops = {
	.packet = on_packet, .bad_packet = on_bad_packet, .gone = on_gone
};

/* Say why, and end it. */
static void turn_away(struct sessions *all, struct session *session, const struct err *err)
{
	calls_bad_packet(all->calls, session, err);
	session_end(session);
}

int sessions_add(struct sessions *all, int fd)
{
	autofd int owned = fd;
	const struct config *config = all->calls->config;
	const struct session_spec spec = { all->base, config, &session_ops, all, all->last_id + 1 };
	struct err over = { 0 };
	struct policy_peer peer;
	struct session *session;
	struct user *user;
	int r = peer_read(fd, config, &peer);

	if (r < 0)
		return r;
	user = users_get(all->users, peer.uid);
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
	all->last_id++;
	LIST_INSERT_HEAD(&all->list, session, entry);
	all->calls->sessions++;
	if (all->calls->sessions > config->max_sessions)
		err_set(&over, ERR_LIMIT, 0, NULL,
			"%u connections are the broker's limit (MaxSessions)",
			(unsigned)config->max_sessions);
	if (over.code)
		turn_away(all, session, &over);
	return 0;
}

void sessions_done(struct sessions *all)
{
	for (struct session *s; (s = LIST_FIRST(&all->list));)
		session_free(s);
}

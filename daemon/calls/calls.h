/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a packet to the handler of its call. Only in calls/ are the protocol's generated types known.
 */
#ifndef FDBROKER_CALLS_CALLS_H
#define FDBROKER_CALLS_CALLS_H

#include "config/config.h"
#include "jobs/job.h"
#include "service/metrics.h"
#include "sessions/session.h"
#include "service/warnings.h"

/* What the calls can see of the broker. Owned by the broker. */
struct calls {
	const struct config *config; /* borrowed */
	struct jobs *jobs;           /* borrowed */
	uint64_t started_ms;         /* monotonic */
	uint64_t started_at_us;      /* CLOCK_REALTIME */
	unsigned sessions;           /* connected now */
	size_t lent;                 /* descriptors lent now, of all sessions */
	size_t max_lent_in_all;
	bool stopping;    /* nothing new is begun */
	unsigned reports; /* plans and inspections under way */
	LIST_HEAD(, drain_waiter) drain_waiters;
	const struct warnings *warnings; /* borrowed */
	struct metrics metrics;
	struct job_observer counting; /* into metrics */
};

/* Count what becomes of jobs from now on: before there are any, those of a daemon before us too. */
void calls_count(struct calls *calls);

/**
 * calls_packet() - carry out one packet
 * @packet: borrowed; descriptors that a call takes are taken out of it
 *
 * Everything that is wrong is answered; what is no message of the protocol ends the session.
 */
void calls_packet(struct calls *calls, struct session *session, struct packet *packet);

/* A packet that could not even be received: say why, before the session ends. A connection that is turned away, too. */
void calls_bad_packet(struct calls *calls, struct session *session, const struct err *err);

/* A session is going: what it has lent is no longer counted. */
void calls_session_gone(struct calls *calls, struct session *session);

/* No restore is under way any more. */
void calls_idle(struct calls *calls);

#endif

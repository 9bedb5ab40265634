/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the library share: the client itself, and how its calls fail.
 *
 *   connect, local      make the connection
 *   lend, restore,      say what is wanted: a ClientMessage, given to pump
 *   jobs, watch, status
 *   pump                sends it, receives what comes; outq keeps what cannot be sent yet
 *   decode, convert     packet -> struct fdb_event and what is in it
 *   arrived             events that nobody has fetched; a blocking call waits here for its answer
 *   event, result, job  the getters
 *   request             a restore being described
 */
#ifndef FDBROKER_CLIENT_H
#define FDBROKER_CLIENT_H

#include "arrived.h"
#include "base/err.h"
#include "event.h"
#include "fdbroker.h"
#include "outq.h"

/* A call that has no answer yet. */
struct call {
	struct call *next; /* owned */
	uint64_t serial;
	int answer; /* what it must be: a body of ServerMessage */
};

/* The answer to Hello. */
struct welcome {
	uint32_t protocol;
	char *version;   /* owned, or NULL */
	char **features; /* owned, each string too */
	size_t n_features;
	uint32_t max_packet_bytes;
	uint32_t max_lent;
	int32_t max_number;
	uint32_t default_deadline_ms;
};

struct fdb_client {
	int sock;        /* owned; -1: not connected */
	int broker;      /* owned; pidfd of a private broker, or -1 */
	uint64_t serial; /* of the last call */

	struct call *calls; /* owned; newest first */
	size_t n_calls;     /* those in outq included */
	struct outq outq;
	bool refs_full; /* too many descriptors in flight: send again when something has arrived */
	struct arrived arrived;

	uint64_t *jobs; /* owned; accepted, and their results have not been fetched */
	size_t n_jobs, max_jobs;

	bool hung_up;     /* the broker receives no more */
	bool gone;        /* and nothing more is to be had from it */
	struct err words; /* why; the broker's own if it gave a reason */
	struct advice words_advice;

	struct err err; /* of the last call that failed */
	struct advice advice;
	uint64_t err_call; /* its number if the answer is still to come, or 0 */
	struct welcome welcome;
};

/**
 * client_fail() - a call fails for a reason on this side
 * @r:     negative errno
 * @field: at fault, or NULL
 *
 * Return: r.
 */
int client_fail(struct fdb_client *c, int r, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The same where a system call has failed: its errno's text is appended. */
int client_fail_sys(struct fdb_client *c, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with an error that exists already, and its advice or NULL. Return: r. */
int client_fail_as(struct fdb_client *c, int r, const struct err *err, const struct advice *advice);

/* Not connected, or the broker is gone. Return: -ENOTCONN or -EPIPE. */
int client_fail_gone(struct fdb_client *c);

/* The negative errno for a code of the broker, as enum fdb_code lists them. */
int client_code_errno(int code);

/* Accepted jobs: a wait for a job that is not here would never end. Return: 0 or -ENOMEM. */
int client_job_add(struct fdb_client *c, uint64_t job);
bool client_job_known(const struct fdb_client *c, uint64_t job);
void client_job_forget(struct fdb_client *c, uint64_t job);

/* Take the call with this serial off the list. Return: it was there, and its @ret_answer (or NULL). */
bool client_call_end(struct fdb_client *c, uint64_t serial, int *ret_answer);

/* Forget the calls and what was not sent of them; what has arrived stays. */
void client_calls_done(struct fdb_client *c);

void welcome_done(struct welcome *w);

#endif

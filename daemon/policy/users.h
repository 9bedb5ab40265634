/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each user (uid) uses, against the limits that each has: pure. Users count, not connections. */
#ifndef FDBROKER_USERS_H
#define FDBROKER_USERS_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/err.h"

enum users_what {
	USERS_SESSIONS,     /* connections */
	USERS_LENT,         /* lent descriptors, of all sessions */
	USERS_JOBS,         /* jobs under way, those that wait too */
	USERS_KEPT,         /* jobs that have ended and are kept */
	USERS_LOG_BYTES,    /* of logs that are kept */
	USERS_QUEUED_BYTES, /* of messages that it has not read yet */
	USERS_OWN_JOBS,     /* of USERS_JOBS, those in class own */
	USERS_OWN_TREES,    /* restored trees of class own, and jobs under way */
	USERS_WHATS,
};

struct users_limits {
	uint64_t max[USERS_WHATS]; /* for each user; 0: none at all */
};

#define USERS_BUCKETS 256 /* a power of two */

struct user;
LIST_HEAD(users_bucket, user);

struct users {
	struct users_limits limits; /* may be changed at any time; what is in use is left alone */
	struct users_bucket buckets[USERS_BUCKETS]; /* borrowed: a user frees itself */
};

void users_init(struct users *users, const struct users_limits *limits);

/* The name of a limit as configuration files have it ("[UserLimits] MaxLent"); never NULL. */
const char *users_limit_name(enum users_what what);

/**
 * users_get() - the user of a uid
 * @users: must outlive it
 *
 * Return: held by the caller until user_put(); NULL: no memory.
 */
struct user *users_get(struct users *users, uid_t uid);

/*
 * Hold it no longer. It is freed when nobody holds it and nothing is charged: who charges may put it down
 * meanwhile and get it again by its uid. NULL is allowed.
 */
void user_put(struct user *user);

/**
 * user_charge() - the user uses more
 * @user: held, or charged already
 * @n:    how much more; 0 is always allowed
 *
 * Return: 0, or -1 with ERR_LIMIT that names user, limit, and what is in use; then nothing is charged.
 */
int user_charge(struct user *user, enum users_what what, uint64_t n, struct err *err);

/* The same for what is there already, whatever the limit is: a job of before our start, a log that grew. */
void user_charge_anyway(struct user *user, enum users_what what, uint64_t n);

/* It uses less: no more than was charged. Frees the user if that was the last of it, and nobody holds it. */
void user_discharge(struct user *user, enum users_what what, uint64_t n);

/* Tell of each user there is, in no order. @fn must neither charge nor put down. */
void users_each(
	const struct users *users, void (*fn)(void *arg, const struct user *user), void *arg);

uint64_t user_used(const struct user *user, enum users_what what);
uid_t user_uid(const struct user *user);

#endif

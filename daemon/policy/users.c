/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of counters by uid. See users.h.
 *
 * Texts have the number of a user and not the name: looking that up may ask the network, and wait.
 */
#include "policy/users.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

struct user {
	uid_t uid;
	unsigned holders;
	uint64_t used[USERS_WHATS];
	struct users *users; /* borrowed */
	LIST_ENTRY(user) entry;
};

/* What is counted, and its limit in a configuration file. */
static const struct {
	const char *what, *limit;
} names[USERS_WHATS] = {
	[USERS_SESSIONS] = { "connections", "[UserLimits] MaxSessions" },
	[USERS_LENT] = { "lent descriptors", "[UserLimits] MaxLent" },
	[USERS_JOBS] = { "jobs under way", "[UserLimits] MaxRestores" },
	[USERS_KEPT] = { "jobs that are kept", "[UserLimits] MaxKeptJobs" },
	[USERS_LOG_BYTES] = { "bytes of logs", "[UserLimits] MaxLogSize" },
	[USERS_QUEUED_BYTES] = { "bytes of messages not read yet", "[UserLimits] MaxQueueSize" },
	[USERS_OWN_JOBS] = { "jobs of class own under way", "[UserLimits] MaxOwnRestores" },
	[USERS_OWN_TREES] = { "trees of class own, or jobs under way", "[UserLimits] MaxOwnTrees" },
};

void users_init(struct users *users, const struct users_limits *limits)
{
	*users = (struct users){ .limits = *limits };
}

const char *users_limit_name(enum users_what what)
{
	return names[what].limit;
}

struct user *users_get(struct users *users, uid_t uid)
{
	struct users_bucket *bucket = &users->buckets[uid & (USERS_BUCKETS - 1)];
	struct user *user;

	LIST_FOREACH(user, bucket, entry) {
		if (user->uid == uid) {
			user->holders++;
			return user;
		}
	}
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	user->users = users;
	user->holders = 1;
	LIST_INSERT_HEAD(bucket, user, entry);
	return user;
}

static bool is_charged(const struct user *user)
{
	for (int what = 0; what < USERS_WHATS; what++)
		if (user->used[what])
			return true;
	return false;
}

static void free_unused(struct user *user)
{
	if (user->holders || is_charged(user))
		return;
	LIST_REMOVE(user, entry);
	free(user);
}

void user_put(struct user *user)
{
	if (!user)
		return;
	assert(user->holders);
	user->holders--;
	free_unused(user);
}

int user_charge(struct user *user, enum users_what what, uint64_t n, struct err *err)
{
	uint64_t used = user->used[what], max = user->users->limits.max[what];

	/* In use may be more than the limit: it was lowered, or was not asked. */
	if (n && (used >= max || n > max - used))
		return err_set(err, ERR_LIMIT, 0, NULL,
			"user %u has %llu %s, and with %llu more would have more than %s (%llu)",
			user->uid, (unsigned long long)used, names[what].what,
			(unsigned long long)n, names[what].limit, (unsigned long long)max);
	user->used[what] += n;
	return 0;
}

void user_charge_anyway(struct user *user, enum users_what what, uint64_t n)
{
	uint64_t room = UINT64_MAX - user->used[what];

	assert(n <= room);
	user->used[what] += n;
}

void user_discharge(struct user *user, enum users_what what, uint64_t n)
{
	assert(n <= user->used[what]);
	user->used[what] -= n;
	free_unused(user);
}

void users_each(
	const struct users *users, void (*fn)(void *arg, const struct user *user), void *arg)
{
	const struct user *user;

	for (size_t i = 0; i < USERS_BUCKETS; i++)
		LIST_FOREACH(user, &users->buckets[i], entry)
			fn(arg, user);
}

uint64_t user_used(const struct user *user, enum users_what what)
{
	return user->used[what];
}

uid_t user_uid(const struct user *user)
{
	return user->uid;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What there is in a test's world (lib.sh): processes, cgroups, mounts, a broker's descriptors, work
 * directories and state. To be compared with what there was when nothing had happened yet.
 */
#ifndef FDBROKER_TESTS_QUIET_H
#define FDBROKER_TESTS_QUIET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define QUIET_MAX_PIDS 64

struct quiet {
	pid_t before[QUIET_MAX_PIDS]; /* processes that were there first */
	size_t n_before;
	char *mounts;     /* owned */
	char *table;      /* owned; of a broker that has just begun to serve; NULL: not known yet */
	char cgroup[256]; /* directory of the group that we and the broker are in */
};

/* Remember how things are, before a broker is started. quiet_end() ends it. */
void quiet_begin(struct quiet *q);
void quiet_end(struct quiet *q);

/* Remember the table of a broker that has just begun to serve and has no job: the first one's counts. */
void quiet_learn(struct quiet *q, pid_t broker);

/* Processes that are neither of before nor @broker (0: there is none) nor a part of it. Zombies count. Return: how many; the first @max. */
size_t quiet_others(const struct quiet *q, pid_t broker, pid_t *ret, size_t max);

/*
 * Nothing is left: no process, cgroup or mount more than before; and of the broker, if there is one, no
 * descriptor more and no work directory; no file in @state (NULL: it is not looked at) that is neither a
 * record nor a log beside its record. @why says what is.
 */
bool quiet_is(const struct quiet *q, pid_t broker, const char *state, char *why, size_t size);

/* The same, within 5 s. */
bool quiet_await(const struct quiet *q, pid_t broker, const char *state, char *why, size_t size);

#endif

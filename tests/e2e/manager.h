/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of systemd, for one broker: starts it and knows when it serves (NOTIFY_SOCKET), and, if it is wanted,
 * keeps descriptors for it from one start to the next (FDSTORE=1, FDSTOREREMOVE=1, LISTEN_FDS).
 *
 * Every function fails the running test where something does not work.
 */
#ifndef FDBROKER_TESTS_MANAGER_H
#define FDBROKER_TESTS_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MANAGER_MAX_KEPT 64

struct manager {
	const char *program, *socket, *criu, *fault, *state,
		*workers; /* borrowed; fault NULL: none */
	bool keeps;       /* descriptors */
	bool no_cgroup;   /* cgroup v2 cannot be had */
	bool allow_own;   /* it serves class own */
	pid_t broker;     /* 0: none runs */
	int notify;       /* owned; -1 before the first start */
	bool ready;       /* it has said so */
	struct {
		char name[64];
		int fd; /* owned */
	} kept[MANAGER_MAX_KEPT];
	size_t n_kept;
};

/* Start the broker, and wait until it serves. */
void manager_start(struct manager *m);

/* It has been killed: wait for it. */
void manager_reap(struct manager *m);

/* SIGTERM. It ends well, which is awaited. @meanwhile: called over and over until then; NULL: nothing */
void manager_stop(struct manager *m, void (*meanwhile)(void));

/* Hear what it has said so far. To be called now and then: it waits if nobody listens. */
void manager_hear(struct manager *m);

void manager_done(struct manager *m);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole way of a restore, by a client that takes whatever comes of it: Hello, Lend, Restore, its result, the
 * end of the tree, Wait, Log.
 */
#ifndef FDBROKER_TESTS_WHOLEWAY_H
#define FDBROKER_TESTS_WHOLEWAY_H

#include "rawclient.h"

#define WAY_MS                                                                                     \
	6000 /* longest wait for a message: more than the deadline of the restore, and its end */

enum way_heard {
	WAY_SUCCESS,
	WAY_FAILURE, /* the restore has failed */
	WAY_REFUSED, /* a call was answered by an error */
	WAY_CLOSED,  /* the broker has ended the connection */
	WAY_NOTHING, /* for WAY_MS */
};

struct way {
	const char *images,
		*key; /* set by the caller: a directory, and what is replaced by /dev/null */

	int sock;
	uint64_t serial;
	uint64_t job;   /* 0: not accepted */
	pid_t root;     /* 0: not restored */
	char text[256]; /* of an error */
};

/* Go it, or as far as the broker lets. Return: what was heard last. */
enum way_heard way_go(struct way *way, const struct broker *b);

#endif

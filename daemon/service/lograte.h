/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many lines of the log one user may cause: pure. Where no journal limits what is written, a client that is refused
 * without end would fill a disk; and where it does, all other lines of ours would be left out with those.
 */
#ifndef FDBROKER_LOGRATE_H
#define FDBROKER_LOGRATE_H

#include <stdint.h>
#include <sys/types.h>

#define LOGRATE_LINES   1000  /* of one user ... */
#define LOGRATE_MS      30000 /* ... in this time, which begins with the first of them */
#define LOGRATE_BUCKETS 64    /* users whose numbers are alike modulo this have one limit */

/* Zeroed: nobody has written anything. */
struct lograte {
	struct {
		uint64_t since_ms; /* 0: never */
		unsigned lines, left_out;
	} buckets[LOGRATE_BUCKETS];
};

enum lograte_says {
	LOGRATE_WRITE,
	LOGRATE_LAST, /* write it, and that those which follow are left out */
	LOGRATE_LEAVE_OUT,
};

/**
 * lograte_ask() - this user causes another line
 * @now_ms:       monotonic, above 0
 * @ret_left_out: how many were left out in the time before; to be told of
 */
enum lograte_says lograte_ask(
	struct lograte *rate, uid_t user, uint64_t now_ms, unsigned *ret_left_out);

#endif

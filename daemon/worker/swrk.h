/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The messages of `criu swrk`: plain structs <-> bytes. The only place that knows criu's RPC types.
 * Source of the facts: criu/cr-service.c of CRIU 4.1.1.
 */
#ifndef FDBROKER_SWRK_H
#define FDBROKER_SWRK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct swrk_inherit {
	const char *key; /* borrowed */
	int number;      /* in criu's table */
};

struct swrk_restore {
	int images; /* number of the images directory in criu's table */
	const struct swrk_inherit *inherit;
	size_t n_inherit;
	const uint8_t *opts; /* the client's options, checked and re-encoded; NULL: none */
	size_t n_opts;       /* bytes */
	bool unprivileged;   /* criu has no root's rights */
};

enum swrk_kind {
	SWRK_NOTIFICATION,
	SWRK_RESULT,
};

struct swrk_reply {
	enum swrk_kind kind;
	bool success; /* result: the only thing to judge by, cr_errmsg is filled on success too */
	pid_t pid;    /* root task, where criu names it; 0: it does not */
	int cr_errno; /* result: errno, 0: none given */
	char script[64]; /* notification: criu's name of the moment; cut */
};

/**
 * swrk_restore_bytes() - the request to restore
 *
 * Log level 4 always (it costs nothing and the reasons are there), the log on criu's descriptor 1,
 * notifications on, the root task as our child (rst_sibling).
 *
 * Return: 0 and *ret is the caller's to free(), or -ENOMEM.
 */
int swrk_restore_bytes(const struct swrk_restore *restore, uint8_t **ret, size_t *ret_size);

/* The answer to a notification; false: criu shall give up. @ret has room for SWRK_ACK_BYTES. Return: bytes. */
#define SWRK_ACK_BYTES 16
size_t swrk_ack_bytes(bool success, uint8_t ret[static SWRK_ACK_BYTES]);

/* Read what criu said. Return: 0, or -1 with @err (CRIU_BROKE): it is no answer to a restore. */
int swrk_parse(const uint8_t *data, size_t size, struct swrk_reply *ret, struct err *err);

#endif

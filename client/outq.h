/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets that the socket could not take yet, with their descriptors, in their order. */
#ifndef FDBROKER_OUTQ_H
#define FDBROKER_OUTQ_H

#include <stddef.h>
#include <stdint.h>

#include "base/fdset.h"

struct outq_packet {
	struct outq_packet *next; /* owned */
	uint64_t serial;          /* of the call in it */
	uint8_t *data;            /* owned */
	size_t size;              /* bytes */
	struct fdset fds;
};

struct outq {
	struct outq_packet *first; /* owned, with all behind it */
	struct outq_packet *last;  /* borrowed; the last of them */
	size_t n;
};

/**
 * outq_push() - put a packet at the end
 * @data: consumed in every case
 * @fds:  borrowed; duplicates are kept
 *
 * Return: 0, or -ENOMEM, -EBADF, -EMFILE.
 */
int outq_push(
	struct outq *q, uint64_t serial, uint8_t *data, size_t size, const int *fds, size_t n_fds);

/* Drop the first packet, which must exist. */
void outq_pop(struct outq *q);

/* Drop all. The queue can be used again. */
void outq_done(struct outq *q);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a child needs, as bytes and descriptors of any number, over a socket that nobody else has. */
#ifndef FDBROKER_PARCEL_H
#define FDBROKER_PARCEL_H

#include <stdint.h>

#include "base/fdset.h"

struct parcel {
	uint8_t *bytes; /* owned; malloc()ed, with a zero behind them */
	size_t size;
	struct fdset fds; /* owned, close-on-exec */
};

/**
 * parcel_send() - send a parcel
 * @sock: SEQPACKET socket into which nothing has been sent yet; borrowed. Does not block: bytes go in a
 *        memfd, and 100000 descriptors fit into the socket
 * @fds:  borrowed; duplicates are sent
 *
 * Return: 0 or -errno; then the receiver, if there is one, gets -EPIPE when the socket is closed.
 */
int parcel_send(int sock, const void *bytes, size_t size, const int *fds, size_t n_fds);

/**
 * parcel_recv() - wait for a parcel
 * @ret: on 0 the parcel; parcel_done() ends it
 *
 * Return: 0 or -errno: -EPIPE: the sender is gone; -EPROTO: no parcel; -EMFILE: more descriptors than
 *         RLIMIT_NOFILE has room for.
 */
int parcel_recv(int sock, struct parcel *ret);

void parcel_done(struct parcel *p);
#define autoparcel __attribute__((cleanup(parcel_done)))

#endif

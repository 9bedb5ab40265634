/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes on the socket: one packet is one message and its descriptors. Both sides use this.
 * What the messages mean is elsewhere (fdbroker.proto, daemon/calls/, client/).
 */
#ifndef FDBROKER_WIRE_H
#define FDBROKER_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fdset.h"

/* The limits of a packet. */
#define WIRE_MAX_BYTES (1024 * 1024) /* longest message, bytes; 4000 mappings with long keys fit */
#define WIRE_MAX_FDS   253           /* SCM_MAX_FD of the kernel (include/net/scm.h) */

struct packet {
	uint8_t *data;    /* owned */
	size_t size;      /* bytes */
	struct fdset fds; /* owned, close-on-exec from birth */
};

/**
 * wire_recv() - receive one packet
 * @sock: SEQPACKET socket; borrowed
 * @ret:  on 1 the packet, now the caller's: packet_done() ends it. Untouched otherwise
 * @err:  on -1: PROTOCOL (empty, too long, cut, or control data cut) or INTERNAL (no memory, socket
 *        error); the session must end. Every descriptor that came with the packet is closed
 *
 * Does not block if the socket does not. A packet over WIRE_MAX_BYTES is refused before it is copied.
 *
 * Return: 1: a packet; 0: the peer has closed; -EAGAIN: nothing there (also after EINTR); -1: see @err.
 */
int wire_recv(int sock, struct packet *ret, struct err *err);

/**
 * wire_send() - send one packet
 * @sock:  SEQPACKET socket; borrowed
 * @fds:   borrowed; duplicates are sent. At most WIRE_MAX_FDS
 *
 * Return: 0; -EAGAIN: the socket is full; -EMSGSIZE: over WIRE_MAX_BYTES or over the socket's buffer,
 *         -EINVAL: too many descriptors; -ETOOMANYREFS: too many in flight; -EPIPE; another -errno.
 *         Never raises SIGPIPE.
 */
int wire_send(int sock, const void *data, size_t size, const int *fds, size_t n_fds);

/**
 * wire_tune() - let the socket hold a packet of WIRE_MAX_BYTES
 *
 * With CAP_NET_ADMIN past net.core.wmem_max (SO_SNDBUFFORCE), else up to it. Best effort: a message
 * that does not fit is refused by wire_send() with -EMSGSIZE.
 */
void wire_tune(int sock);

/* Free the bytes, close the descriptors that nobody took. */
void packet_done(struct packet *p);
#define autopacket __attribute__((cleanup(packet_done)))

#endif

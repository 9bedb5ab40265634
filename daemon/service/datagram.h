/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Datagrams to systemd and its journal, of which libsystemd's own functions wait for a receiver that does not
 * read: a process 1 that is frozen, a journald that hangs. These do not.
 */
#ifndef FDBROKER_DATAGRAM_H
#define FDBROKER_DATAGRAM_H

#include <stddef.h>

/**
 * datagram_send() - one datagram, now or not at all
 * @sock: -1 at first: it is made then, and is the caller's. One for each receiver: what one has not read yet takes up
 *        the room of its socket
 * @path: of the receiver's socket; "@NAME": an abstract one
 * @fd:   borrowed, or -1; the receiver gets a duplicate
 *
 * Return: 0 or -errno. -EAGAIN: the receiver does not keep up; -ENOENT, -ECONNREFUSED: there is none.
 */
int datagram_send(int *sock, const char *path, const void *bytes, size_t size, int fd);

#endif

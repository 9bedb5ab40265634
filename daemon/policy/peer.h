/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is at the other end of a connection, by what the kernel noted when it was made. */
#ifndef FDBROKER_PEER_H
#define FDBROKER_PEER_H

#include "config/config.h"
#include "policy/policy.h"

/**
 * peer_read() - the credentials of a connection
 * @fd:     a connected Unix socket
 * @config: the group whose members may restore as root, whether users may as themselves, and whether the broker
 *          inherited the connection from whoever started it
 *
 * SO_PEERCRED and SO_PEERGROUPS: as they were when it connected, whatever the peer becomes later. SO_PEERPIDFD
 * (Linux 6.5) proves that the name of its program, which is for the log alone, is not that of another process.
 *
 * Return: 0, then peer_done() is due; or -errno.
 */
int peer_read(int fd, const struct config *config, struct policy_peer *ret);

/* Frees what it owns. */
void peer_done(struct policy_peer *peer);

#endif

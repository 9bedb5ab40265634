/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is at the other end of a connection, by what the kernel noted when it was made. */
#ifndef FDBROKER_PEER_H
#define FDBROKER_PEER_H

#include "policy.h"

/**
 * peer_read() - the credentials of a connection
 * @fd:    a connected Unix socket
 * @group: the group whose members may restore; NULL: none
 * @local: the broker inherited it from whoever started it
 *
 * SO_PEERCRED and SO_PEERGROUPS: as they were when it connected, whatever the peer becomes later.
 *
 * Return: 0 or -errno.
 */
int peer_read(int fd, const gid_t *group, bool local, struct policy_peer *ret);

#endif

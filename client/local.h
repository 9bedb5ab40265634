/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private broker: a child of this process, at the other end of a socket pair. */
#ifndef FDBROKER_LOCAL_H
#define FDBROKER_LOCAL_H

/**
 * local_end() - wait for the end of a private broker whose socket has been closed, and reap it
 * @pidfd: consumed in every case; -1: nothing to wait for
 *
 * Return: 0: it has ended (also if somebody else has reaped it), or -ETIMEDOUT.
 */
int local_end(int pidfd, int wait_ms);

#endif

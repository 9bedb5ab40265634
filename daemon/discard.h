/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Closes descriptors that came from clients, off the event loop: close(2) of somebody else's file may
 * block for as long as they like (FUSE, a dead NFS server, SO_LINGER), and the loop must not.
 */
#ifndef FDBROKER_DISCARD_H
#define FDBROKER_DISCARD_H

#include "base/fdset.h"

/* Start the thread that closes. Return: 0 or -errno. */
int discard_start(void);

/* Close everything that is waiting and end the thread. At the daemon's end, in place of a crash by exit(). */
void discard_stop(void);

/**
 * discard_fd() - close a descriptor soon
 * @fd: consumed; negative: nothing happens. Where no memory is left, it is closed here and now
 */
void discard_fd(int fd);

/* discard_fd() for all that is left in a set; the set is empty and can be used again. */
void discard_fdset(struct fdset *set);

#endif

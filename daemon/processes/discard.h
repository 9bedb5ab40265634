/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Closes descriptors that came from clients, off the event loop: close(2) of somebody else's file may
 * block for as long as they like (FUSE, a dead NFS server, SO_LINGER), and the loop must not. One that
 * hangs holds back no other, up to eight of them, nor the end of the daemon. When the daemon is killed
 * meanwhile, its end is seen at once by who has started it, but its sockets stay open as long as one hangs.
 */
#ifndef FDBROKER_DISCARD_H
#define FDBROKER_DISCARD_H

#include "base/fdset.h"

/* Start the thread and the first process that closes. Return: 0 or -errno. */
int discard_start(void);

/* Close everything that is waiting, for two seconds at most, and end the thread. At the daemon's end. */
void discard_stop(void);

/**
 * discard_fd() - close a descriptor soon
 * @fd: consumed; negative: nothing happens. Where no memory is left, it is closed here and now
 */
void discard_fd(int fd);

/* discard_fd() for all that is left in a set; the set is empty and can be used again. */
void discard_fdset(struct fdset *set);

#endif

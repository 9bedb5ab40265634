/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An owned, growable list of descriptors, in the order in which they were added. */
#ifndef FDBROKER_BASE_FDSET_H
#define FDBROKER_BASE_FDSET_H

#include <stddef.h>

struct fdset {
	int *fds;   /* owned, each an owned descriptor or -1 once taken */
	size_t n;   /* used entries */
	size_t max; /* allocated entries */
};

/**
 * fdset_add() - add a descriptor
 * @set: zeroed or used before
 * @fd:  consumed in every case: on failure it is closed
 *
 * Return: its index, or -ENOMEM.
 */
int fdset_add(struct fdset *set, int fd);

/* Make room for so many entries: adding them cannot fail. Return: 0 or -ENOMEM. */
int fdset_reserve(struct fdset *set, size_t n);

/* Take a descriptor out: the caller owns it now. -1 if the index has none. */
int fdset_take(struct fdset *set, size_t index);

/* Close all that is left and free the list. The set can be used again. */
void fdset_done(struct fdset *set);

/* fdset_done() for cleanup attributes. */
#define autofdset __attribute__((cleanup(fdset_done)))

#endif

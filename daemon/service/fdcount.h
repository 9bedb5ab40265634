/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many descriptors this process has open. */
#ifndef FDBROKER_FDCOUNT_H
#define FDBROKER_FDCOUNT_H

#define FDCOUNT_MAX_LISTED 16384

/**
 * fdcount_open() - ask the kernel
 *
 * At once since Linux 6.2. Before it they have to be listed, which takes longer the more there are: so it stops
 * at FDCOUNT_MAX_LISTED, some 12 ms.
 *
 * Return: how many; -E2BIG: more than can be listed; another -errno.
 */
int fdcount_open(void);

/* The same by listing alone. @max: the most that are listed */
int fdcount_listed(int max);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Descriptors 0, 1 and 2. If one is closed, the next thing that is opened gets its number: a socket
 * to the broker, say, and then a message for people goes to the broker.
 */
#ifndef FDBROKER_CTL_STANDARD_H
#define FDBROKER_CTL_STANDARD_H

#include <stdbool.h>

/*
 * Put /dev/null where one of the three is closed. Before anything is opened. Return: 0, or -errno.
 */
int standard_fill(void);

/*
 * Was this one closed before standard_fill()? It must not be lent as if the caller had opened it.
 */
bool standard_was_closed(int fd);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children of the test program that were not made by the test itself. */
#ifndef FDBROKER_TESTS_CHILDREN_H
#define FDBROKER_TESTS_CHILDREN_H

#include <stddef.h>
#include <sys/types.h>

/* The pid of our child of this name (comm) number @which, from 0, in order of their pids; 0: there is none. */
pid_t children_find(const char *name, size_t which);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What failing-broker and the test that drives it share: a file, mapped by both. */
#ifndef FDBROKER_TESTS_FAILING_MALLOC_H
#define FDBROKER_TESTS_FAILING_MALLOC_H

#include <stdatomic.h>

struct failing_malloc {
	atomic_ulong count;   /* allocations so far */
	atomic_ulong fail_at; /* the one that fails, by its number; 0: none */
};

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many strings that live and end together. */
#ifndef FDBROKER_PLAN_TEXTS_H
#define FDBROKER_PLAN_TEXTS_H

#include <stddef.h>

struct texts {
	struct texts_chunk *chunks; /* owned */
};

/**
 * texts_keep() - keep a copy of some bytes until texts_done()
 * @t: zeroed or used before
 *
 * Return: the copy, with a zero behind it; NULL: no memory.
 */
const char *texts_keep(struct texts *t, const char *bytes, size_t n);

void texts_done(struct texts *t);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings in chunks, since images may have a million of them. See texts.h. */
#include "plan/texts.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (64u * 1024)

struct texts_chunk {
	struct texts_chunk *next;
	size_t used, size;
	char bytes[];
};

const char *texts_keep(struct texts *t, const char *bytes, size_t n)
{
	struct texts_chunk *c = t->chunks;
	char *copy;

	if (!c || c->size - c->used <= n) {
		size_t size = n >= CHUNK_BYTES ? n + 1 : CHUNK_BYTES;

		c = malloc(sizeof(*c) + size);
		if (!c)
			return NULL;
		*c = (struct texts_chunk){ .next = t->chunks, .size = size };
		t->chunks = c;
	}
	copy = c->bytes + c->used;
	memcpy(copy, bytes, n);
	copy[n] = 0;
	c->used += n + 1;
	return copy;
}

void texts_done(struct texts *t)
{
	while (t->chunks) {
		struct texts_chunk *next = t->chunks->next;

		free(t->chunks);
		t->chunks = next;
	}
}

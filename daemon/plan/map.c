/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash map of map.h: open addressing, at most half full, nothing is ever removed. */
#include "plan/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define FIRST_SIZE 16u

/* Keys that differ in these bits alone are neighbours: ids mostly come in their order, and so cost one
 * cache line for several of them. */
#define NEIGHBOURS 8u

struct map_slot {
	uint64_t key;
	uint32_t value; /* MAP_NONE: free */
};

/* Mixes all bits of a number into all others (the finalizer of splitmix64). */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* A number that the kernel drew for this process (AT_RANDOM). */
static uint64_t process_seed(void)
{
	/* It is an address, given as a number. NOLINTNEXTLINE(performance-no-int-to-ptr) */
	const void *random = (const void *)getauxval(AT_RANDOM);
	uint64_t seed = 0;

	if (random)
		memcpy(&seed, random, sizeof(seed));
	return seed;
}

uint64_t map_hash(const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t h = process_seed() ^ n;

	for (; n >= sizeof(h); p += sizeof(h), n -= sizeof(h)) {
		uint64_t part;

		memcpy(&part, p, sizeof(part));
		h = mix(h ^ part) + sizeof(h);
	}
	for (; n; p++, n--)
		h = mix(h ^ *p) + 1;
	return h;
}

/* The slot of a key, or the free one where it would be. */
static struct map_slot *find(const struct map *m, uint64_t key)
{
	size_t at =
		(mix(key / NEIGHBOURS ^ m->seed) * NEIGHBOURS + key % NEIGHBOURS) & (m->size - 1);

	while (m->slots[at].value != MAP_NONE && m->slots[at].key != key)
		at = (at + 1) & (m->size - 1);
	return &m->slots[at];
}

static int grow(struct map *m)
{
	struct map bigger = {
		.size = m->size ? m->size * 2 : FIRST_SIZE, .n = m->n, .seed = process_seed()
	};

	bigger.slots = malloc(bigger.size * sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < bigger.size; i++)
		bigger.slots[i].value = MAP_NONE;
	for (size_t i = 0; i < m->size; i++)
		if (m->slots[i].value != MAP_NONE)
			*find(&bigger, m->slots[i].key) = m->slots[i];
	free(m->slots);
	*m = bigger;
	return 0;
}

int map_put(struct map *m, uint64_t key, uint32_t value)
{
	struct map_slot *slot;

	if (m->n * 2 >= m->size && grow(m) < 0)
		return -ENOMEM;
	slot = find(m, key);
	if (slot->value != MAP_NONE)
		return -EEXIST;
	*slot = (struct map_slot){ key, value };
	m->n++;
	return 0;
}

uint32_t map_get(const struct map *m, uint64_t key)
{
	return m->size ? find(m, key)->value : MAP_NONE;
}

void map_set(struct map *m, uint64_t key, uint32_t value)
{
	find(m, key)->value = value;
}

void map_done(struct map *m)
{
	free(m->slots);
	*m = (struct map){ 0 };
}

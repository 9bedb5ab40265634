/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hash map from 64-bit numbers to 32-bit ones, for ids of images. Constant time for each entry. */
#ifndef FDBROKER_PLAN_MAP_H
#define FDBROKER_PLAN_MAP_H

#include <stddef.h>
#include <stdint.h>

/* What map_get() returns for a key that is not there; no value may be this. */
#define MAP_NONE UINT32_MAX

struct map {
	struct map_slot *slots; /* owned; 2^n of them */
	size_t n, size;
	uint64_t seed; /* ids come from strangers: nobody shall know which of them collide */
};

/**
 * map_put() - add an entry
 * @m:     zeroed or used before
 * @value: anything but MAP_NONE
 *
 * Return: 0; -EEXIST: the key is there already, and keeps its value; -ENOMEM.
 */
int map_put(struct map *m, uint64_t key, uint32_t value);

/* The value of a key, or MAP_NONE. */
uint32_t map_get(const struct map *m, uint64_t key);

/* Gives a key that is there another value. */
void map_set(struct map *m, uint64_t key, uint32_t value);

void map_done(struct map *m);
#define automap __attribute__((cleanup(map_done)))

/* A number for some bytes, to be used as a key; different bytes may have the same. */
uint64_t map_hash(const void *bytes, size_t n);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room in growing arrays. */
#ifndef FDBROKER_PLAN_ROOM_H
#define FDBROKER_PLAN_ROOM_H

#include <stddef.h>

/**
 * room_for_one() - make room for one more entry
 * @array: owned by the caller; NULL if *max is 0
 * @n:     entries in use
 * @max:   entries allocated; raised on success, unchanged if there is no memory
 * @size:  of an entry, bytes
 *
 * Return: the array, perhaps moved: to be stored in every case. There is room if n < *max.
 */
void *room_for_one(void *array, size_t n, size_t *max, size_t size);

#endif

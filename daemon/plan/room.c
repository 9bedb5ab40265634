/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Doubles arrays. See room.h. */
#include "plan/room.h"

#include <stdlib.h>

#define FIRST_ENTRIES 8u

void *room_for_one(void *array, size_t n, size_t *max, size_t size)
{
	size_t more = *max ? *max * 2 : FIRST_ENTRIES;
	void *bigger;

	if (n < *max)
		return array;
	bigger = reallocarray(array, more, size);
	if (!bigger)
		return array;
	*max = more;
	return bigger;
}

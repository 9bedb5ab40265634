/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The growing arrays and the numbers of a graph that is being loaded. See loading.h. */
#include "plan/loading.h"

#include <errno.h>

int load_no_memory(struct load *l)
{
	return err_set(l->err, ERR_INTERNAL, ENOMEM, NULL, "no memory for the graph of the images");
}

/* Enters a number that must be new. */
int load_enter(struct load *l, struct map *map, uint64_t key, size_t value, const struct image *img,
	const char *what)
{
	int r = map_put(map, key, (uint32_t)value);

	if (r == -EEXIST)
		return image_fault(
			img, l->err, "%s %llu is there twice", what, (unsigned long long)key);
	return r < 0 ? load_no_memory(l) : 0;
}

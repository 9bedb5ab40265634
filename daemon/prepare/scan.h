/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan that the planner child hands back, looked at before it is unpacked. The child has read hostile bytes: two
 * bytes of a message can become a hundred of memory, so what it may hold is counted first. The bytes of changed
 * images are not looked at at all, only found.
 */
#ifndef FDBROKER_SCAN_H
#define FDBROKER_SCAN_H

#include <stddef.h>
#include <stdint.h>

#define SCAN_MAX_IMAGES 131072
#define SCAN_MAX_NAME   128 /* bytes of an image's name */

/* Where in a plan the bytes of one changed image are. */
struct scan_image {
	uint64_t at, size; /* bytes */
};

struct scan {
	struct scan_image *images; /* owned; free(3) */
	size_t n_images;
};

/**
 * scan_plan() - may it be unpacked?
 * @bytes:      a message "Planned" of planned.proto, as it is claimed
 * @n_mappings: of the request
 * @ret:        on 0 its images, in their order
 *
 * Return: 0; -EBADMSG: no; -ENOMEM.
 */
int scan_plan(const uint8_t *bytes, size_t size, size_t n_mappings, struct scan *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan, looked at before it is unpacked. See scan.h. */
#include "prepare/scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "config/config.h"
#include "criu/field.h"

/* Of planned.proto. */
enum { PROBLEMS = 1, KEYS, IMAGES, TASKS, PIDS, N_FIELDS };
enum { IMAGE_NAME = 1, IMAGE_BYTES = 2 };

#define MAX_MEMBERS     4  /* of a problem or an image */
#define PROBLEMS_OF_ONE 64 /* mapping: plan/check.c has fewer checks; and one for each pid */

/* planned.proto has varints and bytes only. */
static bool take_member(struct field_rest *rest, struct field *ret)
{
	return field_next(rest, ret) == 0 &&
	       (ret->wire == FIELD_VARINT || ret->wire == FIELD_BYTES);
}

/* Has a message inside few members? @image: NULL, or told where its bytes are */
static bool is_small(const struct field *inside, const uint8_t *start, struct scan_image *image)
{
	struct field_rest rest = { inside->data, inside->data + inside->size };
	struct field m;
	int n = 0;

	for (; rest.at < rest.end; n++) {
		if (n == MAX_MEMBERS || !take_member(&rest, &m))
			return false;
		if (!image || !m.data)
			continue;
		if (m.number == IMAGE_BYTES)
			*image = (struct scan_image){ (uint64_t)(m.data - start), m.size };
		else if (m.size >= SCAN_MAX_NAME)
			return false;
	}
	return true;
}

static int add_image(const struct field *m, const uint8_t *start, struct scan *scan)
{
	/* Room for twice as many whenever their number is a power of two. */
	if (!(scan->n_images & (scan->n_images - 1))) {
		struct scan_image *more = reallocarray(
			scan->images, scan->n_images ? scan->n_images * 2 : 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		scan->images = more;
	}
	scan->images[scan->n_images] = (struct scan_image){ 0 };
	return is_small(m, start, &scan->images[scan->n_images++]) ? 0 : -EBADMSG;
}

static int look_at(const struct field *m, const uint8_t *start, struct scan *scan)
{
	switch (m->number) {
	case PROBLEMS:
		return m->data && is_small(m, start, NULL) ? 0 : -EBADMSG;
	case IMAGES:
		return m->data ? add_image(m, start, scan) : -EBADMSG;
	case PIDS: /* packed; each takes a byte at least */
		return m->data && m->size <= CONFIG_MAX_PIDS * 5 ? 0 : -EBADMSG;
	default: /* a string and a number */
		return (m->data != NULL) == (m->number == KEYS) ? 0 : -EBADMSG;
	}
}

int scan_plan(const uint8_t *bytes, size_t size, size_t n_mappings, struct scan *ret)
{
	const size_t most[N_FIELDS] = { [PROBLEMS] = (n_mappings + 1) * PROBLEMS_OF_ONE +
						     CONFIG_MAX_PIDS,
		[KEYS] = n_mappings,
		[IMAGES] = SCAN_MAX_IMAGES,
		[TASKS] = 1,
		[PIDS] = 1 };
	size_t found[N_FIELDS] = { 0 };
	struct field_rest rest = { bytes, bytes + size };
	struct scan scan = { 0 };
	struct field m;
	int r = 0;

	while (r == 0 && rest.at < rest.end) {
		if (!take_member(&rest, &m) || m.number == 0 || m.number >= N_FIELDS ||
			++found[m.number] > most[m.number])
			r = -EBADMSG;
		else
			r = look_at(&m, bytes, &scan);
	}
	if (r < 0) {
		free(scan.images);
		return r;
	}
	*ret = scan;
	return 0;
}

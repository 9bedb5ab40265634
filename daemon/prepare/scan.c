/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan, looked at before it is unpacked. See scan.h; protobuf's encoding: field.h has its numbers. */
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

/* What is left of a message. */
struct left {
	const uint8_t *at, *end;
};

struct member {
	uint64_t number;
	bool is_bytes;
	struct left inside; /* of bytes */
};

static bool take_varint(struct left *l, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && l->at < l->end; shift += 7) {
		uint8_t byte = *l->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* planned.proto has varints and bytes only. */
static bool take_member(struct left *l, struct member *ret)
{
	uint64_t tag, value;

	if (!take_varint(l, &tag) || !take_varint(l, &value))
		return false;
	*ret = (struct member){ .number = tag >> 3, .is_bytes = (tag & 7) == FIELD_BYTES };
	if (!ret->is_bytes)
		return (tag & 7) == FIELD_VARINT;
	if (value > (uint64_t)(l->end - l->at))
		return false;
	ret->inside = (struct left){ l->at, l->at + value };
	l->at += value;
	return true;
}

/* Has a message inside few members? @image: NULL, or told where its bytes are */
static bool is_small(struct left l, const uint8_t *start, struct scan_image *image)
{
	struct member m;
	int n = 0;

	for (; l.at < l.end; n++) {
		if (n == MAX_MEMBERS || !take_member(&l, &m))
			return false;
		if (!image || !m.is_bytes)
			continue;
		if (m.number == IMAGE_BYTES)
			*image = (struct scan_image){ (uint64_t)(m.inside.at - start),
				(uint64_t)(m.inside.end - m.inside.at) };
		else if (m.inside.end - m.inside.at >= SCAN_MAX_NAME)
			return false;
	}
	return true;
}

static int add_image(const struct member *m, const uint8_t *start, struct scan *scan)
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
	return is_small(m->inside, start, &scan->images[scan->n_images++]) ? 0 : -EBADMSG;
}

static int look_at(const struct member *m, const uint8_t *start, struct scan *scan)
{
	switch (m->number) {
	case PROBLEMS:
		return m->is_bytes && is_small(m->inside, start, NULL) ? 0 : -EBADMSG;
	case IMAGES:
		return m->is_bytes ? add_image(m, start, scan) : -EBADMSG;
	case PIDS: /* packed; each takes a byte at least */
		return m->is_bytes && m->inside.end - m->inside.at <= CONFIG_MAX_PIDS * 5
			       ? 0
			       : -EBADMSG;
	default: /* a string and a number */
		return m->is_bytes == (m->number == KEYS) ? 0 : -EBADMSG;
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
	struct left l = { bytes, bytes + size };
	struct scan scan = { 0 };
	struct member m;
	int r = 0;

	while (r == 0 && l.at < l.end) {
		if (!take_member(&l, &m) || m.number == 0 || m.number >= N_FIELDS ||
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes image files anew with some of their records changed. Which ones change is decided in split.c;
 * a record that does not keeps its bytes.
 *
 * All functions return 0 or -ENOMEM.
 */
#ifndef FDBROKER_PLAN_EDIT_H
#define FDBROKER_PLAN_EDIT_H

#include "plan/graph.h"
#include "plan/split.h"

/* What becomes of the open files of a graph. */
struct edits {
	const struct graph *g;
	const struct split *splits;
	size_t n;
	struct map by_file; /* open file -> index in splits[] and new_ids[] */
	uint32_t *new_ids;  /* owned; the id of the split's new record, 0: edited in its place */
	uint8_t *gone;      /* owned; by open file: enum gone */
};

enum gone {
	STAYS = 0,
	SPLIT,  /* the images' own open file is replaced by a lent one */
	ORPHAN, /* it was only in the queue of a socket that is gone: its record goes too */
};

/* Bytes that grow. */
struct bytes {
	uint8_t *p; /* owned */
	size_t n, max;
};

/* Does any record of the table change? */
bool edit_changes_table(const struct edits *e, const struct table *t);

/* Does any record of sk-queues.img? */
bool edit_changes_queues(const struct edits *e);

int edit_files(const struct edits *e, struct bytes *out);
int edit_table(const struct edits *e, const struct table *t, struct bytes *out);
int edit_queues(const struct edits *e, struct bytes *out);

#endif

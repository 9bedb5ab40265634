/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an error is about: criu's pids, descriptors and ids in the words of the images and of the client. */
#ifndef FDBROKER_PLAN_EXPLAIN_WHERE_H
#define FDBROKER_PLAN_EXPLAIN_WHERE_H

#include "plan/explain.h"
#include "plan/explain_match.h"
#include "plan/explain_rules.h"

/* One line that grows; what does not fit is left out. */
struct explain_text {
	char *buf;
	size_t size, n;
};

void explain_add(struct explain_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Adds bytes of the log made printable. */
void explain_add_bytes(struct explain_text *t, const char *bytes, size_t n);

struct explain_where {
	enum explain_place place;
	uint32_t pid;  /* 0: criu itself */
	uint32_t fd;   /* EXPLAIN_DESCRIPTOR */
	uint32_t file; /* open file of the graph, NONE if not known */
};

/**
 * explain_where_find() - find the open file in the graph
 * @w:     place and pid are filled in, and fd for a descriptor
 * @id:    of the open file, as criu sees it; 0: not said
 * @inode: of a unix socket that the line names; 0: none
 * @path:  the path that the line names, as criu writes it; NULL: none
 *
 * A split has new ids: task and descriptor are believed first.
 */
void explain_where_find(const struct explain_about *about, struct explain_where *w, uint32_t id,
	uint32_t inode, const struct explain_capture *path);

/**
 * explain_where_text() - "descriptor 3 of task 17 (sh) and 2 more, pipe:[4711], for which 'out' is lent"
 * @sentence: what follows it; names that stand there are not said twice
 *
 * Adds nothing if nothing is known.
 */
void explain_where_text(const struct explain_about *about, const struct explain_where *w,
	const char *sentence, struct explain_text *ret);

/* "what is lent", with the name under which it is if that is known. */
void explain_add_lent(
	struct explain_text *t, const struct explain_about *about, const struct explain_where *w);

/**
 * explain_terminal() - a terminal of which something is outside of the tree
 * @index: of the pts whose master is; NULL: one that is external as a whole
 *
 * Return: its open file, NONE if there is none for which nothing is lent.
 */
uint32_t explain_terminal(const struct explain_about *about, const uint32_t *index);

/* Adds a path of criu's, which leaves out the first '/'. */
void explain_add_path(struct explain_text *t, const struct explain_capture *path);

#endif

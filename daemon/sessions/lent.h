/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The descriptors that one session has lent, by name. */
#ifndef FDBROKER_LENT_H
#define FDBROKER_LENT_H

#include <stddef.h>

struct lent {
	void *tree; /* owned; of tsearch(3) */
	size_t n;   /* how many */
};

/**
 * lent_add() - keep a descriptor under a name
 * @name: copied; see names.h for the rules, which the caller has checked
 * @fd:   consumed in every case
 *
 * Return: 0, -EEXIST (the name is in use), -ENOMEM.
 */
int lent_add(struct lent *lent, const char *name, int fd);

/* The descriptor of a name, borrowed until it is removed; -1: none. */
int lent_find(const struct lent *lent, const char *name);

/* Free the name. Return: its descriptor, the caller's now; -1: there was none. */
int lent_take(struct lent *lent, const char *name);

/* Everything goes to discard.h. */
void lent_done(struct lent *lent);

#endif

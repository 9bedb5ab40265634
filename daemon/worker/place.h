/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In which order descriptors are copied to the numbers at which they must stand. Pure: numbers in,
 * steps out; no descriptor is touched here. Who takes the steps, and closes the rest: spawn.c.
 */
#ifndef FDBROKER_PLACE_H
#define FDBROKER_PLACE_H

#include <stddef.h>

struct place_want {
	int from; /* a descriptor that the process has */
	int to;   /* the number at which it must stand */
};

/* from != to: dup2(from, to), whose copy is inheritable. from == to: only clear close-on-exec. */
struct place_step {
	int from;
	int to;
};

struct place_plan {
	struct place_step *steps; /* owned; to be taken in this order */
	size_t n_steps;
	int *keep; /* owned; sorted, each once: what stays open; the rest is closed by the caller */
	size_t n_keep;
};

/**
 * place_make() - plan the copies that bring every wanted descriptor to its number
 * @wants: in any order. Numbers may overlap in every way: one descriptor at several numbers, a
 *         target that is a source of others, chains, cycles. The same pair twice counts once
 * @limit: targets must be below it: RLIMIT_NOFILE of the process when it takes the steps. Sources
 *         may be above (opened under a higher limit)
 * @ret:   on success the plan, which place_done() ends. Untouched otherwise
 *
 * No step overwrites a number whose content a later step reads. A cycle needs one step more than it
 * has numbers, by way of the lowest number that is neither source nor target; it is not in keep.
 *
 * Return: 0; -EEXIST: two descriptors for one number; -EBADF: a source below 0; -EINVAL: a target
 *         below 0 or not below @limit; -EMFILE: a cycle, and no spare number below @limit; -ENOMEM.
 */
int place_make(const struct place_want *wants, size_t n, int limit, struct place_plan *ret);

/* Frees what the plan owns. A zeroed plan is allowed. */
void place_done(struct place_plan *p);
#define autoplan __attribute__((cleanup(place_done)))

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which number each descriptor gets in criu's table: the ones that clients have agreed on, and the
 * lowest free ones for the rest. Pure. How they get there without overwriting one another: place.h.
 */
#ifndef FDBROKER_NUMBERS_H
#define FDBROKER_NUMBERS_H

#include <stddef.h>

#include "base/err.h"

#define NUMBERS_FIRST 3  /* 0, 1, 2 are criu's standard descriptors */
#define NUMBERS_NONE  -1 /* no number agreed on */

/* One mapping. */
struct numbers_want {
	int fd;     /* the lent descriptor in our table; several mappings may share one */
	int number; /* in: agreed number or NUMBERS_NONE; out: the number it gets */
};

/**
 * numbers_highest() - the highest number that may be agreed on
 * @nofile: hard RLIMIT_NOFILE
 *
 * criu wants about 33 descriptors of its own above the highest one, below the limit rounded down to
 * 128 (choose_service_fd_base() in criu/servicefd.c). Return: -1 if @nofile leaves no room at all.
 */
int numbers_highest(unsigned long nofile);

/**
 * numbers_assign() - fill in the numbers
 * @wants:   in and out, in the order of the request's mappings
 * @highest: from numbers_highest()
 * @own:     filled with numbers for the broker's own descriptors, free and as low as can be
 *
 * Mappings of one lent descriptor without an agreed number share its number.
 *
 * Return: 0, or -1 with @err naming mappings[i].number (out of range, or taken by another lent
 *         descriptor) or INTERNAL (no memory, no number left). @wants is not to be used then.
 */
int numbers_assign(
	struct numbers_want *wants, size_t n, int highest, int *own, size_t n_own, struct err *err);

#endif

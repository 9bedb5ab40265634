/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which number each descriptor gets in criu's table: the ones that clients have agreed on, and the
 * lowest free ones for the rest. Pure. How they get there without overwriting one another: place.h.
 */
#ifndef FDBROKER_NUMBERS_H
#define FDBROKER_NUMBERS_H

#include <stddef.h>

#include "base/err.h"

#define NUMBERS_FIRST 3    /* 0, 1, 2 are criu's standard descriptors */
#define NUMBERS_NONE  (-1) /* no number agreed on */
#define NUMBERS_OWN   3    /* of the broker: criu's socket, the images, the work directory */

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
 * @numbers: one for each mapping, in the order of the request; in: the agreed number or NUMBERS_NONE,
 *           out: the number that it gets
 * @highest: from numbers_highest()
 * @own:     filled with numbers for the broker's own descriptors, free and as low as can be
 *
 * Each mapping gets a number of its own, also where several have the same lent descriptor: criu closes
 * each number when it has taken it over (inherit_fd_move_to_fdstore() in criu/files.c, 4.1.1 and 4.2).
 *
 * Return: 0, or -1 with @err naming mappings[i].number (out of range, or taken by another mapping),
 *         LIMIT (no number left) or INTERNAL (no memory). @numbers is not to be used then.
 */
int numbers_assign(int *numbers, size_t n, int highest, int *own, size_t n_own, struct err *err);

#endif

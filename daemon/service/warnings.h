/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is amiss with this machine or its set-up for as long as it is: told in the log once, and to everybody who
 * asks for the broker's status.
 */
#ifndef FDBROKER_WARNINGS_H
#define FDBROKER_WARNINGS_H

#include <stddef.h>

#define WARNINGS_MAX 4 /* of one broker */

struct warnings {
	const char *texts[WARNINGS_MAX]; /* borrowed; constants */
	size_t n;
};

/* @text: a constant; known by its address. What there is already is not said again. */
void warnings_add(struct warnings *warnings, const char *text);

/* It is amiss no longer, if it was. */
void warnings_remove(struct warnings *warnings, const char *text);

#endif

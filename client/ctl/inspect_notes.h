/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is notable about an open file, behind its name: "append, at 11 of 24", "from 5.15". */
#ifndef FDBROKER_CTL_INSPECT_NOTES_H
#define FDBROKER_CTL_INSPECT_NOTES_H

#include "inspect_view.h"

/* Notes, each with ", " before it but the first. */
struct notes {
	char text[512]; /* printable; what does not fit is left out */
	size_t n;
};

void notes_add(struct notes *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* All about an open file. */
void notes_of_file(struct notes *n, const struct view *v, uint32_t file);

/* Who else has it: "also 7.10, 9.4". self: this descriptor is left out, NONE: none is. */
void notes_of_others(struct notes *n, const struct view *v, uint32_t file, uint32_t self);

#endif

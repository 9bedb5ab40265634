/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one task has, a line each: program, directories, mapped files, descriptors. */
#ifndef FDBROKER_CTL_INSPECT_ROWS_H
#define FDBROKER_CTL_INSPECT_ROWS_H

#include "inspect_view.h"
#include "line.h"

/**
 * rows_of_task() - write the lines of one task; a zombie has none
 * @indent: what stands at the start of each
 * @line:   empty; used for all of them
 *
 * A table that several tasks share is written for the first of them, or the only one that is shown.
 *
 * Return: 0 or -ENOMEM.
 */
int rows_of_task(const struct view *v, uint32_t task, const char *indent, struct line *line);

#endif

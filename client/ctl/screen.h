/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What standard output can show. */
#ifndef FDBROKER_CTL_SCREEN_H
#define FDBROKER_CTL_SCREEN_H

#include <stdbool.h>

struct screen {
	bool lines;     /* box drawing and arrows; else ASCII */
	bool colour;    /* escape sequences */
	unsigned width; /* columns, 0: no limit */
};

/**
 * screen_look() - find out about a descriptor
 *
 * A terminal in a UTF-8 locale gets lines, one that is not "dumb" colours, unless NO_COLOR is set. Its
 * width is COLUMNS if that is set, else what the terminal says. All else gets ASCII, and COLUMNS
 * alone. Sets LC_CTYPE of the process as the environment has it.
 */
void screen_look(struct screen *ret, int fd);

/* Does the terminal, if there is one, obey what moves the cursor? */
bool screen_can_move(void);

/* How many columns a printable text takes. */
unsigned screen_columns(const char *text);

#endif

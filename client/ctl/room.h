/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory in which `check` works, and all that is in it. */
#ifndef FDBROKER_CTL_ROOM_H
#define FDBROKER_CTL_ROOM_H

#include "base/err.h"

/* All owned; absolute, with links resolved, as a key of criu needs it. */
struct room {
	char *dir;
	char *file;   /* a regular file in it */
	char *lent;   /* a name for another one, not made yet */
	char *images; /* an empty directory in it */
};

/* Make it in $TMPDIR or /tmp, for root's eyes only. Return: 0, or -1 with @err. */
int room_make(struct room *ret, struct err *err);

/* Remove all of it, whatever criu has written there. */
void room_remove(struct room *r);

#endif

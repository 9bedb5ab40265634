/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Has a directory of files changed? By what stat(2) says of each of them. */
#ifndef FDBROKER_STAMPS_H
#define FDBROKER_STAMPS_H

#include <stdbool.h>
#include <stddef.h>

struct stamp;

struct stamps {
	struct stamp *list; /* owned; by name */
	size_t n;
};

/**
 * stamps_take() - note device, inode, size, mtime and ctime of every image (*.img, parent)
 * @dir: borrowed
 * @ret: zeroed; stamps_done() ends it
 *
 * Blocks as long as the file system does. Return: 0, or -1 with errno (E2BIG: more than a million files).
 */
int stamps_take(int dir, struct stamps *ret);

/* Are the same files there, unchanged? */
bool stamps_hold(int dir, const struct stamps *stamps);

void stamps_done(struct stamps *stamps);

#endif

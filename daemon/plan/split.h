/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Gives single open files keys of their own: makes the new bytes of files.img and of the fdinfo images,
 * in which each split open file is a regular file of a name that nobody else has. criu meets an
 * "inherited regular file" and gives the tasks the lent descriptor itself, whatever kind of open file
 * stood there before. Proved on criu by tests/e2e/70-split.sh.
 *
 * Pure: bytes in, bytes out. Where they are put is the daemon's business (daemon/prepare/overlay.c).
 */
#ifndef FDBROKER_PLAN_SPLIT_H
#define FDBROKER_PLAN_SPLIT_H

#include "base/err.h"
#include "plan/graph.h"

enum split_how {
	SPLIT_DUP,    /* the tasks share the lent open file itself: position and flags too */
	SPLIT_REOPEN, /* they get a new open file on what is lent, with the flags of the images */
};

/* One open file that is to have a key of its own. */
struct split {
	uint32_t file; /* in g->files; each one once */
	enum split_how how;
	bool seek;        /* SPLIT_REOPEN: put the new open file at the position of the images */
	const char *name; /* begins with a slash; borrowed. Several splits may have the same */
};

/* One new image file. */
struct split_image {
	char name[IMAGE_NAME_SIZE];
	uint8_t *bytes; /* owned */
	size_t n;
};

struct split_images {
	struct split_image *images; /* owned */
	size_t n;
};

/* The key that criu must be given for a split: in split.name, which lives as long as that. */
const char *split_key(const struct split *s);

/**
 * split_make() - make the new image files
 * @g:      the graph; not changed
 * @splits: borrowed
 * @ret:    zeroed; the files that criu must see in place of the client's, to be ended by
 *          split_images_done(). All others stay as they are
 * @err:    INTERNAL (no memory), BAD_REQUEST (a name that an open file of the images has already), or
 *          BAD_IMAGES (sockets in the queues of sockets in the queues of ...)
 *
 * The queue of a split socket goes with it, and open files that were only there. A unix socket that stays and was connected to one that is split is disconnected: what waits in its
 * queue can still be read, then it has reached the end (a datagram socket is merely unconnected). criu
 * would wait for ever otherwise.
 *
 * Return: 0 or -1.
 */
int split_make(const struct graph *g, const struct split *splits, size_t n,
	struct split_images *ret, struct err *err);

void split_images_done(struct split_images *s);
#define autosplit __attribute__((cleanup(split_images_done)))

#endif

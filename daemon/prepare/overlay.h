/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A private layer over a client's images: what criu sees is the client's directory with some files of
 * ours in place of its own. A detached overlayfs on a detached tmpfs: no path leads there, nothing is
 * written to the client's directory, and nothing is left to clean up after kill -9.
 */
#ifndef FDBROKER_OVERLAY_H
#define FDBROKER_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OVERLAY_MAX_NAME 128 /* bytes, with the final zero */

/* One file of the layer. */
struct overlay_file {
	char name[OVERLAY_MAX_NAME]; /* no slash */
	uint64_t at, size;           /* where in overlay_layer.bytes it is; bytes */
};

struct overlay_layer {
	const struct overlay_file *files; /* borrowed */
	size_t n_files;
	int bytes;    /* borrowed; a memfd that holds them, among others */
	bool for_all; /* who gets hold of the layer may read what is ours in it, root or not; nobody but root may change it */
};

/* How a layer was made; the kernel and the client's file system decide. */
enum overlay_kind {
	OVERLAY_MOUNT, /* overlayfs: the client's files themselves show through */
	OVERLAY_BINDS, /* a tmpfs into which each of the client's files is bound by a mount of its own */
};

/**
 * overlay_make() - put files over a directory
 * @images: borrowed; the client's directory
 * @layer:  borrowed
 * @ret:    how it was made
 *
 * Needs CAP_SYS_ADMIN, and whatever reading the images needs: who makes an overlay lends it that for good.
 * Blocks as long as the client's file system does (it may be FUSE): to be called where that harms
 * nobody, in a child.
 *
 * Return: a directory descriptor, owned by the caller, or -errno: neither way works here.
 */
int overlay_make(int images, const struct overlay_layer *layer, enum overlay_kind *ret);

#endif

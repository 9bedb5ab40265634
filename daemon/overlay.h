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

/* One file of the layer. */
struct overlay_file {
	const char *name;     /* borrowed; no slash */
	const uint8_t *bytes; /* borrowed */
	size_t size;
};

/* How a layer was made; the kernel and the client's file system decide. */
enum overlay_kind {
	OVERLAY_MOUNT, /* overlayfs: the client's files themselves show through */
	OVERLAY_BINDS, /* a tmpfs into which each of the client's files is bound by a mount of its own */
};

/**
 * overlay_make() - put files over a directory
 * @images:  borrowed; the client's directory
 * @for_all: who gets hold of the layer may read what is ours in it, root or not; nobody but root may change it
 * @ret:     how it was made
 *
 * Blocks as long as the client's file system does (it may be FUSE): to be called where that harms
 * nobody, in a child.
 *
 * Return: a directory descriptor, owned by the caller, or -errno: neither way works here.
 */
int overlay_make(int images, const struct overlay_file *files, size_t n_files, bool for_all,
	enum overlay_kind *ret);

#endif

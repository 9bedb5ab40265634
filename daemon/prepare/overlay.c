/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The private layer. See overlay.h; the mount API is that of fsopen() and its sisters (Linux 5.2).
 */
#include "prepare/overlay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"

#define COPY_BYTES (1 << 30)
#define SAFE       (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int mount_tmpfs(bool for_all)
{
	const char *mode = for_all ? "0755" : "0700";
	autofd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) < 0 ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, SAFE);
	return fd < 0 ? -errno : fd;
}

static int copy(int to, int from, off_t at, uint64_t size)
{
	while (size) {
		/* No more at once than the kernel takes, 2 GiB. */
		ssize_t n = sendfile(to, from, &at, size < COPY_BYTES ? (size_t)size : COPY_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		size -= (uint64_t)n;
	}
	return 0;
}

static int write_files(int dir, const struct overlay_layer *layer)
{
	for (size_t i = 0; i < layer->n_files; i++) {
		const struct overlay_file *f = &layer->files[i];
		autofd int fd = openat(
			dir, f->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
		int r = fd < 0 ? -errno : copy(fd, layer->bytes, (off_t)f->at, f->size);

		if (r == 0 && layer->for_all && fchmod(fd, 0444) < 0)
			r = -errno;
		if (r < 0)
			return r;
	}
	return 0;
}

/* All layers in one string, the first being the uppermost: every kernel knows it. */
static int set_lower(int fs, int ours, int images)
{
	char paths[64];

	snprintf(paths, sizeof(paths), "/proc/self/fd/%d:/proc/self/fd/%d", ours, images);
	return fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", paths, 0) < 0 ? -errno : 0;
}

static int mount_overlay(int ours, int images)
{
	autofd int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	int fd, r;

	if (fs < 0)
		return -errno;
	r = set_lower(fs, ours, images);
	if (r < 0)
		return r;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, SAFE | MOUNT_ATTR_RDONLY);
	return fd < 0 ? -errno : fd;
}

/* A mount of one file of the client's, put where our tmpfs has an empty one. */
static int bind_file(int ours, int images, const char *name)
{
	autofd int place =
		openat(ours, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	autofd int tree = -1;

	if (place < 0)
		return errno == EEXIST ? 0 : -errno; /* one of ours takes its place */
	tree = open_tree(images, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (tree < 0)
		return -errno;
	return move_mount(tree, "", ours, name, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static int bind_all(int ours, int images)
{
	DIR *dir = io_list(images);
	int r = 0;

	if (!dir)
		return -errno;
	for (struct dirent *e; r == 0 && (e = readdir(dir));) {
		struct stat st;

		if (fstatat(images, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISREG(st.st_mode))
			r = bind_file(ours, images, e->d_name);
	}
	closedir(dir);
	return r;
}

int overlay_make(int images, const struct overlay_layer *layer, enum overlay_kind *ret)
{
	autofd int ours = mount_tmpfs(layer->for_all);
	int r = ours < 0 ? ours : write_files(ours, layer);
	int fd;

	if (r < 0)
		return r;
	fd = mount_overlay(ours, images);
	if (fd >= 0) {
		*ret = OVERLAY_MOUNT;
		return fd;
	}
	r = bind_all(ours, images);
	if (r < 0)
		return r;
	*ret = OVERLAY_BINDS;
	return TAKE_FD(ours);
}

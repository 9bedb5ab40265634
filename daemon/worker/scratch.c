/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A detached tmpfs for criu's work directories. See scratch.h. */
#include "worker/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

/* criu writes a few hundred bytes for each job (stats-restore). */
#define SIZE         "16m"
#define PRIVATE_SIZE "256k"

static int mount_tmpfs(const char *size)
{
	autofd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) < 0 ||
		fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What fsmount() gives is an O_PATH descriptor. */
static int open_root(int mount)
{
	autofd int fd = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : TAKE_FD(fd);
}

int scratch_open(void)
{
	return mount_tmpfs(SIZE);
}

int scratch_make_private(uid_t uid, gid_t gid)
{
	autofd int mount = mount_tmpfs(PRIVATE_SIZE);
	autofd int fd = mount < 0 ? mount : open_root(mount);

	if (fd < 0)
		return fd;
	return fchown(fd, uid, gid) < 0 ? -errno : TAKE_FD(fd);
}

static void name_of(char ret[static 24], uint64_t job)
{
	snprintf(ret, 24, "%lu", (unsigned long)job);
}

int scratch_make(int scratch, uint64_t job)
{
	autofd int fd = -1;
	char name[24];

	name_of(name, job);
	if (mkdirat(scratch, name, 0700) < 0)
		return -errno;
	fd = openat(scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : TAKE_FD(fd);
}

void scratch_remove(int scratch, uint64_t job)
{
	char name[24];
	autofd int fd = -1;
	DIR *dir;

	name_of(name, job);
	fd = openat(scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : io_list(fd);
	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	(void)unlinkat(scratch, name, AT_REMOVEDIR);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See room.h. */
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	(void)remove(path); /* on with the rest if it fails */
	return 0;
}

void room_remove(struct room *r)
{
	if (r->dir)
		(void)nftw(r->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(r->dir);
	free(r->file);
	free(r->lent);
	free(r->images);
	*r = (struct room){ 0 };
}

/* "DIR/NAME", the caller's; NULL: no memory. */
static char *in(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static int fill(struct room *r)
{
	autofd int fd = -1;

	r->file = in(r->dir, "dumped");
	r->lent = in(r->dir, "lent");
	r->images = in(r->dir, "images");
	if (!r->file || !r->lent || !r->images)
		return -ENOMEM;
	fd = open(r->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || mkdir(r->images, 0700) < 0)
		return -errno;
	return 0;
}

int room_make(struct room *ret, struct err *err)
{
	const char *tmp = secure_getenv("TMPDIR");
	char template[PATH_MAX], *made;
	int r;

	*ret = (struct room){ 0 };
	if (!tmp || !tmp[0])
		tmp = "/tmp";
	if (snprintf(template, sizeof(template), "%s/fdbroker-check.XXXXXX", tmp) >=
		(int)sizeof(template))
		return err_set(err, ERR_INTERNAL, ENAMETOOLONG, NULL, "TMPDIR");
	made = mkdtemp(template);
	if (!made)
		return err_set(
			err, ERR_INTERNAL, errno, NULL, "cannot make a directory in %s", tmp);
	ret->dir = realpath(made, NULL);
	r = ret->dir ? fill(ret) : -errno;
	if (r == 0)
		return 0;
	room_remove(ret);
	(void)rmdir(made); /* if it is there still */
	return err_set(err, ERR_INTERNAL, -r, NULL, "cannot use %s", made);
}

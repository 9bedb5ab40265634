/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of a directory were. See stamps.h. */
#include "prepare/stamps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"

#define MAX_FILES 1000000

struct stamp {
	char name[256];
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct stamp *)a)->name, ((const struct stamp *)b)->name);
}

static int take_one(int dir, const char *name, struct stamp *ret)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	/* Compared as bytes: no padding may hold what happens to be there. */
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	ret->size = st.st_size;
	ret->mtime = st.st_mtim;
	ret->ctime = st.st_ctim;
	return 0;
}

/* criu and its callers leave logs and statistics beside the images, also while others restore from them. */
static bool is_image(const char *name)
{
	size_t n = strlen(name);

	return (n > 4 && strcmp(name + n - 4, ".img") == 0) || strcmp(name, "parent") == 0;
}

static int add(int dir, const char *name, struct stamps *stamps, size_t *max)
{
	if (stamps->n == *max) {
		size_t more = *max ? *max * 2 : 64;
		struct stamp *list = reallocarray(stamps->list, more, sizeof(*list));

		if (!list)
			return -1;
		stamps->list = list;
		*max = more;
	}
	if (stamps->n == MAX_FILES) {
		errno = E2BIG;
		return -1;
	}
	if (take_one(dir, name, &stamps->list[stamps->n]) < 0)
		return -1;
	stamps->n++;
	return 0;
}

int stamps_take(int dir, struct stamps *ret)
{
	DIR *d = io_list(dir);
	size_t max = 0;
	int r = 0;

	if (!d)
		return -1;
	for (struct dirent *e; r == 0 && (e = readdir(d));)
		if (is_image(e->d_name))
			r = add(dir, e->d_name, ret, &max);
	closedir(d);
	if (ret->n)
		qsort(ret->list, ret->n, sizeof(*ret->list), by_name);
	return r;
}

bool stamps_hold(int dir, const struct stamps *stamps)
{
	struct stamps now = { 0 };
	bool same = stamps_take(dir, &now) == 0 && now.n == stamps->n &&
		    (now.n == 0 || !memcmp(now.list, stamps->list, now.n * sizeof(*now.list)));

	stamps_done(&now);
	return same;
}

void stamps_done(struct stamps *stamps)
{
	free(stamps->list);
	*stamps = (struct stamps){ 0 };
}

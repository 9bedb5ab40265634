/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting descriptors. See fdcount.h. */
#include "service/fdcount.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

static const char path[] = "/proc/self/fd";

int fdcount_listed(int max)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0;

	if (!dir)
		return -errno;
	while (n <= max + 1 && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	n--; /* the folder's own */
	return n > max ? -E2BIG : n;
}

int fdcount_open(void)
{
	struct stat st;

	/* fs/proc/fd.c, proc_fd_getattr(): the size of the folder is how many are open; 0 before Linux 6.2. */
	if (stat(path, &st) < 0)
		return -errno;
	if (st.st_size > 0 && st.st_size <= INT_MAX)
		return (int)st.st_size;
	return fdcount_listed(FDCOUNT_MAX_LISTED);
}

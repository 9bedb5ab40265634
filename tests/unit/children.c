/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking for children in /proc. See children.h. */
#include "children.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_child(const char *pid, const char *name)
{
	char path[300], comm[32] = "";
	pid_t parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%31[^)]) %*c %d", comm, &parent) != 2)
		parent = 0;
	fclose(f);
	return parent == getpid() && !strcmp(comm, name);
}

pid_t children_find(const char *name, size_t which)
{
	DIR *dir = opendir("/proc");
	pid_t found = 0;

	/* procfs lists them by number. */
	for (struct dirent *e; dir && !found && (e = readdir(dir));)
		if (atoi(e->d_name) > 0 && is_child(e->d_name, name) && which-- == 0)
			found = atoi(e->d_name);
	if (dir)
		closedir(dir);
	return found;
}

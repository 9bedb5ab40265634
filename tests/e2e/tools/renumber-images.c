/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: renumber-images FROM TO FIRST LAST
 *
 * The images of one task in the directory FROM -> as many others as there are numbers in FIRST .. LAST: TO/N has
 * the same task as one whose pid, session and group are N. So hundreds of trees that can be restored at one
 * time cost one dump.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "criu/images.pb-c.h"

#define HEAD_BYTES 12 /* of pstree.img: two magics, the size of the record */

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint8_t *read_file(int dir, const char *name, size_t *ret_size)
{
	autofd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(name);
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes || read(fd, bytes, (size_t)st.st_size) != st.st_size)
		die(name);
	*ret_size = (size_t)st.st_size;
	return bytes;
}

static void write_file(int dir, const char *name, const void *bytes, size_t size)
{
	autofd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		die(name);
}

static Criu__Images__PstreeEntry *read_root(int from)
{
	size_t size;
	autofree uint8_t *bytes = read_file(from, "pstree.img", &size);
	Criu__Images__PstreeEntry *root;
	uint32_t record;

	if (size < HEAD_BYTES)
		die("pstree.img");
	memcpy(&record, bytes + HEAD_BYTES - sizeof(record), sizeof(record));
	if (record != size - HEAD_BYTES) {
		fprintf(stderr, "pstree.img has more than one task\n");
		exit(1);
	}
	root = criu__images__pstree_entry__unpack(NULL, record, bytes + HEAD_BYTES);
	if (!root || root->n_threads != 1)
		die("pstree.img");
	return root;
}

static void write_root(int from, int to, Criu__Images__PstreeEntry *root, uint32_t pid)
{
	size_t size;
	autofree uint8_t *head = read_file(from, "pstree.img", &size);
	uint8_t bytes[256];
	uint32_t record;

	root->pid = root->pgid = root->sid = root->threads[0] = pid;
	memcpy(bytes, head, HEAD_BYTES);
	if (criu__images__pstree_entry__get_packed_size(root) > sizeof(bytes) - HEAD_BYTES)
		die("pstree.img");
	record = (uint32_t)criu__images__pstree_entry__pack(root, bytes + HEAD_BYTES);
	memcpy(bytes + HEAD_BYTES - sizeof(record), &record, sizeof(record));
	write_file(to, "pstree.img", bytes, HEAD_BYTES + record);
}

/* core-OLD.img -> core-NEW.img, and so on; the names of others stay. */
static void copy(DIR *from, int to, uint32_t old, uint32_t pid)
{
	char end[32], name[PATH_MAX];

	snprintf(end, sizeof(end), "-%u.img", old);
	rewinddir(from);
	for (struct dirent *e; (e = readdir(from));) {
		size_t n = strlen(e->d_name), n_end = strlen(end), size;
		autofree uint8_t *bytes = NULL;

		if (n < 4 || strcmp(e->d_name + n - 4, ".img") != 0 ||
			!strcmp(e->d_name, "pstree.img"))
			continue;
		if (n > n_end && !strcmp(e->d_name + n - n_end, end))
			snprintf(name, sizeof(name), "%.*s-%u.img", (int)(n - n_end), e->d_name,
				pid);
		else
			snprintf(name, sizeof(name), "%s", e->d_name);
		bytes = read_file(dirfd(from), e->d_name, &size);
		write_file(to, name, bytes, size);
	}
}

int main(int argc, char **argv)
{
	DIR *from = argc == 5 ? opendir(argv[1]) : NULL;
	Criu__Images__PstreeEntry *root;
	uint32_t old;

	if (!from)
		die("usage: renumber-images FROM TO FIRST LAST");
	root = read_root(dirfd(from));
	old = root->pid;
	for (uint32_t pid = (uint32_t)atoi(argv[3]); pid <= (uint32_t)atoi(argv[4]); pid++) {
		char path[PATH_MAX];
		autofd int to = -1;

		snprintf(path, sizeof(path), "%s/%u", argv[2], pid);
		if (mkdir(path, 0755) < 0)
			die(path);
		to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (to < 0)
			die(path);
		copy(from, to, old, pid);
		write_root(dirfd(from), to, root, pid);
	}
	criu__images__pstree_entry__free_unpacked(root, NULL);
	closedir(from);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: kcmp-classes [--with PID FD] PID...
 *
 * Which descriptors of these tasks lead to the very same open file? Asks the kernel (kcmp(2)) and prints one
 * line for each open file: all its descriptors as PID.FD, in order of pid and number, and lines in
 * the order of their first. So two runs, before a dump and after the restore, print the same if
 * every pair of descriptors relates as before. A thread with a table of its own counts as a task.
 *
 * With --with it prints only the line of the open file that process PID has at FD; exit status 1 if none of
 * the tasks has it.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/kcmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct desc {
	pid_t pid;
	unsigned long fd;
	size_t class; /* index of the first of its class */
};

static struct desc *descs;
static size_t n_descs;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "kcmp-classes: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* Numbers that name the entries of a directory, one a call; -1 at the end. */
static long next_number(DIR *dir)
{
	struct dirent *e;

	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			return strtol(e->d_name, NULL, 10);
	return -1;
}

static DIR *open_dir(pid_t pid, const char *name)
{
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	dir = opendir(path);
	if (!dir)
		die(path);
	return dir;
}

static void add_table(pid_t pid)
{
	DIR *dir = open_dir(pid, "fd");
	long fd;

	while ((fd = next_number(dir)) >= 0) {
		descs = realloc(descs, (n_descs + 1) * sizeof(*descs));
		if (!descs)
			die("memory");
		descs[n_descs++] = (struct desc){ pid, (unsigned long)fd, 0 };
	}
	closedir(dir);
}

static void add_task(pid_t pid)
{
	DIR *dir = open_dir(pid, "task");
	long tid;

	add_table(pid);
	while ((tid = next_number(dir)) >= 0)
		if (tid != pid && syscall(SYS_kcmp, pid, (pid_t)tid, KCMP_FILES, 0, 0) != 0)
			add_table((pid_t)tid);
	closedir(dir);
}

/* The kernel's order of open files: any, but always the same. */
static int by_open_file(const void *pa, const void *pb)
{
	const struct desc *a = pa, *b = pb;
	long r = syscall(SYS_kcmp, a->pid, b->pid, KCMP_FILE, a->fd, b->fd);

	if (r < 0)
		die("kcmp");
	return r == 0 ? 0 : r == 1 ? -1 : 1;
}

static int by_number(const void *pa, const void *pb)
{
	const struct desc *a = pa, *b = pb;

	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->fd < b->fd ? -1 : a->fd > b->fd;
}

/* Sorted by number inside each class, classes by their first. */
static int by_class(const void *pa, const void *pb)
{
	const struct desc *a = pa, *b = pb;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	return by_number(a, b);
}

/* Sorted by open file, so equal ones are neighbours: each class is named by the rank of its first. */
static void classify(void)
{
	struct desc *ranked = malloc(n_descs * sizeof(*ranked));
	size_t end;

	if (!ranked)
		die("memory");
	qsort(descs, n_descs, sizeof(*descs), by_open_file);
	memcpy(ranked, descs, n_descs * sizeof(*ranked));
	qsort(ranked, n_descs, sizeof(*ranked), by_number);
	for (size_t i = 0; i < n_descs; i = end) {
		size_t class = SIZE_MAX;

		for (end = i; end < n_descs && by_open_file(&descs[i], &descs[end]) == 0; end++) {
			struct desc *rank =
				bsearch(&descs[end], ranked, n_descs, sizeof(*ranked), by_number);

			if ((size_t)(rank - ranked) < class)
				class = (size_t)(rank - ranked);
		}
		for (size_t k = i; k < end; k++)
			descs[k].class = class;
	}
	free(ranked);
	qsort(descs, n_descs, sizeof(*descs), by_class);
}

static size_t class_end(size_t i)
{
	size_t end = i;

	while (end < n_descs && descs[end].class == descs[i].class)
		end++;
	return end;
}

static void print_class(size_t i)
{
	for (size_t k = i; k < class_end(i); k++)
		printf("%s%d.%lu", k == i ? "" : " ", descs[k].pid, descs[k].fd);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct desc with = { 0 };
	bool found = false, only = argc > 3 && !strcmp(argv[1], "--with");
	int first = only ? 4 : 1;

	if (argc <= first) {
		fprintf(stderr, "usage: kcmp-classes [--with PID FD] PID...\n");
		return 2;
	}
	if (only)
		with = (struct desc){ atoi(argv[2]), strtoul(argv[3], NULL, 10), 0 };
	for (int i = first; i < argc; i++)
		add_task(atoi(argv[i]));
	classify();
	for (size_t i = 0; i < n_descs; i = class_end(i)) {
		if (only && by_open_file(&descs[i], &with) != 0)
			continue;
		print_class(i);
		found = true;
	}
	return found ? 0 : 1;
}

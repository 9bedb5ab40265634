/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: plan-restore IMAGES [TARGET=KIND[:reopen]]... -- CRIU [ARGUMENT...]
 *
 * Plans for images with descriptors of the given kinds, lays the split images over the client's (so give
 * it a copy), has criu restore, and compares all descriptors of all restored tasks by kcmp: what a mapping
 * was to change is the very open file lent (or, reopened, another one of the same inode), everything else
 * shares open files as it did before. A TARGET that is a number is a descriptor of the root task.
 *
 * Exit code 0 as planned, 1 not, 2 cannot tell, 3 refused by the plan: the codes are printed.
 */
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/plan.h"

#define MAX_MAPPINGS 32
/* Lent descriptors stand from here on: criu must not find them closed by a shell's redirection. */
#define FIRST_NUMBER 100

static struct graph g;
static struct plan p;
static struct plan_mapping_in in[MAX_MAPPINGS];
static int lent[MAX_MAPPINGS];
static size_t n;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int end_of(int r, const int ends[2], int which)
{
	if (r < 0)
		die("lend");
	return ends[which]; /* the other stays open: a pipe keeps both its ends */
}

static int open_kind(const char *kind)
{
	int ends[2] = { -1, -1 };

	if (strcmp(kind, "file") == 0)
		return open("lent", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (strcmp(kind, "append") == 0)
		return open("lent", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (strcmp(kind, "null") == 0)
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	if (strcmp(kind, "dir") == 0)
		return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (strcmp(kind, "pipe-r") == 0)
		return end_of(pipe2(ends, O_CLOEXEC), ends, 0);
	if (strcmp(kind, "pipe-w") == 0)
		return end_of(pipe2(ends, O_CLOEXEC), ends, 1);
	if (strcmp(kind, "stream") == 0)
		return end_of(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ends, 0);
	if (strcmp(kind, "dgram") == 0)
		return end_of(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), ends, 0);
	if (strcmp(kind, "event") == 0)
		return eventfd(0, EFD_CLOEXEC);
	if (strcmp(kind, "timer") == 0)
		return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (strcmp(kind, "epoll") == 0)
		return epoll_create1(EPOLL_CLOEXEC);
	if (strcmp(kind, "memfd") == 0)
		return memfd_create("lent", MFD_CLOEXEC);
	fprintf(stderr, "plan-restore: no kind '%s'\n", kind);
	exit(2);
}

/* "TARGET=KIND[:reopen]". Without close-on-exec, for criu inherits it. */
static void add(char *arg)
{
	char *kind = strrchr(arg, '='), *how = kind ? strchr(kind, ':') : NULL;
	char *text = arg;
	struct err err;
	int fd;

	if (!kind || n == MAX_MAPPINGS)
		exit(2);
	*kind++ = 0;
	if (how)
		*how++ = 0;
	fd = open_kind(kind);
	lent[n] = fcntl(fd, F_DUPFD, FIRST_NUMBER + (int)n);
	if (fd < 0 || lent[n] < 0)
		die(kind);
	close(fd);
	if (strspn(arg, "0123456789") == strlen(arg) &&
		asprintf(&text, "%u.%s", g.tasks[0].pid, arg) < 0)
		die("memory");
	in[n] = (struct plan_mapping_in){ .name = kind,
		.reopen = how && strcmp(how, "reopen") == 0 };
	facts_read(lent[n], &in[n].facts);
	if (target_parse(text, &in[n].target, &err) < 0) {
		fprintf(stderr, "plan-restore: %s\n", err.text);
		exit(2);
	}
	n++;
}

static void make_plan(void)
{
	struct plan_request r = { .mappings = in, .n_mappings = n, .nonce = (uint64_t)getpid() };
	struct err err;

	if (plan_make(&g, &r, &p, &err) < 0)
		exit(2);
	for (size_t i = 0; i < p.n_problems; i++)
		if (p.problems[i].level == PLAN_ERROR)
			printf("%s: %s\n", plan_code_name(p.problems[i].code), p.problems[i].text);
	if (p.n_errors)
		exit(3);
}

static void write_split(int dir)
{
	struct split_images s = { 0 };
	struct err err;

	if (plan_split(&p, &s, &err) < 0) {
		fprintf(stderr, "plan-restore: %s\n", err.text);
		exit(2);
	}
	for (size_t i = 0; i < s.n; i++) {
		int fd = openat(
			dir, s.images[i].name, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0 || write(fd, s.images[i].bytes, s.images[i].n) != (ssize_t)s.images[i].n)
			die(s.images[i].name);
		close(fd);
	}
	split_images_done(&s);
}

static void run_criu(char **criu, size_t n_criu, const char *images)
{
	char **args = calloc(n_criu + 16 + 2 * MAX_MAPPINGS, sizeof(*args));
	const char *const more[] = { "restore", "-d", "--no-default-config", "-D", images, "-W",
		".", "-o", "restore.log", "--file-locks" };
	size_t used = 0;
	int status;
	pid_t pid;

	if (!args)
		die("memory");
	for (size_t i = 0; i < n_criu; i++)
		args[used++] = criu[i];
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		args[used++] = (char *)more[i];
	for (size_t i = 0; i < n; i++) {
		args[used++] = (char *)"--inherit-fd";
		if (asprintf(&args[used++], "fd[%d]:%s", lent[i], p.mappings[i].key) < 0)
			die("memory");
	}
	args[used] = NULL;
	pid = fork();
	if (pid == 0) {
		execvp(args[0], args);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		printf("criu failed\n");
		exit(1);
	}
	free(args);
}

static bool same(uint32_t pid1, unsigned fd1, uint32_t pid2, unsigned fd2)
{
	return syscall(SYS_kcmp, pid1, pid2, KCMP_FILE, fd1, fd2) == 0;
}

static bool same_inode(uint32_t pid, unsigned fd, int own)
{
	struct stat a, b;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/fd/%u", pid, fd);
	return stat(path, &a) == 0 && fstat(own, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* One descriptor of one task: is it the lent one if and only if it was to be? */
static bool check_lent(uint32_t file, uint32_t pid, unsigned fd)
{
	uint32_t own = (uint32_t)getpid();
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		bool mapped = p.owners[file] == i, dup = p.mappings[i].how == PLAN_DUP;

		if (same(pid, fd, own, (unsigned)lent[i]) != (mapped && dup) ||
			(mapped && !same_inode(pid, fd, lent[i]))) {
			printf("%u.%u and lent '%s': not as planned\n", pid, fd, in[i].name);
			good = false;
		}
	}
	return good;
}

struct place {
	uint32_t pid, fd;
};

/* All descriptors of one open file are one still. Return: one of them in *ret. */
static bool check_file(uint32_t file, struct place *ret)
{
	const struct file *f = &g.files[file];
	bool good = true, first = true;

	for (uint32_t i = 0; i < f->n_descs; i++) {
		const struct desc *d = &g.descs[g.file_descs[f->first_desc + i]];

		for (uint32_t t = g.tables[d->table].first_task; t != NONE;
			t = g.tasks[t].next_in_table) {
			struct place here = { g.tasks[t].pid, d->fd };

			if (!first && !same(ret->pid, ret->fd, here.pid, here.fd)) {
				printf("%u.%u and %u.%u were one\n", ret->pid, ret->fd, here.pid,
					here.fd);
				good = false;
			}
			good = check_lent(file, here.pid, here.fd) && good;
			*ret = here;
			first = false;
		}
	}
	return good;
}

static bool check_all(void)
{
	struct place *places = calloc(g.n_files + 1, sizeof(*places));
	bool good = places != NULL;

	for (uint32_t i = 0; good && i < g.n_files; i++)
		good = !g.files[i].n_descs || check_file(i, &places[i]);
	for (uint32_t i = 0; good && i < g.n_files; i++)
		for (uint32_t k = i + 1; k < g.n_files; k++) {
			bool joined = p.owners[i] != NONE && p.owners[i] == p.owners[k];

			if (!places[i].pid || !places[k].pid || joined ||
				!same(places[i].pid, places[i].fd, places[k].pid, places[k].fd))
				continue;
			printf("%u.%u and %u.%u were two\n", places[i].pid, places[i].fd,
				places[k].pid, places[k].fd);
			good = false;
		}
	free(places);
	return good;
}

int main(int argc, char **argv)
{
	int dir = argc > 3 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, at = 2;
	struct err err;

	if (dir < 0)
		die("usage: plan-restore IMAGES [TARGET=KIND[:reopen]]... -- CRIU [ARGUMENT...]");
	if (load_graph(dir, &g, &err) < 0) {
		fprintf(stderr, "plan-restore: %s: %s\n", err.field, err.text);
		return 2;
	}
	for (; at < argc && strcmp(argv[at], "--") != 0; at++)
		add(argv[at]);
	make_plan();
	write_split(dir);
	run_criu(argv + at + 1, (size_t)(argc - at - 1), argv[1]);
	return check_all() ? 0 : 1;
}

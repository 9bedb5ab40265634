/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files named after jobs, in a directory that is ours alone. See keep.h.
 *
 * Everything goes by the descriptor of the directory: a path that somebody moves meanwhile leads us
 * nowhere else. A file is written under the name with ".new" behind it and then renamed. There is no
 * fsync(): what a rename has put there is seen by whoever comes after us, however we end, and the end of
 * the machine takes /run with it in any case.
 *
 * In order: the directory, records, logs. Not here: how a log is shortened (shorten.c).
 */
#include "jobs/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "jobs/shorten.h"

#define LOCK_NAME   "lock"
#define NAME_SIZE   40 /* "job-" 20 digits ".log" ".new" */
#define RECORD_MODE 0600

/* The kinds of files, by what is behind the number in their names. */
static const char RECORD[] = "", LOG[] = ".log", NEW_RECORD[] = ".new", NEW_LOG[] = ".log.new";

static const char *name_of(char buf[static NAME_SIZE], uint64_t job, const char *kind)
{
	snprintf(buf, NAME_SIZE, "job-%llu%s", (unsigned long long)job, kind);
	return buf;
}

/* The other way round. Only names that name_of() gives. */
static bool name_read(const char *name, uint64_t *ret_job, const char **ret_kind)
{
	static const char *const kinds[] = { RECORD, LOG, NEW_RECORD, NEW_LOG };
	char again[NAME_SIZE];
	uint64_t job;

	if (strncmp(name, "job-", 4) != 0)
		return false;
	job = strtoull(name + 4, NULL, 10);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, name_of(again, job, kinds[i])) != 0)
			continue;
		*ret_job = job;
		*ret_kind = kinds[i];
		return true;
	}
	return false;
}

static int remove_file(struct keep *k, uint64_t job, const char *kind)
{
	char name[NAME_SIZE];

	if (k->dir < 0)
		return 0;
	return unlinkat(k->dir, name_of(name, job, kind), 0) < 0 && errno != ENOENT ? -errno : 0;
}

/* Made by whom it may concern before us: no matter. What cannot be made is told by open(). */
static void make_folders(const char *path)
{
	autofree char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (slash && slash != folder) {
		*slash = '\0';
		(void)mkdir(folder, 0755);
	}
	(void)mkdir(path, 0700);
}

static int check_folder(int dir, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot look at %s", path);
	if (st.st_uid != geteuid())
		return err_set(err, ERR_INTERNAL, 0, NULL,
			"%s belongs to user %u, and we are %u: its content cannot be trusted", path,
			st.st_uid, geteuid());
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_INTERNAL, 0, NULL,
			"others may write to %s (mode %04o): its content cannot be trusted", path,
			st.st_mode & 07777);
	return 0;
}

/*
 * A lock of the old kind, by fcntl(2): it is the process's and not the open file's as that of flock(2),
 * which a child that we have forked would hold beyond our end. It goes when any descriptor of that file
 * is closed by us, and there is just one.
 */
static int take_lock(int dir, const char *path, int *ret_lock, struct err *err)
{
	struct flock want = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	autofd int fd = openat(dir, LOCK_NAME,
		O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, RECORD_MODE);

	if (fd < 0)
		return err_set(
			err, ERR_INTERNAL, errno, NULL, "cannot open %s/%s", path, LOCK_NAME);
	if (fcntl(fd, F_SETLK, &want) == 0) {
		*ret_lock = TAKE_FD(fd);
		return 0;
	}
	if (errno != EACCES && errno != EAGAIN)
		return err_set(
			err, ERR_INTERNAL, errno, NULL, "cannot lock %s/%s", path, LOCK_NAME);
	(void)fcntl(fd, F_GETLK, &want); /* who; 0: in a pid namespace that we do not see */
	return err_set(err, ERR_INTERNAL, 0, NULL,
		"another broker (pid %d) uses %s: give this one a directory of its own (--state DIR)",
		want.l_type == F_UNLCK ? 0 : (int)want.l_pid, path);
}

int keep_open(const char *path, struct keep *ret, struct err *err)
{
	autofd int dir = -1;
	int lock = -1;

	if (!path) {
		*ret = KEEP_NONE;
		return 0;
	}
	make_folders(path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set(
			err, ERR_INTERNAL, errno, NULL, "cannot open the directory %s", path);
	if (check_folder(dir, path, err) < 0 || take_lock(dir, path, &lock, err) < 0)
		return -1;
	*ret = (struct keep){ .dir = TAKE_FD(dir), .lock = lock };
	return 0;
}

static int make_file(struct keep *k, uint64_t job, const char *kind, int flags)
{
	char name[NAME_SIZE];
	autofd int fd = openat(k->dir, name_of(name, job, kind),
		O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, RECORD_MODE);

	return fd < 0 ? -errno : TAKE_FD(fd);
}

/* The name of a whole new file becomes that of the old one; or, if r is an error, the new one goes. */
static int replace_file(struct keep *k, uint64_t job, const char *new_kind, const char *kind, int r)
{
	char new_name[NAME_SIZE], name[NAME_SIZE];

	if (r == 0 && renameat(k->dir, name_of(new_name, job, new_kind), k->dir,
			      name_of(name, job, kind)) < 0)
		r = -errno;
	if (r < 0)
		(void)remove_file(k, job, new_kind);
	return r;
}

int keep_write(struct keep *k, uint64_t job, const void *bytes, size_t size)
{
	autofd int fd = -1;

	if (size > KEEP_MAX_BYTES)
		return -E2BIG;
	if (k->dir < 0)
		return 0;
	fd = make_file(k, job, NEW_RECORD, O_WRONLY | O_NONBLOCK | O_TRUNC);
	if (fd < 0)
		return fd;
	return replace_file(k, job, NEW_RECORD, RECORD, io_write_all(fd, bytes, size));
}

int keep_remove(struct keep *k, uint64_t job)
{
	return remove_file(k, job, RECORD);
}

/* buf: of KEEP_MAX_BYTES. Return: bytes read, or -errno. */
static int64_t read_record(struct keep *k, uint64_t job, void *buf)
{
	char name[NAME_SIZE];
	struct stat st;
	autofd int fd = openat(
		k->dir, name_of(name, job, RECORD), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > KEEP_MAX_BYTES)
		return -EFBIG;
	return io_read_at(fd, buf, KEEP_MAX_BYTES, 0);
}

struct numbers_found {
	uint64_t *list; /* owned */
	size_t n, max;
};

static int add_number(struct numbers_found *found, uint64_t job)
{
	if (found->n == found->max) {
		size_t more = found->max ? found->max * 2 : 64;
		uint64_t *list = reallocarray(found->list, more, sizeof(*list));

		if (!list)
			return -ENOMEM;
		found->list = list;
		found->max = more;
	}
	found->list[found->n++] = job;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return (one > other) - (one < other);
}

static bool has_record(struct keep *k, uint64_t job)
{
	char name[NAME_SIZE];

	return faccessat(k->dir, name_of(name, job, RECORD), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int list_records(struct keep *k, struct numbers_found *found)
{
	DIR *d = io_list(k->dir);
	int r = 0;
	const char *kind;
	uint64_t job;

	if (!d)
		return -errno;
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (!name_read(e->d_name, &job, &kind))
			continue;
		if (kind == RECORD)
			r = add_number(found, job);
		else if (kind != LOG || !has_record(k, job))
			(void)remove_file(k, job, kind);
	}
	closedir(d);
	return r;
}

int keep_each(struct keep *k,
	void (*fn)(void *arg, uint64_t job, const void *bytes, size_t size, int error), void *arg)
{
	struct numbers_found found = { 0 };
	autofree void *buf = NULL;
	int r;

	if (k->dir < 0)
		return 0;
	buf = malloc(KEEP_MAX_BYTES);
	r = buf ? list_records(k, &found) : -ENOMEM;
	if (r == 0 && found.n)
		qsort(found.list, found.n, sizeof(*found.list), by_number);
	for (size_t i = 0; r == 0 && i < found.n; i++) {
		int64_t n = read_record(k, found.list[i], buf);

		if (n >= 0)
			fn(arg, found.list[i], buf, (size_t)n, 0);
		else
			fn(arg, found.list[i], NULL, 0, (int)n);
	}
	free(found.list);
	return r;
}

/* A log where there is no directory. */
struct memory_log {
	uint64_t job;
	int fd; /* owned; a memfd */
};

static int by_job(const void *a, const void *b)
{
	return by_number(
		&((const struct memory_log *)a)->job, &((const struct memory_log *)b)->job);
}

static struct memory_log *find_memory(struct keep *k, uint64_t job)
{
	struct memory_log key = { .job = job };
	struct memory_log **node = tfind(&key, &k->logs, by_job);

	return node ? *node : NULL;
}

static void free_memory(void *log)
{
	close(((struct memory_log *)log)->fd);
	free(log);
}

void keep_close(struct keep *k)
{
	tdestroy(k->logs, free_memory);
	if (k->lock >= 0)
		close(k->lock);
	if (k->dir >= 0)
		close(k->dir);
	*k = KEEP_NONE;
}

/* Only we may open it again for writing: a client gets it too. Return: a memfd, the caller's; -errno. */
static int make_memory(void)
{
	autofd int fd = memfd_create("criu.log", MFD_CLOEXEC);

	if (fd < 0 || fchmod(fd, RECORD_MODE) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* fd: consumed in every case. */
static int add_memory(struct keep *k, uint64_t job, int fd)
{
	autofd int owned = fd;
	struct memory_log *log;

	if (find_memory(k, job))
		return -EEXIST;
	log = malloc(sizeof(*log));
	if (!log)
		return -ENOMEM;
	*log = (struct memory_log){ .job = job, .fd = TAKE_FD(owned) };
	if (!tsearch(log, &k->logs, by_job)) {
		free_memory(log);
		return -ENOMEM;
	}
	return 0;
}

/* The same file by another open file, which has a position and flags of its own. */
static int open_again(int fd, int flags)
{
	autofd int again = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	return again < 0 ? -errno : TAKE_FD(again);
}

int keep_log_make(struct keep *k, uint64_t job)
{
	int fd, r;

	if (k->dir >= 0)
		return make_file(k, job, LOG, O_RDWR | O_APPEND | O_EXCL);
	fd = make_memory();
	if (fd < 0)
		return fd;
	r = add_memory(k, job, fd);
	return r < 0 ? r : open_again(fd, O_RDWR | O_APPEND);
}

int keep_log_open(struct keep *k, uint64_t job)
{
	struct memory_log *log;
	char name[NAME_SIZE];
	autofd int fd = -1;

	if (k->dir < 0) {
		log = find_memory(k, job);
		return log ? open_again(log->fd, O_RDONLY) : -ENOENT;
	}
	fd = openat(
		k->dir, name_of(name, job, LOG), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : TAKE_FD(fd);
}

int keep_log_remove(struct keep *k, uint64_t job)
{
	struct memory_log *log;

	if (k->dir >= 0)
		return remove_file(k, job, LOG);
	log = find_memory(k, job);
	if (log) {
		(void)tdelete(log, &k->logs, by_job);
		free_memory(log);
	}
	return 0;
}

/* Where there is no directory: another memfd in place of the first. fd: consumed in every case. */
static void replace_memory(struct memory_log *log, int fd)
{
	close(log->fd);
	log->fd = fd;
}

int64_t keep_log_trim(struct keep *k, uint64_t job, uint64_t max_bytes)
{
	autofd int log = keep_log_open(k, job), to = -1;
	struct stat st;
	int r;

	if (log < 0)
		return log;
	if (fstat(log, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size <= max_bytes)
		return st.st_size;
	to = k->dir < 0 ? make_memory() : make_file(k, job, NEW_LOG, O_RDWR | O_NONBLOCK | O_TRUNC);
	if (to < 0)
		return to;
	r = shorten(log, st.st_size, max_bytes, to);
	if (r == 0 && fstat(to, &st) < 0)
		r = -errno;
	if (k->dir >= 0)
		r = replace_file(k, job, NEW_LOG, LOG, r);
	else if (r == 0)
		replace_memory(find_memory(k, job), TAKE_FD(to));
	return r < 0 ? r : st.st_size;
}

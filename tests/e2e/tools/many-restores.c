/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: many-restores SOCKET UID:GID TARGET DIR...
 *
 * As that user, asks for the restore of all DIR/images over one connection, before any of them can have ended, each with the
 * file DIR/lent (made here) in place of TARGET at descriptor 3, and ends each tree when its result has come. Prints a
 * line for each: its job, DIR, pid, and "good" or what is wrong. criu's log is left in DIR/restore.log.
 *
 * Exit code 0: all are good.
 */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fdbroker.h"

#define WAIT_MS 100000

static _Noreturn void die(const struct fdb_client *c, const char *what)
{
	fprintf(stderr, "many-restores: %s: %s\n", what, fdb_error_text(c));
	exit(1);
}

static int open_in(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd < 0) {
		perror(path);
		exit(1);
	}
	return fd;
}

static uint64_t ask(struct fdb_client *c, const char *target, const char *dir)
{
	autofd int images = open_in(dir, "images", O_RDONLY | O_DIRECTORY);
	autofd int lent = open_in(dir, "lent", O_WRONLY | O_CREAT | O_APPEND);
	struct fdb_request *rq;
	char name[255];
	uint64_t job;

	snprintf(name, sizeof(name), "%s", dir);
	if (fdb_request_new(c, &rq) < 0 || fdb_lend(c, name, lent, WAIT_MS) < 0 ||
		fdb_request_images_dir(rq, images) < 0 ||
		fdb_request_map(rq, target, name, -1) < 0 || fdb_restore(c, rq, WAIT_MS, &job) < 0)
		die(c, dir);
	fdb_request_free(rq);
	return job;
}

static void save_log(const char *dir, int log)
{
	autofd int to = open_in(dir, "restore.log", O_WRONLY | O_CREAT | O_TRUNC);
	char bytes[65536];
	ssize_t n;

	while ((n = read(log, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			abort();
}

/* Does descriptor 3 of the restored task lead to what was lent for it? */
static bool has_its_own(pid_t pid, const char *dir)
{
	char path[64], link[PATH_MAX] = "", wanted[PATH_MAX], full[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/fd/3", pid);
	snprintf(wanted, sizeof(wanted), "%s/lent", dir);
	return readlink(path, link, sizeof(link) - 1) > 0 && realpath(wanted, full) &&
	       !strcmp(link, full);
}

static bool take(struct fdb_client *c, uint64_t job, const char *dir)
{
	struct fdb_result *result;
	const char *wrong = NULL;
	int pidfd = -1;

	if (fdb_wait_result(c, job, WAIT_MS, &result) < 0)
		die(c, dir);
	if (!fdb_result_success(result))
		wrong = fdb_result_text(result);
	else if (!has_its_own(fdb_result_pid(result), dir))
		wrong = "descriptor 3 is not what was lent";
	save_log(dir, fdb_result_log(result));
	printf("%lu %s %d %s\n", (unsigned long)job, dir, fdb_result_pid(result), wrong ?: "good");
	pidfd = fdb_result_take_pidfd(result);
	if (pidfd >= 0) {
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		close(pidfd);
	}
	fdb_result_free(result);
	return !wrong;
}

/* Only in effect: what to look at afterwards takes root. */
static void become(const char *text)
{
	unsigned uid, gid;

	if (sscanf(text, "%u:%u", &uid, &gid) != 2 || setgroups(0, NULL) < 0 || setegid(gid) < 0 ||
		seteuid(uid) < 0) {
		perror(text);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	autofree uint64_t *jobs = calloc((size_t)argc, sizeof(*jobs));
	struct fdb_client *c;
	bool good = true;

	if (argc < 5 || !jobs || fdb_new(&c) < 0)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	become(argv[2]);
	if (fdb_connect(c, argv[1], WAIT_MS) < 0)
		die(c, argv[1]);
	for (int i = 4; i < argc; i++)
		jobs[i] = ask(c, argv[3], argv[i]);
	if (seteuid(0) < 0 || setegid(0) < 0)
		return 2;
	for (int i = 4; i < argc; i++)
		good &= take(c, jobs[i], argv[i]);
	fdb_free(c);
	return !good;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A cgroup v2 group for each job. See cgroup.h; facts: cgroup-v2.rst of the kernel. */
#include "trees/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/io.h"

#define PREFIX    "fdbroker-"
#define STALE_S   60
#define MAX_DEPTH 16 /* of groups below a job's */

#define ENDING_MS    5 /* between two looks at whether a task that ends has gone */
#define ENDING_TURNS 100

static int own_path(char *ret, size_t size)
{
	autofree char *line = NULL;
	size_t max = 0;
	int r = -ENODEV;
	FILE *f = fopen("/proc/self/cgroup", "re");

	if (!f)
		return -errno;
	while (getline(&line, &max, f) > 0) {
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		line[strcspn(line, "\n")] = 0;
		r = (size_t)snprintf(ret, size, "%s", line + 3) < size ? 0 : -ENAMETOOLONG;
	}
	fclose(f);
	return r;
}

static int mount_detached(void)
{
	autofd int fs = fsopen("cgroup2", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Long past the moment between making a group and putting the first task in it. */
static bool is_old(int parent, const char *name)
{
	struct stat st;

	return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - st.st_mtime > STALE_S;
}

/*
 * A broker that was killed could not remove the groups of its trees; those that are empty now can go.
 * Not by the pid in the name: another broker may live in another pid namespace.
 */
static void remove_stale(int parent)
{
	DIR *dir = io_list(parent);

	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0 && is_old(parent, e->d_name))
			(void)unlinkat(parent, e->d_name,
				AT_REMOVEDIR); /* refused while a task is in it */
	closedir(dir);
}

int cgroup_parent_open(struct cgroup_parent *ret)
{
	autofd int root = -1;
	char relative[sizeof(ret->path) + 1];
	int r;

	*ret = (struct cgroup_parent){ .root = -1, .fd = -1 };
	r = own_path(ret->path, sizeof(ret->path));
	if (r < 0)
		return r;
	root = mount_detached();
	if (root < 0)
		return root;
	snprintf(relative, sizeof(relative), ".%s", ret->path);
	if (getrandom(&ret->tag, sizeof(ret->tag), 0) < 0)
		return -errno;
	ret->fd = openat(root, relative, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fd < 0)
		return -errno;
	ret->root = TAKE_FD(root);
	remove_stale(ret->fd);
	return 0;
}

void cgroup_parent_done(struct cgroup_parent *parent)
{
	cleanup_fd(&parent->fd);
	cleanup_fd(&parent->root);
}

static int open_group(const struct cgroup_parent *parent, const char *path)
{
	char relative[sizeof(((struct cgroup *)NULL)->path) + 1];
	int fd;

	snprintf(relative, sizeof(relative), ".%s", path);
	fd = openat(parent->root, relative, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fd;
}

static int remove_group(const struct cgroup *cg)
{
	char relative[sizeof(cg->path) + 1];

	snprintf(relative, sizeof(relative), ".%s", cg->path);
	return unlinkat(cg->parent->root, relative, AT_REMOVEDIR) < 0 ? -errno : 0;
}

void cgroup_path(const struct cgroup_parent *parent, uint64_t job, char ret[static CGROUP_PATH])
{
	snprintf(ret, CGROUP_PATH, "%s/" PREFIX "%d-%08x-%lu", parent->path[1] ? parent->path : "",
		getpid(), parent->tag, (unsigned long)job);
}

int cgroup_make(const struct cgroup_parent *parent, uint64_t job, struct cgroup *ret)
{
	struct cgroup cg = { .fd = -1, .parent = parent };

	cgroup_path(parent, job, cg.path);
	if (mkdirat(parent->fd, strrchr(cg.path, '/') + 1, 0755) < 0)
		return -errno;
	cg.fd = open_group(parent, cg.path);
	if (cg.fd < 0) {
		(void)remove_group(&cg);
		return cg.fd;
	}
	*ret = cg;
	return 0;
}

int cgroup_open(const struct cgroup_parent *parent, const char *path, struct cgroup *ret)
{
	struct cgroup cg = { .parent = parent };

	if (parent->fd < 0)
		return -ENODEV;
	snprintf(cg.path, sizeof(cg.path), "%s", path);
	cg.fd = open_group(parent, cg.path);
	if (cg.fd < 0)
		return cg.fd;
	*ret = cg;
	return 0;
}

static int write_file(int dir, const char *name, const char *text)
{
	autofd int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

int cgroup_kill(const struct cgroup *cg)
{
	return write_file(cg->fd, "cgroup.kill", "1");
}

/* What is listed in cgroup.procs. Return: a stream, or NULL with errno. */
static FILE *open_procs(const struct cgroup *cg)
{
	autofd int fd = openat(cg->fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopen(TAKE_FD(fd), "r");
}

int cgroup_pids(const struct cgroup *cg, uint32_t **ret)
{
	FILE *f = open_procs(cg);
	uint32_t *list = NULL;
	char line[32];
	int n = 0;

	if (!f)
		return -errno;
	while (n >= 0 && fgets(line, sizeof(line), f)) {
		uint32_t *more = n % 64 ? list : reallocarray(list, (size_t)n + 64, sizeof(*list));

		if (more) {
			list = more;
			list[n++] = (uint32_t)strtoul(line, NULL, 10);
		} else {
			n = -ENOMEM;
		}
	}
	fclose(f);
	if (n < 0)
		free(list);
	else
		*ret = list;
	return n;
}

int cgroup_count(const struct cgroup *cg)
{
	autofree uint32_t *pids = NULL;

	return cgroup_pids(cg, &pids);
}

bool cgroup_populated(const struct cgroup *cg)
{
	autofd int fd = openat(cg->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	char text[256] = "";
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	return n < 0 || !strstr(text, "populated 0");
}

/* Moves what is listed now; a task that forks meanwhile leaves a child for the next turn. */
static int move_once(const struct cgroup *cg, int to)
{
	FILE *f = open_procs(cg);
	char pid[32];
	int moved = 0;

	if (!f)
		return -errno;
	while (fgets(pid, sizeof(pid), f))
		if (write_file(to, "cgroup.procs", pid) == 0)
			moved++;
	fclose(f);
	return moved;
}

/* Bounded, for a tree could fork faster than we move it. */
static void move_all(const struct cgroup *cg, int to)
{
	for (int turn = 0; turn < 100 && cgroup_populated(cg); turn++)
		if (move_once(cg, to) < 0)
			break;
}

int cgroup_move(struct cgroup *cg, const char *path)
{
	struct cgroup to;
	int r = cgroup_open(cg->parent, path, &to);

	if (r < 0)
		return r;
	move_all(cg, to.fd);
	r = cgroup_release(cg, false);
	if (r < 0)
		cleanup_fd(&to.fd);
	else
		*cg = to;
	return r;
}

/* Groups that tasks of the job have made below theirs; empty, for the job's own is. */
static void remove_below(int dir, int depth)
{
	DIR *list = io_list(dir);

	if (!list)
		return;
	for (struct dirent *e; (e = readdir(list));) {
		autofd int below = -1;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && depth > 0)
			remove_below(below, depth - 1);
		(void)unlinkat(dir, e->d_name, AT_REMOVEDIR);
	}
	closedir(list);
}

/* A task that is just ending, as criu itself may be, cannot be moved, and counts until it is gone. */
static void move_ending(const struct cgroup *cg, int to)
{
	const struct timespec moment = { .tv_nsec = ENDING_MS * 1000000L };

	move_all(cg, to);
	for (int turn = 0; turn < ENDING_TURNS && cgroup_populated(cg); turn++) {
		(void)nanosleep(&moment, NULL);
		(void)move_once(cg, to);
	}
}

int cgroup_release(struct cgroup *cg, bool move)
{
	int r;

	if (cg->fd < 0)
		return 0;
	if (move)
		move_ending(cg, cg->parent->fd);
	r = remove_group(cg);
	if (r < 0 && r != -ENOENT) {
		remove_below(cg->fd, MAX_DEPTH);
		r = remove_group(cg);
		if (r < 0 && r != -ENOENT)
			return -EBUSY;
	}
	cleanup_fd(&cg->fd);
	return 0;
}

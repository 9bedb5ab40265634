/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is in a test's world. See quiet.h. */
#include "quiet.h"

#include <dirent.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "../unit/fixture.h"

#define WAIT_MS 5000

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t max = 0;

	assert_non_null(f);
	if (getdelim(&text, &max, 0, f) < 0)
		text[0] = 0;
	fclose(f);
	return text;
}

/* ---- processes ---- */

static bool was_there(const struct quiet *q, pid_t pid)
{
	for (size_t i = 0; i < q->n_before; i++)
		if (q->before[i] == pid)
			return true;
	return false;
}

/* Of daemon/processes/zygote.h and discard.h: they are there as long as the broker is. */
static bool is_part(pid_t pid, pid_t broker)
{
	char path[32], name[32] = "";
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	(void)!fscanf(f, "%*d (%31[^)]) %*c %d", name, &parent);
	fclose(f);
	return broker && parent == broker &&
	       (strcmp(name, "fdbroker-zygote") == 0 || strcmp(name, "fdbroker-closer") == 0);
}

size_t quiet_others(const struct quiet *q, pid_t broker, pid_t *ret, size_t max)
{
	DIR *dir = opendir("/proc");
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		pid_t pid = atoi(e->d_name);

		if (pid <= 0 || pid == broker || was_there(q, pid) || is_part(pid, broker))
			continue;
		if (n < max)
			ret[n] = pid;
		n++;
	}
	closedir(dir);
	return n;
}

/* "17 (name) S 1", for people. */
static void name_process(pid_t pid, char *ret, size_t size)
{
	char path[32], *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f || !fgets(ret, (int)size, f))
		snprintf(ret, size, "%d, which has gone just now", pid);
	if (f)
		fclose(f);
	end = strrchr(ret, ')');
	for (int i = 0; end && i < 3; i++)
		end = strchr(end + 1, ' ');
	if (end)
		*end = 0;
}

static bool no_process(const struct quiet *q, pid_t broker, char *why, size_t size)
{
	pid_t others[1];
	size_t n = quiet_others(q, broker, others, 1);
	char name[96];

	if (n == 0)
		return true;
	name_process(others[0], name, sizeof(name));
	snprintf(why, size, "%zu processes are left, the first is %s", n, name);
	return false;
}

/* ---- cgroups ---- */

static void find_cgroup(char *ret, size_t size)
{
	char *mounts = read_file("/proc/self/mounts"), *own = read_file("/proc/self/cgroup");
	char *path = strstr(own, "0::"), *rest = NULL, root[128] = "";

	assert_non_null(path);
	path += strlen("0::");
	path[strcspn(path, "\n")] = 0;
	for (char *line = strtok_r(mounts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strstr(line, " cgroup2 ") && sscanf(line, "%*s %127s", root) == 1)
			break;
	assert_true(root[0]);
	assert_in_range(snprintf(ret, size, "%s%s", root, path), 1, size - 1);
	free(mounts);
	free(own);
}

static bool no_cgroup(const struct quiet *q, char *why, size_t size)
{
	DIR *dir = opendir(q->cgroup);
	bool none = true;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		snprintf(why, size, "the cgroup %s is left", e->d_name);
		none = false;
	}
	closedir(dir);
	return none;
}

/* ---- descriptors and work directories ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What they are, sorted, without what differs from one broker to the next: "socket:[]". */
static char *table_of(pid_t pid)
{
	char path[64], link[512], *lines[1024] = { NULL }, *text = NULL;
	size_t n = 0, size = 0;
	FILE *out = open_memstream(&text, &size);
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir)) && n < 1024;) {
		ssize_t length = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
		char *number;

		if (length < 0)
			continue;
		link[length] = 0;
		number = strstr(link, ":[");
		if (number)
			number[2] = 0;
		lines[n++] = strdup(link);
	}
	closedir(dir);
	qsort(lines, n, sizeof(lines[0]), by_text);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%s\n", lines[i]);
		free(lines[i]);
	}
	fclose(out);
	return text;
}

static bool no_descriptor(const struct quiet *q, pid_t broker, char *why, size_t size)
{
	char *now = table_of(broker);
	bool same = strcmp(now, q->table) == 0;

	if (!same)
		snprintf(why, size, "the broker's descriptors are\n%snot\n%s", now, q->table);
	free(now);
	return same;
}

/* Its detached tmpfs: the only directory that has no name in our world and is of that kind. */
static bool no_work(pid_t broker, char *why, size_t size)
{
	char path[64], link[16];
	bool none = true;

	for (int fd = 0; fd < 64; fd++) {
		struct statfs fs;
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", broker, fd);
		if (readlink(path, link, sizeof(link)) != 1 || statfs(path, &fs) < 0 ||
			fs.f_type != TMPFS_MAGIC)
			continue;
		dir = opendir(path);
		for (struct dirent *e; dir && (e = readdir(dir));) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(why, size, "the work directory %s is left", e->d_name);
			none = false;
		}
		if (dir)
			closedir(dir);
	}
	return none;
}

/* ---- state ---- */

static bool is_known(int dir, const char *name)
{
	char record[32], rest[8] = "";
	unsigned long job;
	int n = sscanf(name, "job-%lu%7s", &job, rest);

	if (n < 1)
		return strcmp(name, "lock") == 0;
	snprintf(record, sizeof(record), "job-%lu", job);
	return n == 1 || (strcmp(rest, ".log") == 0 && faccessat(dir, record, F_OK, 0) == 0);
}

static bool state_is_clean(const char *path, char *why, size_t size)
{
	DIR *dir = opendir(path);
	bool clean = true;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.' || is_known(dirfd(dir), e->d_name))
			continue;
		snprintf(why, size, "%s is left in %s", e->d_name, path);
		clean = false;
	}
	closedir(dir);
	return clean;
}

/* ---- all of it ---- */

void quiet_begin(struct quiet *q)
{
	pid_t all[QUIET_MAX_PIDS];
	size_t n;

	*q = (struct quiet){ .n_before = 0 };
	n = quiet_others(q, 0, all, QUIET_MAX_PIDS);
	assert_in_range(n, 1, QUIET_MAX_PIDS);
	memcpy(q->before, all, n * sizeof(all[0]));
	q->n_before = n;
	q->mounts = read_file("/proc/self/mountinfo");
	find_cgroup(q->cgroup, sizeof(q->cgroup));
}

void quiet_end(struct quiet *q)
{
	free(q->mounts);
	free(q->table);
}

void quiet_learn(struct quiet *q, pid_t broker)
{
	if (!q->table)
		q->table = table_of(broker);
}

bool quiet_is(const struct quiet *q, pid_t broker, const char *state, char *why, size_t size)
{
	char *mounts = read_file("/proc/self/mountinfo");
	bool same = strcmp(mounts, q->mounts) == 0;

	if (!same)
		snprintf(why, size, "mounts are\n%snot\n%s", mounts, q->mounts);
	free(mounts);
	if (!same || !no_process(q, broker, why, size) || !no_cgroup(q, why, size) ||
		(state && !state_is_clean(state, why, size)))
		return false;
	return !broker || (no_descriptor(q, broker, why, size) && no_work(broker, why, size));
}

bool quiet_await(const struct quiet *q, pid_t broker, const char *state, char *why, size_t size)
{
	for (int i = 0; i < WAIT_MS; i++) {
		if (quiet_is(q, broker, state, why, size))
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return false;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking for pids in /proc. See pids.h. */
#include "base/pids.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/printable.h"

/* What /proc/PID/status says. */
struct status {
	uint32_t tgid, ppid, pgid, sid; /* 0: not said */
	bool zombie;
	char name[32]; /* printable */
};

/* The first number behind "KEY:\t" at the start of a line; 0 if there is none. */
static uint32_t number_of(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? (uint32_t)strtoul(at + strlen(key), NULL, 10) : 0;
}

static void parse(const char *text, struct status *ret)
{
	const char *name = strncmp(text, "Name:\t", 6) == 0 ? text + 6 : "";
	const char *state = strstr(text, "\nState:\t");

	*ret = (struct status){
		.tgid = number_of(text, "\nTgid:\t"),
		.ppid = number_of(text, "\nPPid:\t"),
		.pgid = number_of(text, "\nNSpgid:\t"),
		.sid = number_of(text, "\nNSsid:\t"),
		.zombie = state && (state[8] == 'Z' || state[8] == 'X'),
	};
	printable(ret->name, sizeof(ret->name), name, strcspn(name, "\n"));
}

/* Return: true; false: there is no such process or thread. */
static bool read_status(int proc, uint32_t pid, struct status *ret)
{
	char path[32], text[4096];
	autofd int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%u/status", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = 0;
	parse(text, ret);
	return true;
}

/* ---- 1. processes and threads of these numbers ---- */

static bool is_taken(int proc, uint32_t pid, struct pid_taken *ret)
{
	struct status s, parent;

	if (!read_status(proc, pid, &s))
		return false;
	*ret = (struct pid_taken){ .pid = pid, .holder = s.tgid };
	if (s.tgid != pid)
		snprintf(ret->what, sizeof(ret->what), "a thread of %s", s.name);
	else if (!s.zombie)
		snprintf(ret->what, sizeof(ret->what), "a process named %s", s.name);
	else if (read_status(proc, s.ppid, &parent))
		snprintf(ret->what, sizeof(ret->what), "a zombie of %u (%s)", s.ppid, parent.name);
	else
		snprintf(ret->what, sizeof(ret->what), "a zombie");
	return true;
}

/* ---- 2. groups and sessions of these numbers ---- */

struct groups {
	struct wanted {
		uint32_t pid;
		size_t at; /* in the caller's list */
		struct pid_taken taken;
	} * wanted; /* owned; by pid */
	size_t n;
};

static int by_pid(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int by_place(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Each number once: the first that has it is told. */
static void note(
	struct groups *g, uint32_t number, const char *what, uint32_t pid, const struct status *s)
{
	struct wanted key = { .pid = number };
	struct wanted *w = bsearch(&key, g->wanted, g->n, sizeof(key), by_pid);

	if (!w || w->taken.pid)
		return;
	w->taken = (struct pid_taken){ .pid = number, .holder = pid };
	snprintf(w->taken.what, sizeof(w->taken.what), "the %s of %s", what, s->name);
}

static int look_at_groups(int proc, struct groups *g)
{
	DIR *dir = io_list(proc);

	if (!dir)
		return -errno;
	for (struct dirent *e; (e = readdir(dir));) {
		struct status s;
		uint32_t pid;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		pid = (uint32_t)strtoul(e->d_name, NULL, 10);
		if (!read_status(proc, pid, &s))
			continue;
		note(g, s.pgid, "process group", pid, &s);
		note(g, s.sid, "session", pid, &s);
	}
	closedir(dir);
	return 0;
}

int pids_taken(int proc, const uint32_t *pids, size_t n, struct pid_taken ret[PIDS_MAX_TAKEN])
{
	autofree struct wanted *wanted = calloc(n + 1, sizeof(*wanted));
	struct groups g = { .wanted = wanted, .n = n };
	int found = 0, r;

	if (!wanted)
		return -ENOMEM;
	for (size_t i = 0; i < n && found < PIDS_MAX_TAKEN; i++) {
		wanted[i] = (struct wanted){ .pid = pids[i], .at = i };
		found += is_taken(proc, pids[i], &wanted[i].taken);
	}
	if (found < PIDS_MAX_TAKEN) {
		qsort(wanted, n, sizeof(*wanted), by_pid);
		r = look_at_groups(proc, &g);
		if (r < 0)
			return r;
		qsort(wanted, n, sizeof(*wanted), by_place);
	}
	found = 0;
	for (size_t i = 0; i < n && found < PIDS_MAX_TAKEN; i++)
		if (wanted[i].taken.pid)
			ret[found++] = wanted[i].taken;
	return found;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kill a process tree by walking it. See sweep.h; children files: CONFIG_PROC_CHILDREN, proc(5). */
#include "trees/sweep.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAX_TURNS 10 /* a tree that forks faster than this is left to the caller's next try */

struct pids {
	pid_t *list; /* owned */
	size_t n, max;
};

static void add(struct pids *pids, pid_t pid)
{
	if (pids->n == pids->max) {
		size_t max = pids->max ? pids->max * 2 : 64;
		pid_t *list = reallocarray(pids->list, max, sizeof(*list));

		if (!list)
			return; /* what is not listed is found in the next turn, when the listed ones are gone */
		pids->list = list;
		pids->max = max;
	}
	pids->list[pids->n++] = pid;
}

static void add_children_of_thread(struct pids *pids, pid_t pid, const char *tid)
{
	char path[64];
	int child;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", pid, tid);
	f = fopen(path, "re");
	if (!f)
		return;
	while (fscanf(f, "%d", &child) == 1)
		add(pids, child);
	fclose(f);
}

static void add_children(struct pids *pids, pid_t pid)
{
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			add_children_of_thread(pids, pid, e->d_name);
	closedir(dir);
}

void sweep_tree(pid_t root)
{
	for (int turn = 0; turn < MAX_TURNS; turn++) {
		struct pids pids = { 0 };

		/* Grows while it is walked: breadth first. */
		add_children(&pids, root);
		for (size_t i = 0; i < pids.n; i++)
			add_children(&pids, pids.list[i]);
		for (size_t i = pids.n; i > 0; i--)
			(void)kill(pids.list[i - 1], SIGKILL);
		free(pids.list);
		if (pids.n == 0)
			break;
	}
	(void)kill(root, SIGKILL);
}

/* The last of "NSpid:\t17\t3": its number in the innermost namespace. 0: it is gone. */
static uint32_t innermost_pid(pid_t pid)
{
	autofree char *line = NULL;
	size_t max = 0;
	uint32_t ret = 0;
	char path[32];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (getline(&line, &max, f) > 0) {
		const char *tab = strncmp(line, "NSpid:", 6) == 0 ? strrchr(line, '\t') : NULL;

		if (tab)
			ret = (uint32_t)strtoul(tab, NULL, 10);
	}
	fclose(f);
	return ret;
}

static bool is_one_of(uint32_t pid, const uint32_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static bool is_marked(pid_t pid, const struct sweep_marks *marks)
{
	return (marks->session && getsid(pid) == marks->session) ||
	       is_one_of(innermost_pid(pid), marks->pids, marks->n_pids);
}

size_t sweep_strays(const struct reaper *reaper, const struct sweep_marks *marks, bool kill_them)
{
	struct pids children = { 0 };
	size_t found = 0;

	if (!marks->session && !marks->n_pids)
		return 0;
	add_children(&children, getpid());
	for (size_t i = 0; i < children.n; i++) {
		pid_t pid = children.list[i];

		if (reap_is_watched(reaper, pid) || !is_marked(pid, marks))
			continue;
		found++;
		if (kill_them)
			sweep_tree(pid);
	}
	free(children.list);
	return found;
}

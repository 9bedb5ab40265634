/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pids of a tree against those of the machine. See pids_in_use.h; who has them: proto/base/pids.c. */
#include "prepare/pids_in_use.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plan/wanted.h"

#define INIT_PID                                                                                   \
	1 /* of a pid namespace; criu makes a new one for such a root (criu/include/pid.h) */

/* A process or zombie (by signal 0), a thread (by /proc), a process group. */
static bool is_used(int proc, uint32_t pid)
{
	char name[16];

	if (kill((pid_t)pid, 0) == 0 || errno == EPERM || kill(-(pid_t)pid, 0) == 0 ||
		errno == EPERM)
		return true;
	snprintf(name, sizeof(name), "%u", pid);
	return faccessat(proc, name, F_OK, 0) == 0;
}

static bool any_used(int proc, const uint32_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_used(proc, pids[i]))
			return true;
	return false;
}

int pids_in_use(const struct graph *g, struct pids_in_use *ret)
{
	size_t n_wanted;
	autofree uint32_t *wanted = wanted_pids(g, &n_wanted);
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n;

	ret->n = 0;
	if (!wanted)
		return -ENOMEM;
	if (proc < 0)
		return -errno;
	if (!any_used(proc, wanted, n_wanted))
		return 0;
	n = pids_taken(proc, wanted, n_wanted, ret->taken);
	if (n < 0)
		return n;
	for (; ret->n < (size_t)n; ret->n++)
		ret->list[ret->n] = (struct plan_pid){ ret->taken[ret->n].pid,
			ret->taken[ret->n].holder, ret->taken[ret->n].what };
	return 0;
}

const char *pids_in_use_by(pid_t pid, char *buf, size_t size)
{
	const uint32_t wanted = (uint32_t)pid;
	struct pid_taken taken[PIDS_MAX_TAKEN];
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0 || pids_taken(proc, &wanted, 1, taken) != 1)
		return NULL;
	snprintf(buf, size, "%s", taken[0].what);
	return buf;
}

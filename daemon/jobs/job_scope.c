/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A restored tree -> a scope of systemd's, once criu has ended; its result has been told by then. See scope.h. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "jobs/job_struct.h"
#include "service/log.h"

static void done(void *arg, int error, const char *path)
{
	struct job *job = arg;
	struct log_about what = job_about(job);
	int r = error;

	job->scope = NULL;
	if (r == 0 && job->tree.cgroup.fd >= 0)
		r = cgroup_move(&job->tree.cgroup, path);
	if (r < 0) {
		log_line(LOG_WARNING, &what, "no scope for it: %s", strerrordesc_np(-r));
		return;
	}
	snprintf(job->record.cgroup, sizeof(job->record.cgroup), "%s", path);
	job_save_or_warn(job);
}

static bool is_scope(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcmp(dot, ".scope") == 0;
}

void job_ask_scope(struct job *job)
{
	struct record *r = &job->record;
	struct log_about what = job_about(job);
	uint32_t root = (uint32_t)r->root.pid;
	autofree uint32_t *pids = NULL;
	int n = -1;

	if (!job->jobs->scopes || job->scope || is_scope(r->cgroup))
		return;
	if (job->tree.cgroup.fd >= 0)
		n = cgroup_pids(&job->tree.cgroup, &pids);
	n = scope_start(job->jobs->scopes, r->id, r->root.pid, n > 0 ? pids : &root,
		n > 0 ? (size_t)n : 1, done, job, &job->scope);
	if (n < 0)
		log_line(LOG_WARNING, &what, "no scope for it: %s", strerrordesc_np(-n));
}

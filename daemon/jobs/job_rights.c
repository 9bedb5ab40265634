/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A criu that works as its client has a capability that the client has not (worker.c), and images can have it kept by
 * a task. criu has restored all credentials when it says pre-resume, and still holds every task: that is when
 * they are looked at. Every process in the job's cgroup counts, whatever criu says that it has made.
 *
 * From post-restore on criu can be stopped by nothing but SIGKILL to all that it has made. Until pre-resume has
 * been answered a guard sees to that, should the daemon end.
 */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "jobs/job_struct.h"
#include "service/log.h"
#include "service/messages.h"
#include "policy/task_rights.h"

static bool is_among(uint32_t pid, const uint32_t *pids, int n)
{
	bool is = false;

	for (int i = 0; i < n; i++)
		is |= pids[i] == pid;
	return is;
}

static int check(const struct job *job, struct err *err)
{
	autofree uint32_t *pids = NULL;
	uint32_t root = (uint32_t)job->record.root.pid;
	int n = cgroup_pids(&job->tree.cgroup, &pids);

	if (n < 0)
		return err_set(err, ERR_INTERNAL, -n, NULL, "cannot see which tasks were restored");
	/* No number: it names no process here, for it is of a pid namespace elsewhere. */
	if (!root || !is_among(root, pids, n) || is_among(0, pids, n))
		return err_set(err, ERR_CRIU_BROKE, 0, NULL,
			"the restored root task %u is not where criu was to make it", root);
	return task_rights_check(
		pids, (size_t)n, (uint32_t)worker_pid(job->worker), job->spec.run_as, err);
}

static void log_refused(const struct job *job, const struct err *err)
{
	const struct record *r = &job->record;
	char uid[48], pid[48], code[64];
	const char *fields[] = { uid, pid, code, "FDBROKER_CLASS=own", NULL };
	struct log_about what = job_about(job);

	what.message = MESSAGE_REFUSED;
	what.fields = fields;
	snprintf(uid, sizeof(uid), "FDBROKER_UID=%u", (unsigned)r->uid);
	snprintf(pid, sizeof(pid), "FDBROKER_PEER_PID=%d", (int)r->client);
	snprintf(code, sizeof(code), "FDBROKER_CODE=%s", err_code_name(err->code));
	log_line(LOG_NOTICE, &what, "refused to user %u (pid %d; class own): %s: %s",
		(unsigned)r->uid, (int)r->client, err_code_name(err->code), err->text);
}

/* Of guard.h. */
static void lost(void *arg)
{
	struct job *job = arg;
	struct err err;

	job->guard = NULL;
	if (job->record.state != JOB_RESTORING)
		return;
	err_set(&err, ERR_INTERNAL, 0, NULL,
		"a process of the broker's was killed, without which a user's tasks must not run");
	job_begin_end(job, &err, 0);
}

int job_guard(struct job *job, struct err *err)
{
	int rpc = job->worker ? worker_rpc(job->worker) : -1, r;

	if (!job->spec.run_as)
		return 0;
	r = rpc < 0 ? -EPIPE
		    : guard_start(
			      job->jobs->reaper, &job->tree.cgroup, rpc, lost, job, &job->guard);
	if (r == -ENOENT)
		return err_set(err, ERR_UNSUPPORTED, 0, NULL,
			"without cgroup.kill (Linux 5.14) only class full can restore");
	return r < 0 ? err_set(err, ERR_INTERNAL, -r, NULL, "cannot guard the restored tasks") : 0;
}

int job_check_rights(struct job *job, struct err *err)
{
	job->rights_good = !job->spec.run_as || check(job, err) == 0;
	if (!job->rights_good) {
		log_refused(job, err);
		return -1;
	}
	guard_dismiss(TAKE_PTR(job->guard));
	return 0;
}

int job_know_rights(const struct job *job, struct err *err)
{
	if (job->rights_good || !job->spec.run_as)
		return 0;
	return err_set(err, ERR_CRIU_BROKE, 0, NULL,
		"criu reported success without pre-resume, so the tasks' rights are not known");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of the jobs of a daemon that is gone, by what it has written down last:
 *
 *   ended            it is kept as it is
 *   running          the tree lives on; its end is waited for. If it is over: how it ended is known if systemd
 *                    has held a pidfd of it, or if the kernel still knows; else the record says that it is not
 *   ending           it is ended for good, for the reason that it was being ended for
 *   all before that  no result was told, and criu cannot tell us one any more. What there is of it is ended
 *                    (criu gives up by itself until post-restore; after that the tree would run, with nobody
 *                    knowing whether it is whole), and the outcome is BROKER_DIED
 */
#include "jobs/job_struct.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "jobs/kept.h"
#include "service/log.h"
#include "service/sysd.h"

static void count_tree(struct job *job)
{
	job->counted = true;
	job->jobs->trees++;
	jobs_look_after(job->jobs);
	if (job->record.own)
		job_charge_anyway(job, USERS_OWN_TREES);
}

static void recover_ended(struct job *job)
{
	bool lives = job->tree.cgroup.fd >= 0 && cgroup_populated(&job->tree.cgroup);

	if (lives) { /* the root has ended, others have not */
		count_tree(job);
	} else {
		(void)tree_done(&job->tree, false);
	}
}

/* What the service manager has kept is what it was given, by whom it takes for us. */
static int trusted(const struct job *job, int pidfd)
{
	autofd int owned = pidfd;
	struct log_about what = job_about(job);

	if (owned < 0 || tree_is_pidfd_of(owned, &job->record.root))
		return TAKE_FD(owned);
	log_line(LOG_WARNING, &what,
		"the descriptor that was kept for it is not that of its root task %d, and is closed",
		(int)job->record.root.pid);
	sysd_forget_fd(job->record.id);
	return -1;
}

static int recover_running(struct job *job, int pidfd)
{
	int r = tree_recover(&job->tree, &job->record.root, pidfd, job->jobs->base);

	if (r == -ESRCH) {
		job_root_ended(&job->tree, false, 0, NULL);
		recover_ended(job);
		return 0;
	}
	count_tree(job);
	job_ask_scope(job);
	return r;
}

/*
 * Where there is no cgroup, a root that was not named yet is known to criu alone: only criu can end it, and will,
 * for its socket is closed.
 */
static bool let_clean_up(const struct job *job)
{
	if (job->tree.cgroup.fd >= 0 || job->record.root.pid ||
		!tree_is_same_task(&job->record.criu))
		return false;
	tree_signal(&job->record.criu, SIGCONT); /* if it was stopped */
	return true;
}

static void recover_under_way(struct job *job)
{
	struct err err = job->record.err;

	if (job->record.state != JOB_ENDING)
		err_set(&err, ERR_BROKER_DIED, 0, NULL,
			"the broker was killed while the job was %s; %s",
			record_state_name(job->record.state),
			job->record.has_log ? "what there was of it was ended"
					    : "nothing had been started");
	/* Without a cgroup these two are all that is known. */
	if (job->tree.cgroup.fd < 0) {
		job->tree.root = job->record.root;
		job->tree.criu = job->record.criu;
	}
	job->jobs->under_way++;
	job_charge_anyway(job, USERS_JOBS);
	if (job->record.own) {
		job_charge_anyway(job, USERS_OWN_JOBS);
		job_charge_anyway(job, USERS_OWN_TREES);
	}
	jobs_look_after(job->jobs);
	job_begin_end(job, &err, let_clean_up(job) ? JOB_GRACE_MS : 0);
}

static void count_log(struct job *job)
{
	if (job->record.has_log && job->record.state >= JOB_RUNNING)
		job_close_log(job);
}

/* It had answered, and the daemon before us was killed before it ended. */
static void look_after_criu(struct job *job)
{
	if (job->record.success && tree_is_same_task(&job->record.criu))
		job_await_criu(job);
}

static int job_recover(struct jobs *jobs, struct record *record, int pidfd)
{
	autofd int owned = pidfd;
	struct job *job = job_new(jobs, record->uid);
	int r = 0;

	if (!job)
		return -ENOMEM;
	job->record = *record;
	*record = (struct record){ 0 };
	job->record.recovered = true;
	if (jobs->last_id < job->record.id)
		jobs->last_id = job->record.id;
	if (job->record.cgroup[0])
		(void)cgroup_open(&jobs->cgroup, job->record.cgroup, &job->tree.cgroup);
	TAILQ_INSERT_TAIL(&jobs->list, job, entry);
	count_log(job);
	look_after_criu(job);
	if (job->record.state == JOB_ENDED) {
		recover_ended(job);
		jobs_one_ended(jobs, job);
	} else if (job->record.state == JOB_RUNNING)
		r = recover_running(job, trusted(job, TAKE_FD(owned)));
	else
		recover_under_way(job);
	if (owned >= 0)
		sysd_forget_fd(job->record.id);
	return r;
}

/* ---- all of them ---- */

struct recovery {
	struct jobs *jobs;
	struct sysd_kept *kept; /* each is taken by its job */
	size_t n_kept;
	size_t jobs_found;
};

static int take_pidfd(struct recovery *all, uint64_t job)
{
	for (size_t i = 0; i < all->n_kept; i++)
		if (all->kept[i].job == job)
			return TAKE_FD(all->kept[i].fd);
	return -1;
}

static void found(void *arg, uint64_t id, const void *bytes, size_t size, int error)
{
	struct recovery *all = arg;
	struct log_about what = { .job = id };
	struct record record = { 0 };
	int r = bytes ? kept_unpack(bytes, size, &record) : error;

	if (r == 0 && record.id != id) {
		record_done(&record);
		r = -EBADMSG;
	}
	if (r == 0)
		r = job_recover(all->jobs, &record, take_pidfd(all, id));
	if (r < 0)
		log_line(LOG_ERR, &what, "what was kept of it cannot be read, it is forgotten: %s",
			strerrordesc_np(-r));
	else
		all->jobs_found++;
}

int jobs_recover(struct jobs *jobs, struct sysd_kept *kept, size_t n_kept)
{
	struct recovery all = { jobs, kept, n_kept, 0 };
	int r = keep_each(&jobs->keep, found, &all);

	/* Of jobs that nothing else is known of. */
	for (size_t i = 0; i < n_kept; i++) {
		if (kept[i].fd < 0)
			continue;
		sysd_forget_fd(kept[i].job);
		cleanup_fd(&kept[i].fd);
	}
	if (all.jobs_found)
		log_line(LOG_NOTICE, NULL,
			"found %zu jobs of a broker before this one: %u trees live, %u had no result",
			all.jobs_found, jobs->trees, jobs->under_way);
	return r;
}

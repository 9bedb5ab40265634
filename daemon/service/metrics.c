/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting. See metrics.h. */
#include "service/metrics.h"

#include <stdlib.h>
#include <sys/wait.h>

#define MS 1000ull
#define S  (1000 * MS)

const uint64_t metrics_bounds_us[METRICS_BUCKETS] = { 1 * MS, 2 * MS + 500, 5 * MS, 10 * MS,
	25 * MS, 50 * MS, 100 * MS, 250 * MS, 500 * MS, 1 * S, 2 * S + 500 * MS, 5 * S, 10 * S,
	30 * S, 60 * S, 120 * S, 300 * S, 600 * S };

const char *metrics_stage_name(enum metrics_stage stage)
{
	static const char *const names[METRICS_STAGES] = {
		[METRICS_PLANNING] = "planning",
		[METRICS_QUEUED] = "queued",
		[METRICS_STARTING] = "starting",
		[METRICS_RESTORING] = "restoring",
		[METRICS_ENDING] = "ending",
	};

	return names[stage];
}

const char *metrics_end_name(enum metrics_end end)
{
	static const char *const names[METRICS_ENDS] = {
		[METRICS_EXITED_ZERO] = "exited_zero",
		[METRICS_EXITED_NONZERO] = "exited_nonzero",
		[METRICS_SIGNAL] = "signal",
		[METRICS_END_UNKNOWN] = "unknown",
	};

	return names[end];
}

void metrics_time(struct metrics_times *times, uint64_t us)
{
	size_t i = 0;

	while (i < METRICS_BUCKETS && us > metrics_bounds_us[i])
		i++;
	if (i < METRICS_BUCKETS)
		times->buckets[i]++;
	times->count++;
	times->sum_us += us;
}

void metrics_refused(struct metrics *m, enum err_code code)
{
	if ((unsigned)code < ERR_CODES)
		m->refused[code]++;
}

static void stage_ended(struct metrics *m, enum metrics_stage stage, const struct record *r,
	enum job_state from, enum job_state to)
{
	if (!r->recovered && r->at_us[to] >= r->at_us[from])
		metrics_time(&m->stages[stage], r->at_us[to] - r->at_us[from]);
}

static void result(struct metrics *m, const struct record *r)
{
	unsigned code = r->success ? ERR_NONE : r->err.code;

	if (code < ERR_CODES)
		m->outcomes[code]++;
	if (!r->recovered)
		metrics_time(r->success ? &m->restored : &m->failed, r->total_us);
}

static enum metrics_end end_of(const struct record *r)
{
	if (!r->end_known)
		return METRICS_END_UNKNOWN;
	if (WIFSIGNALED(r->end_status))
		return METRICS_SIGNAL;
	return WEXITSTATUS(r->end_status) ? METRICS_EXITED_NONZERO : METRICS_EXITED_ZERO;
}

void metrics_entered(struct metrics *m, const struct record *r)
{
	switch (r->state) {
	case JOB_PLANNED:
		stage_ended(m, METRICS_PLANNING, r, JOB_ACCEPTED, JOB_PLANNED);
		break;
	case JOB_STARTING:
		stage_ended(m, METRICS_QUEUED, r, JOB_PLANNED, JOB_STARTING);
		break;
	case JOB_RESTORING:
		stage_ended(m, METRICS_STARTING, r, JOB_STARTING, JOB_RESTORING);
		break;
	case JOB_RUNNING:
		stage_ended(m, METRICS_RESTORING, r, JOB_RESTORING, JOB_RUNNING);
		result(m, r);
		break;
	case JOB_ENDED:
		if (r->success) {
			m->ends[end_of(r)]++;
			break;
		}
		stage_ended(m, METRICS_ENDING, r, JOB_ENDING, JOB_ENDED);
		result(m, r);
		break;
	default: /* nothing is over: accepted, queued, ending */
		break;
	}
}

/* ---- users ---- */

/* Which of two matters more? Return: below 0: a; above: b; never 0 for two uids. */
static int by_use(const void *va, const void *vb)
{
	static const enum users_what order[] = { USERS_JOBS, USERS_LENT, USERS_SESSIONS, USERS_KEPT,
		USERS_LOG_BYTES, USERS_QUEUED_BYTES, USERS_OWN_JOBS, USERS_OWN_TREES };
	const struct metrics_user *a = va, *b = vb;

	_Static_assert(sizeof(order) / sizeof(order[0]) == USERS_WHATS, "all of them");
	for (size_t i = 0; i < USERS_WHATS; i++)
		if (a->used[order[i]] != b->used[order[i]])
			return a->used[order[i]] > b->used[order[i]] ? -1 : 1;
	return a->uid < b->uid ? -1 : a->uid > b->uid;
}

static int by_uid(const void *va, const void *vb)
{
	const struct metrics_user *a = va, *b = vb;

	return a->uid < b->uid ? -1 : a->uid > b->uid;
}

void metrics_add_user(struct metrics_users *users, const struct metrics_user *user)
{
	size_t least = 0;

	if (users->n < METRICS_MAX_USERS) {
		users->list[users->n++] = *user;
		return;
	}
	users->left_out++;
	for (size_t i = 1; i < users->n; i++)
		if (by_use(&users->list[i], &users->list[least]) > 0)
			least = i;
	if (by_use(user, &users->list[least]) < 0)
		users->list[least] = *user;
}

void metrics_sort_users(struct metrics_users *users)
{
	qsort(users->list, users->n, sizeof(users->list[0]), by_uid);
}

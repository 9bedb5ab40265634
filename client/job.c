/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jobs as their users see them. Who fills them in: convert_job.c; who asks for them: jobs.c. */
#include "base/cleanup.h"
#include "event.h"

const char *fdb_job_state_name(enum fdb_job_state state)
{
	static const char *const names[] = {
		[FDB_JOB_ACCEPTED] = "ACCEPTED",
		[FDB_JOB_PLANNED] = "PLANNED",
		[FDB_JOB_QUEUED] = "QUEUED",
		[FDB_JOB_STARTING] = "STARTING",
		[FDB_JOB_RESTORING] = "RESTORING",
		[FDB_JOB_ENDING] = "ENDING",
		[FDB_JOB_RUNNING] = "RUNNING",
		[FDB_JOB_ENDED] = "ENDED",
	};

	if ((size_t)state >= sizeof(names) / sizeof(names[0]) || !names[state])
		return "UNKNOWN";
	return names[state];
}

void fdb_job_free(struct fdb_job *job)
{
	if (!job)
		return;
	fdb_result_free(job->result);
	free(job->transitions);
	free(job);
}

uint64_t fdb_job_number(const struct fdb_job *job)
{
	return job->number;
}

enum fdb_job_state fdb_job_state(const struct fdb_job *job)
{
	return job->state;
}

uid_t fdb_job_uid(const struct fdb_job *job)
{
	return job->uid;
}

pid_t fdb_job_client_pid(const struct fdb_job *job)
{
	return job->client_pid;
}

uint64_t fdb_job_accepted_us(const struct fdb_job *job)
{
	return job->accepted_us;
}

uint64_t fdb_job_age_us(const struct fdb_job *job)
{
	return job->age_us;
}

uint32_t fdb_job_deadline_ms(const struct fdb_job *job)
{
	return job->deadline_ms;
}

enum fdb_gone fdb_job_when_client_gone(const struct fdb_job *job)
{
	return job->gone;
}

uint32_t fdb_job_position(const struct fdb_job *job)
{
	return job->position;
}

int fdb_job_tasks(const struct fdb_job *job)
{
	return job->tasks;
}

int fdb_job_tasks_made(const struct fdb_job *job)
{
	return job->tasks_made;
}

bool fdb_job_has_log(const struct fdb_job *job)
{
	return job->has_log;
}

uint64_t fdb_job_log_bytes(const struct fdb_job *job)
{
	return job->log_bytes;
}

bool fdb_job_recovered(const struct fdb_job *job)
{
	return job->recovered;
}

const struct fdb_result *fdb_job_result(const struct fdb_job *job)
{
	return job->result;
}

struct fdb_result *fdb_job_take_result(struct fdb_job *job)
{
	return TAKE_PTR(job->result);
}

size_t fdb_job_n_transitions(const struct fdb_job *job)
{
	return job->n_transitions;
}

enum fdb_job_state fdb_job_transition_state(const struct fdb_job *job, size_t i)
{
	return i < job->n_transitions ? job->transitions[i].state : (enum fdb_job_state)0;
}

uint64_t fdb_job_transition_at_us(const struct fdb_job *job, size_t i)
{
	return i < job->n_transitions ? job->transitions[i].at_us : 0;
}

enum fdb_job_end fdb_job_end(const struct fdb_job *job)
{
	return job->end;
}

int fdb_job_exit_code(const struct fdb_job *job)
{
	return job->exit_code;
}

int fdb_job_signal(const struct fdb_job *job)
{
	return job->signal;
}

bool fdb_job_core_dumped(const struct fdb_job *job)
{
	return job->core_dumped;
}

bool fdb_job_has_usage(const struct fdb_job *job)
{
	return job->has_usage;
}

uint64_t fdb_job_user_us(const struct fdb_job *job)
{
	return job->user_us;
}

uint64_t fdb_job_system_us(const struct fdb_job *job)
{
	return job->system_us;
}

uint64_t fdb_job_max_rss_kib(const struct fdb_job *job)
{
	return job->max_rss_kib;
}

uint64_t fdb_job_minor_faults(const struct fdb_job *job)
{
	return job->minor_faults;
}

uint64_t fdb_job_major_faults(const struct fdb_job *job)
{
	return job->major_faults;
}

/* ---- lists ---- */

void fdb_job_list_free(struct fdb_job_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->n; i++)
		fdb_job_free(list->jobs[i]);
	free(list->jobs);
	free(list);
}

size_t fdb_job_list_n(const struct fdb_job_list *list)
{
	return list->n;
}

const struct fdb_job *fdb_job_list_get(const struct fdb_job_list *list, size_t i)
{
	return i < list->n ? list->jobs[i] : NULL;
}

bool fdb_job_list_more(const struct fdb_job_list *list)
{
	return list->more;
}

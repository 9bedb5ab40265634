/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct record <-> fdbroker.kept.Kept. See kept.h. */
#include "jobs/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kept.pb-c.h"

#define N_STATS 5
#define N_USAGE 5

/* What the message points to and the record does not hold in this form. */
struct parts {
	Fdbroker__Kept__KeptStage stages[JOB_MAX_STAGES], *stage_list[JOB_MAX_STAGES];
	Fdbroker__Kept__KeptTask criu, root;
	Fdbroker__Kept__KeptError error;
	Fdbroker__Kept__KeptProblem *problems, **problem_list; /* owned */
	uint64_t stats[N_STATS], usage[N_USAGE];
};

/* ---- record -> message ---- */

static char *or_absent(const char *text)
{
	return text[0] ? (char *)text : NULL;
}

static void put_task(const struct record_task *from, Fdbroker__Kept__KeptTask *to)
{
	fdbroker__kept__kept_task__init(to);
	to->has_pid = to->has_start_time = true;
	to->pid = from->pid;
	to->start_time = from->start_time;
	to->has_inode = true;
	to->inode = from->inode;
}

static void put_stages(const struct record *r, struct parts *parts, Fdbroker__Kept__Kept *m)
{
	for (size_t i = 0; i < r->n_stages; i++) {
		Fdbroker__Kept__KeptStage *s = &parts->stages[i];

		fdbroker__kept__kept_stage__init(s);
		s->has_kind = s->has_at_us = true;
		s->kind = (uint32_t)r->stages[i].kind;
		s->name = or_absent(r->stages[i].name);
		s->at_us = r->stages[i].at_us;
		parts->stage_list[i] = s;
	}
	m->n_stages = r->n_stages;
	m->stages = parts->stage_list;
}

static int put_problems(const struct record *r, struct parts *parts, Fdbroker__Kept__Kept *m)
{
	parts->problems = calloc(r->n_problems + 1, sizeof(*parts->problems));
	parts->problem_list = calloc(r->n_problems + 1, sizeof(*parts->problem_list));
	if (!parts->problems || !parts->problem_list)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_problems; i++) {
		Fdbroker__Kept__KeptProblem *p = &parts->problems[i];

		fdbroker__kept__kept_problem__init(p);
		p->code = r->problems[i].code;
		p->has_error = p->has_mapping = true;
		p->error = r->problems[i].error;
		p->mapping = r->problems[i].mapping;
		p->text = r->problems[i].text;
		parts->problem_list[i] = p;
	}
	m->n_problems = r->n_problems;
	m->problems = parts->problem_list;
	return 0;
}

/* Before the result too: why it is being ended. */
static void put_error(const struct record *r, struct parts *parts, Fdbroker__Kept__Kept *m)
{
	Fdbroker__Kept__KeptError *e = &parts->error;

	if (r->success || !r->err.code)
		return;
	fdbroker__kept__kept_error__init(e);
	e->has_code = e->has_sys = true;
	e->code = (uint32_t)r->err.code;
	e->sys = r->err.sys;
	e->field = or_absent(r->err.field);
	e->text = or_absent(r->err.text);
	e->reason = or_absent(r->reason);
	e->hint = or_absent(r->hint);
	m->error = e;
}

static void put_result(const struct record *r, struct parts *parts, Fdbroker__Kept__Kept *m)
{
	m->has_success = true;
	m->success = r->success;
	m->has_cleanup = m->has_total_us = true;
	m->cleanup = (uint32_t)r->cleanup;
	m->total_us = r->total_us;
	m->n_numbers = r->n_numbers;
	m->numbers = (int32_t *)r->numbers;
	if (r->has_stats) {
		parts->stats[0] = r->stats.pages_compared;
		parts->stats[1] = r->stats.pages_skipped_cow;
		parts->stats[2] =
			r->stats.has_pages_restored ? r->stats.pages_restored : UINT64_MAX;
		parts->stats[3] = r->stats.forking_us;
		parts->stats[4] = r->stats.restore_us;
		m->n_stats = N_STATS;
		m->stats = parts->stats;
	}
}

static uint64_t us_of(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
}

static void put_end(const struct record *r, struct parts *parts, Fdbroker__Kept__Kept *m)
{
	m->has_end_status = r->end_known;
	m->end_status = r->end_status;
	if (!r->has_usage)
		return;
	parts->usage[0] = us_of(r->usage.ru_utime);
	parts->usage[1] = us_of(r->usage.ru_stime);
	parts->usage[2] = (uint64_t)r->usage.ru_maxrss;
	parts->usage[3] = (uint64_t)r->usage.ru_minflt;
	parts->usage[4] = (uint64_t)r->usage.ru_majflt;
	m->n_usage = N_USAGE;
	m->usage = parts->usage;
}

static void put_plain(const struct record *r, struct parts *parts, Fdbroker__Kept__Kept *m)
{
	m->has_id = m->has_uid = m->has_client = m->has_accepted_us = m->has_started_us = true;
	m->id = r->id;
	m->uid = r->uid;
	m->client = r->client;
	m->accepted_us = r->accepted_us;
	m->started_us = r->started_us;
	m->has_deadline_ms = m->has_carry_on = m->has_own = m->has_recovered = m->has_state = true;
	m->deadline_ms = r->deadline_ms;
	m->carry_on = r->carry_on;
	m->own = r->own;
	m->recovered = r->recovered;
	m->state = (uint32_t)r->state;
	m->n_at_us = JOB_N_STATES;
	m->at_us = (uint64_t *)r->at_us;
	m->has_tasks = m->has_has_log = m->has_log_bytes = true;
	m->tasks = r->tasks;
	m->has_log = r->has_log;
	m->log_bytes = r->log_bytes;
	m->cgroup = or_absent(r->cgroup);
	put_task(&r->criu, &parts->criu);
	put_task(&r->root, &parts->root);
	m->criu = &parts->criu;
	m->root = &parts->root;
}

int kept_pack(const struct record *r, uint8_t **ret, size_t *ret_size)
{
	Fdbroker__Kept__Kept m = FDBROKER__KEPT__KEPT__INIT;
	struct parts parts = { 0 };
	int result = put_problems(r, &parts, &m);

	put_plain(r, &parts, &m);
	put_stages(r, &parts, &m);
	put_error(r, &parts, &m);
	if (r->has_result)
		put_result(r, &parts, &m);
	put_end(r, &parts, &m);
	if (result == 0) {
		*ret_size = fdbroker__kept__kept__get_packed_size(&m);
		*ret = malloc(*ret_size);
		result = *ret ? 0 : -ENOMEM;
	}
	if (result == 0)
		(void)fdbroker__kept__kept__pack(&m, *ret);
	free(parts.problems);
	free(parts.problem_list);
	return result;
}

/* ---- message -> record ---- */

static void get_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ?: "");
}

static struct record_task get_task(const Fdbroker__Kept__KeptTask *from)
{
	return from ? (struct record_task){ from->pid, from->start_time, from->inode }
		    : (struct record_task){ 0 };
}

static void get_stages(const Fdbroker__Kept__Kept *m, struct record *r)
{
	for (size_t i = 0; i < m->n_stages && i < JOB_MAX_STAGES; i++) {
		r->stages[i].kind = (enum job_stage_kind)m->stages[i]->kind;
		r->stages[i].at_us = m->stages[i]->at_us;
		get_text(r->stages[i].name, sizeof(r->stages[i].name), m->stages[i]->name);
		r->n_stages = i + 1;
	}
}

static void get_error(const Fdbroker__Kept__KeptError *e, struct record *r)
{
	if (!e)
		return;
	r->err.code = (enum err_code)e->code;
	r->err.sys = e->sys;
	get_text(r->err.field, sizeof(r->err.field), e->field);
	get_text(r->err.text, sizeof(r->err.text), e->text);
	get_text(r->reason, sizeof(r->reason), e->reason);
	get_text(r->hint, sizeof(r->hint), e->hint);
}

static int get_result(const Fdbroker__Kept__Kept *m, struct record *r)
{
	r->has_result = m->has_success;
	r->success = m->success;
	r->cleanup = (enum job_cleanup)m->cleanup;
	r->total_us = m->total_us;
	get_error(m->error, r);
	if (m->n_numbers) {
		r->numbers = calloc(m->n_numbers, sizeof(*r->numbers));
		if (!r->numbers)
			return -ENOMEM;
		memcpy(r->numbers, m->numbers, m->n_numbers * sizeof(*r->numbers));
		r->n_numbers = m->n_numbers;
	}
	for (size_t i = 0; i < m->n_problems; i++) {
		const Fdbroker__Kept__KeptProblem *p = m->problems[i];

		if (record_add_problem(r, p->code ?: "", p->error, p->mapping, p->text ?: "") < 0)
			return -ENOMEM;
	}
	r->has_stats = m->n_stats == N_STATS;
	if (r->has_stats)
		r->stats = (struct stats){
			.pages_compared = m->stats[0],
			.pages_skipped_cow = m->stats[1],
			.pages_restored = m->stats[2],
			.has_pages_restored = m->stats[2] != UINT64_MAX,
			.forking_us = (uint32_t)m->stats[3],
			.restore_us = (uint32_t)m->stats[4],
		};
	return 0;
}

static struct timeval tv_of(uint64_t us)
{
	return (struct timeval){ .tv_sec = (time_t)(us / 1000000),
		.tv_usec = (suseconds_t)(us % 1000000) };
}

static void get_end(const Fdbroker__Kept__Kept *m, struct record *r)
{
	r->end_known = m->has_end_status;
	r->end_status = m->end_status;
	r->has_usage = m->n_usage == N_USAGE;
	if (!r->has_usage)
		return;
	r->usage.ru_utime = tv_of(m->usage[0]);
	r->usage.ru_stime = tv_of(m->usage[1]);
	r->usage.ru_maxrss = (long)m->usage[2];
	r->usage.ru_minflt = (long)m->usage[3];
	r->usage.ru_majflt = (long)m->usage[4];
}

static void get_plain(const Fdbroker__Kept__Kept *m, struct record *r)
{
	r->id = m->id;
	r->uid = m->uid;
	r->client = m->client;
	r->accepted_us = m->accepted_us;
	r->started_us = m->started_us;
	r->deadline_ms = m->deadline_ms;
	r->carry_on = m->carry_on;
	r->own = m->own;
	r->recovered = m->recovered;
	r->state = (enum job_state)m->state;
	r->tasks = m->tasks;
	r->has_log = m->has_log;
	r->log_bytes = m->log_bytes;
	for (size_t i = 0; i < m->n_at_us && i < JOB_N_STATES; i++)
		r->at_us[i] = m->at_us[i];
	get_text(r->cgroup, sizeof(r->cgroup), m->cgroup);
	r->criu = get_task(m->criu);
	r->root = get_task(m->root);
}

int kept_unpack(const uint8_t *data, size_t size, struct record *ret)
{
	Fdbroker__Kept__Kept *m = fdbroker__kept__kept__unpack(NULL, size, data);
	struct record r = { 0 };
	int result;

	if (!m)
		return -EBADMSG;
	get_plain(m, &r);
	get_stages(m, &r);
	get_end(m, &r);
	result = r.id && r.state >= JOB_ACCEPTED && r.state <= JOB_ENDED ? get_result(m, &r)
									 : -EBADMSG;
	fdbroker__kept__kept__free_unpacked(m, NULL);
	if (result < 0)
		record_done(&r);
	else
		*ret = r;
	return result;
}

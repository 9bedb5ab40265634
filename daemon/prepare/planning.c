/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The planner child: it reads images, plans, and then waits for questions about what it has read. See
 * planning.h; what a plan is: plan/plan.h. Its other half, in the daemon: planner.c.
 */
#include "prepare/planning.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "processes/helper.h"
#include "prepare/pids_in_use.h"
#include "plan/explain.h"
#include "plan/plan.h"
#include "plan/report_inspect.h"
#include "plan/report_plan.h"
#include "plan/wanted.h"
#include "planned.pb-c.h"
#include "processes/sandbox.h"
#include "prepare/stamps.h"
#include "worker/stats.h"

/* What the child has read and made. It goes with the child; in the daemon it is empty. */
static struct planning {
	int images; /* owned */
	enum planner_output output;
	uint64_t at_own_risk;
	uint64_t memory; /* bytes */
	struct plan_mapping_in *mappings;
	const char **targets; /* as the client wrote them */
	size_t n_mappings;
	struct credentials run_as; /* if by_client */
	bool by_client;            /* else we read as who we are */
	struct stamps stamps;
	struct graph graph;
	struct plan plan;
} kept;

static bool is_alive(const struct task *t)
{
	return t->state != TASK_DEAD && t->state != TASK_ZOMBIE;
}

static int read_mapping(
	const Fdbroker__Planned__Mapping *m, int fd, struct plan_mapping_in *ret, struct err *err)
{
	ret->name = m->lent;
	ret->reopen = m->reopen;
	facts_read(fd, &ret->facts);
	if (!m->is_key)
		return target_parse(m->target, &ret->target, err);
	ret->target = (struct target){ .kind = TARGET_KEY, .text = m->target, .number = -1 };
	return 0;
}

/* What is kept points into the message, which is never freed. */
static int read_request(struct parcel *parcel, struct err *err)
{
	const Fdbroker__Planned__Request *m =
		fdbroker__planned__request__unpack(NULL, parcel->size, parcel->bytes);
	char field[40];

	if (!m || parcel->fds.n != m->n_mappings + 1)
		return err_set(err, ERR_INTERNAL, 0, NULL, "the planner got no request");
	kept.mappings = calloc(m->n_mappings + 1, sizeof(*kept.mappings));
	kept.targets = calloc(m->n_mappings + 1, sizeof(*kept.targets));
	if (!kept.mappings || !kept.targets)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a plan");
	kept.images = fdset_take(&parcel->fds, 0);
	kept.output = m->output;
	kept.at_own_risk = m->at_own_risk;
	kept.memory = m->memory;
	kept.n_mappings = m->n_mappings;
	kept.by_client = m->run_as;
	if (m->run_as)
		kept.run_as = (struct credentials){ m->run_as->uid, m->run_as->gid,
			m->run_as->groups, m->run_as->n_groups };
	for (size_t i = 0; i < m->n_mappings; i++) {
		kept.targets[i] = m->mappings[i]->target;
		if (read_mapping(m->mappings[i], parcel->fds.fds[i + 1], &kept.mappings[i], err) <
			0) {
			snprintf(err->field, sizeof(err->field), "%s",
				err_field(field, sizeof(field), "mappings", i, "target"));
			return -1;
		}
	}
	/* The lent descriptors are out of reach before anything hostile is read. */
	fdset_done(&parcel->fds);
	return 0;
}

static void pack_problems(const struct plan *plan, Fdbroker__Planned__Problem *items,
	Fdbroker__Planned__Problem **list)
{
	for (size_t i = 0; i < plan->n_problems; i++) {
		const struct plan_problem *p = &plan->problems[i];

		fdbroker__planned__problem__init(&items[i]);
		items[i].code = p->code;
		items[i].error = p->level == PLAN_ERROR;
		items[i].has_mapping = p->mapping != NONE;
		items[i].mapping = p->mapping;
		items[i].text = (char *)p->text;
		list[i] = &items[i];
	}
}

static int pack_tasks(const struct graph *g, Fdbroker__Planned__Planned *message,
	uint32_t **ret_pids, struct err *err)
{
	size_t n;

	*ret_pids = wanted_pids(g, &n);
	if (!*ret_pids)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a plan");
	message->has_tasks = true;
	for (size_t i = 0; i < g->n_tasks; i++)
		message->tasks += is_alive(&g->tasks[i]);
	message->n_pids = n < CONFIG_MAX_PIDS ? n : CONFIG_MAX_PIDS;
	message->pids = *ret_pids;
	return 0;
}

/* Consumes fd. */
static int seal(int fd, struct err *err)
{
	autofd int owned = fd;

	if (fcntl(owned, F_ADD_SEALS, PLANNING_SEALS) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot seal a plan");
	return TAKE_FD(owned);
}

static int write_message(const Fdbroker__Planned__Planned *message, struct err *err)
{
	autofd int fd = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t size = fdbroker__planned__planned__get_packed_size(message);
	void *map;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot hand back a plan");
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, ERR_INTERNAL, errno, NULL,
			"cannot hand back a plan of %zu bytes", size);
	(void)fdbroker__planned__planned__pack(message, map);
	(void)munmap(map, size);
	return seal(TAKE_FD(fd), err);
}

static int pack_images(
	const struct plan *plan, Fdbroker__Planned__Planned *message, struct err *err)
{
	autosplit struct split_images images = { 0 };
	autofree Fdbroker__Planned__Image *items = NULL;
	autofree Fdbroker__Planned__Image **list = NULL;

	if (plan->n_splits && plan_split(plan, &images, err) < 0)
		return -1;
	items = calloc(images.n + 1, sizeof(*items));
	list = calloc(images.n + 1, sizeof(*list));
	if (!items || !list)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a plan");
	for (size_t i = 0; i < images.n; i++) {
		fdbroker__planned__image__init(&items[i]);
		items[i].name = images.images[i].name;
		items[i].bytes =
			(ProtobufCBinaryData){ images.images[i].n, images.images[i].bytes };
		list[i] = &items[i];
	}
	message->n_images = images.n;
	message->images = list;
	return write_message(message, err);
}

static int pack(const struct plan *plan, struct err *err)
{
	Fdbroker__Planned__Planned message = FDBROKER__PLANNED__PLANNED__INIT;
	autofree Fdbroker__Planned__Problem *items = calloc(plan->n_problems + 1, sizeof(*items));
	autofree Fdbroker__Planned__Problem **list = calloc(plan->n_problems + 1, sizeof(*list));
	autofree char **keys = calloc(plan->n_mappings + 1, sizeof(*keys));
	autofree uint32_t *pids = NULL;

	if (!items || !list || !keys)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a plan");
	pack_problems(plan, items, list);
	message.n_problems = plan->n_problems;
	message.problems = list;
	if (pack_tasks(plan->g, &message, &pids, err) < 0)
		return -1;
	if (plan->n_errors)
		return write_message(&message, err);
	for (size_t i = 0; i < plan->n_mappings; i++)
		keys[i] = (char *)plan->mappings[i].key;
	message.n_keys = plan->n_mappings;
	message.keys = keys;
	return pack_images(plan, &message, err);
}

/* ---- reports ---- */

static void put_text(void *arg, const char *text)
{
	(void)fputs(text, arg); /* what does not fit is seen by ferror() */
}

static int write_report(const struct plan *plan, const struct plan_request *request,
	enum planner_output output, struct err *err)
{
	autofd int fd = memfd_create("report", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w"); /* owns copy from here */
	struct report report = { .put = put_text, .arg = out };
	bool bad;

	if (!out)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot write a report");
	if (output == PLANNER_PLAN)
		bad = report_plan(plan, request, &report) < 0;
	else
		bad = report_inspect(plan, NONE, &report) < 0;
	bad |= ferror(out) != 0;
	bad |= fclose(out) != 0;
	if (bad)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a report");
	return seal(TAKE_FD(fd), err);
}

static int make_plan(struct err *err)
{
	struct pids_in_use pids = { .n = 0 };
	struct plan_request request = {
		.mappings = kept.mappings,
		.n_mappings = kept.n_mappings,
		.at_own_risk = kept.at_own_risk,
	};

	if (getrandom(&request.nonce, sizeof(request.nonce), 0) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "no random numbers");
	if (load_graph(kept.images, &kept.graph, err) < 0)
		return -1;
	(void)pids_in_use(&kept.graph, &pids); /* what is not found out here criu finds out */
	request.pids = pids.list;
	request.n_pids = pids.n;
	if (plan_make(&kept.graph, &request, &kept.plan, err) < 0)
		return -1;
	return kept.output == PLANNER_FOR_CRIU
		       ? pack(&kept.plan, err)
		       : write_report(&kept.plan, &request, kept.output, err);
}

/* plan/ says in the field which file and record it is; people read the text. */
static int name_record(struct err *err)
{
	char text[sizeof(err->text)], field[sizeof(err->field)];

	if (!err->field[0] || !strncmp(err->text, err->field, strlen(err->field)))
		return -1;
	memcpy(text, err->text, sizeof(text));
	memcpy(field, err->field, sizeof(field));
	err_set(err, err->code, 0, field, "%s: %.340s", field, text);
	return -1;
}

static void limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes */
	const struct rlimit memory = { kept.memory, kept.memory };

	(void)setrlimit(RLIMIT_AS, &memory);
#endif
}

int planning_run(struct parcel *request, struct err *err)
{
	int fd;

	if (read_request(request, err) < 0)
		return -1;
	limit_memory();
	if (sandbox_enter(kept.by_client ? &kept.run_as : NULL, err) < 0)
		return -1;
	/* First: what changes while it is read is noticed as well. */
	if (stamps_take(kept.images, &kept.stamps) < 0)
		return err_set(err, ERR_BAD_IMAGES, errno, "images_dir",
			"images_dir: cannot look at its files");
	fd = make_plan(err);
	return fd < 0 ? name_record(err) : fd;
}

/* ---- questions ---- */

/* A copy, for criu's tasks may still write to it. What is in the middle of a long one is left out. */
static char *read_log(int fd, size_t *ret_size)
{
	struct stat st;
	off_t half = CONFIG_EXPLAIN_BYTES / 2, tail;
	char *log;
	ssize_t n, m;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	log = malloc(CONFIG_EXPLAIN_BYTES);
	if (!log)
		return NULL;
	tail = st.st_size > CONFIG_EXPLAIN_BYTES ? st.st_size - half : half;
	n = pread(fd, log, (size_t)half, 0);
	m = n == half ? pread(fd, log + n, (size_t)half, tail) : 0;
	if (n < 0 || m < 0) {
		free(log);
		return NULL;
	}
	*ret_size = (size_t)(n + m);
	return log;
}

static const char *who_has_pid(void *arg, pid_t pid, char *buf, size_t size)
{
	(void)arg;
	return pids_in_use_by(pid, buf, size);
}

static size_t explain(int fd, void *ret)
{
	autofree struct explain_mapping *mappings = calloc(kept.n_mappings + 1, sizeof(*mappings));
	struct explain_about about = { .graph = &kept.graph,
		.mappings = mappings,
		.n_mappings = kept.n_mappings,
		.who_has_pid = who_has_pid };
	struct explained explained = { 0 };
	autofree char *log = NULL;
	size_t size;

	log = read_log(fd, &size);
	if (!mappings || !log)
		return 0;
	for (size_t i = 0; i < kept.n_mappings; i++)
		mappings[i] = (struct explain_mapping){ kept.targets[i], kept.mappings[i].name,
			i < kept.plan.n_mappings ? kept.plan.mappings[i].key : NULL };
	if (!explain_log(&about, log, size, &explained))
		return 0;
	memcpy(ret, &explained, sizeof(explained));
	return sizeof(explained);
}

_Static_assert(sizeof(struct explained) <= HELPER_MAX_ANSWER, "an answer");
_Static_assert(sizeof(struct stats) <= HELPER_MAX_ANSWER, "an answer");

static size_t statistics(int work_dir, void *ret)
{
	struct stats stats;

	if (stats_read(work_dir, &stats) < 0)
		return 0;
	memcpy(ret, &stats, sizeof(stats));
	return sizeof(stats);
}

size_t planning_answer(struct parcel *request, unsigned question, int fd, void *ret)
{
	(void)request;
	if (question == PLANNER_EXPLAIN)
		return explain(fd, ret);
	if (question == PLANNER_STATISTICS)
		return statistics(fd, ret);
	*(uint8_t *)ret = stamps_hold(kept.images, &kept.stamps);
	return 1;
}

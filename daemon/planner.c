/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The planner child and its message. See planner.h; what a plan is: plan/plan.h. */
#include "planner.h"

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
#include "config.h"
#include "pids_in_use.h"
#include "plan/plan.h"
#include "plan/report_inspect.h"
#include "plan/report_plan.h"
#include "planned.pb-c.h"
#include "stamps.h"

/* What the child has: its copy of the request, and what it keeps for the question. */
struct planning {
	const struct planner_request *request;
	struct stamps stamps;
};

/* ---- in the child ---- */

static int read_mappings(
	const struct planner_request *r, struct plan_mapping_in *ret, struct err *err)
{
	char field[40];

	for (size_t i = 0; i < r->n_mappings; i++) {
		const struct planner_mapping *m = &r->mappings[i];

		ret[i].name = m->lent;
		ret[i].reopen = m->reopen;
		facts_read(m->fd, &ret[i].facts);
		if (m->is_key) {
			ret[i].target = (struct target){
				.kind = TARGET_KEY, .text = m->target, .number = -1
			};
		} else if (target_parse(m->target, &ret[i].target, err) < 0) {
			snprintf(err->field, sizeof(err->field), "%s",
				err_field(field, sizeof(field), "mappings", i, "target"));
			return -1;
		}
	}
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

static int write_message(const Fdbroker__Planned__Planned *message, struct err *err)
{
	autofd int fd = memfd_create("plan", MFD_CLOEXEC);
	size_t size = fdbroker__planned__planned__get_packed_size(message);
	void *map;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot hand back a plan");
	if (size == 0)
		return TAKE_FD(fd);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, ERR_INTERNAL, errno, NULL,
			"cannot hand back a plan of %zu bytes", size);
	(void)fdbroker__planned__planned__pack(message, map);
	(void)munmap(map, size);
	return TAKE_FD(fd);
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

	if (!items || !list || !keys)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a plan");
	pack_problems(plan, items, list);
	message.n_problems = plan->n_problems;
	message.problems = list;
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
	autofd int fd = memfd_create("report", MFD_CLOEXEC);
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
	return TAKE_FD(fd);
}

static int make_plan(const struct planner_request *r, const struct plan_mapping_in *mappings,
	int images, struct err *err)
{
	autograph struct graph g = { 0 };
	autoplan struct plan plan = { 0 };
	struct pids_in_use pids = { .n = 0 };
	struct plan_request request = {
		.mappings = mappings,
		.n_mappings = r->n_mappings,
		.at_own_risk = r->at_own_risk,
	};

	if (getrandom(&request.nonce, sizeof(request.nonce), 0) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "no random numbers");
	if (load_graph(images, &g, err) < 0)
		return -1;
	(void)pids_in_use(&g, &pids); /* what is not found out here criu finds out */
	request.pids = pids.list;
	request.n_pids = pids.n;
	if (plan_make(&g, &request, &plan, err) < 0)
		return -1;
	return r->output == PLANNER_FOR_CRIU ? pack(&plan, err)
					     : write_report(&plan, &request, r->output, err);
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

static int run(void *arg, struct err *err)
{
	struct planning *p = arg;
	const struct planner_request *r = p->request;
	struct rlimit memory = { CONFIG_PLANNER_MEMORY, CONFIG_PLANNER_MEMORY };
	autofree struct plan_mapping_in *mappings = calloc(r->n_mappings + 1, sizeof(*mappings));
	int images = r->images, fd;

	/* The lent descriptors are looked at before anything hostile is read, and are then out of reach. */
	if (!mappings || read_mappings(r, mappings, err) < 0)
		return mappings ? -1
				: err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a plan");
	helper_keep_only(&images, 1);
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes */
	(void)setrlimit(RLIMIT_AS, &memory);
#endif
	(void)memory;
	/* First: what changes while it is read is noticed as well. */
	if (stamps_take(r->images, &p->stamps) < 0)
		return err_set(err, ERR_BAD_IMAGES, errno, "images_dir",
			"images_dir: cannot look at its files");
	fd = make_plan(r, mappings, r->images, err);
	return fd < 0 ? name_record(err) : fd;
}

static bool answer(void *arg)
{
	struct planning *p = arg;

	return stamps_hold(p->request->images, &p->stamps);
}

/* ---- in the daemon ---- */

int planner_start(struct event_base *base, struct reaper *reaper,
	const struct planner_request *request, const struct helper_ops *ops, void *arg,
	struct helper **ret, struct err *err)
{
	struct planning planning = { .request = request };
	const struct helper_spec spec = {
		.run = run,
		.answer = request->output == PLANNER_FOR_CRIU ? answer : NULL,
		.arg = &planning,
		.what = "reading the images",
		.deadline_ms = CONFIG_PLANNER_MS,
	};

	return helper_start(base, reaper, &spec, ops, arg, ret, err);
}

bool planner_is_memory(int fd)
{
	return fcntl(fd, F_GET_SEALS) >= 0; /* EINVAL for all but memfds and files on a tmpfs */
}

static Fdbroker__Planned__Planned *read_message(int fd)
{
	autofree uint8_t *bytes = NULL;
	struct stat st;

	if (!planner_is_memory(fd) || fstat(fd, &st) < 0 || st.st_size > CONFIG_PLANNER_BYTES)
		return NULL;
	/* A copy: the child can still write to the file, and a message must not change while it is unpacked. */
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes || pread(fd, bytes, (size_t)st.st_size, 0) != st.st_size)
		return NULL;
	return fdbroker__planned__planned__unpack(NULL, (size_t)st.st_size, bytes);
}

static bool good_problem(const Fdbroker__Planned__Problem *p, size_t n_mappings)
{
	return plan_code_name((int)p->code) && (!p->has_mapping || p->mapping < n_mappings);
}

static bool good_name(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < 128;
}

static int take_problems(
	const Fdbroker__Planned__Planned *m, size_t n_mappings, struct planned *ret)
{
	ret->problems = calloc(m->n_problems + 1, sizeof(*ret->problems));
	if (!ret->problems)
		return -1;
	for (size_t i = 0; i < m->n_problems; i++) {
		const Fdbroker__Planned__Problem *p = m->problems[i];

		if (!good_problem(p, n_mappings))
			return -1;
		ret->problems[i] = (struct planner_problem){ plan_code_name((int)p->code), p->error,
			p->has_mapping ? (int)p->mapping : -1, p->text };
		ret->n_errors += p->error;
	}
	ret->n_problems = m->n_problems;
	return 0;
}

static int take_files(const Fdbroker__Planned__Planned *m, struct planned *ret)
{
	ret->files = calloc(m->n_images + 1, sizeof(*ret->files));
	if (!ret->files)
		return -1;
	for (size_t i = 0; i < m->n_images; i++) {
		if (!good_name(m->images[i]->name))
			return -1;
		ret->files[i] = (struct overlay_file){ m->images[i]->name, m->images[i]->bytes.data,
			m->images[i]->bytes.len };
	}
	ret->n_files = m->n_images;
	return 0;
}

int planner_read(int fd, size_t n_mappings, struct planned *ret, struct err *err)
{
	autofd int owned = fd;
	Fdbroker__Planned__Planned *m = read_message(owned);

	ret->message = m;
	if (!m || take_problems(m, n_mappings, ret) < 0 || take_files(m, ret) < 0)
		return err_set(err, ERR_INTERNAL, 0, NULL, "the planner handed back no plan");
	if (ret->n_errors == 0 && m->n_keys != n_mappings)
		return err_set(err, ERR_INTERNAL, 0, NULL,
			"the planner handed back %zu keys for %zu mappings", m->n_keys, n_mappings);
	ret->keys = (const char *const *)m->keys;
	return 0;
}

void planned_warn(struct planned *p, int code, const char *text)
{
	struct planner_problem *all = reallocarray(p->problems, p->n_problems + 1, sizeof(*all));

	if (!all)
		return;
	p->problems = all;
	all[p->n_problems++] = (struct planner_problem){ plan_code_name(code), false, -1, text };
}

void planned_done(struct planned *p)
{
	if (p->message)
		fdbroker__planned__planned__free_unpacked(p->message, NULL);
	free(p->problems);
	free(p->files);
	*p = (struct planned){ 0 };
}

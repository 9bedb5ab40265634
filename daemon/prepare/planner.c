/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's half of the planner: it believes nothing that the child says. See planner.h; the child: planning.c. */
#include "prepare/planner.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/printable.h"
#include "base/utf8.h"
#include "config/config.h"
#include "plan/plan.h"
#include "planned.pb-c.h"
#include "prepare/scan.h"

/* ---- asking ---- */

/* A zygote_main. */
static void child(int sock)
{
	static const struct helper_work work = { .run = planning_run, .answer = planning_answer };

	helper_serve(sock, &work);
}

static void pack_mappings(const struct planner_request *r, Fdbroker__Planned__Mapping *items,
	Fdbroker__Planned__Mapping **list, int *fds)
{
	for (size_t i = 0; i < r->n_mappings; i++) {
		const struct planner_mapping *m = &r->mappings[i];

		fdbroker__planned__mapping__init(&items[i]);
		items[i].target = (char *)m->target;
		items[i].is_key = m->is_key;
		items[i].lent = (char *)m->lent;
		items[i].reopen = m->reopen;
		list[i] = &items[i];
		fds[i] = m->fd;
	}
}

int planner_start(struct event_base *base, struct reaper *reaper,
	const struct planner_request *request, const struct helper_ops *ops, void *arg,
	struct helper **ret, struct err *err)
{
	size_t n = request->n_mappings;
	Fdbroker__Planned__Request message = FDBROKER__PLANNED__REQUEST__INIT;
	Fdbroker__Planned__RunAs run_as = FDBROKER__PLANNED__RUN_AS__INIT;
	autofree Fdbroker__Planned__Mapping *items = calloc(n + 1, sizeof(*items));
	autofree Fdbroker__Planned__Mapping **list = calloc(n + 1, sizeof(*list));
	autofree int *fds = calloc(n + 1, sizeof(*fds));
	autofree uint8_t *bytes = NULL;
	struct helper_spec spec = { .main = child,
		.fds = fds,
		.n_fds = n + 1,
		.what = "reading the images",
		.deadline_ms = (unsigned)request->config->planner_ms };

	if (!items || !list || !fds)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory to plan");
	fds[0] = request->images;
	pack_mappings(request, items, list, fds + 1);
	message.output = request->output;
	message.at_own_risk = request->at_own_risk;
	message.memory = request->config->planner_memory;
	message.n_mappings = n;
	message.mappings = list;
	if (request->run_as) {
		run_as.uid = request->run_as->uid;
		run_as.gid = request->run_as->gid;
		run_as.n_groups = request->run_as->n_groups;
		run_as.groups = request->run_as->groups;
		message.run_as = &run_as;
	}
	spec.size = fdbroker__planned__request__get_packed_size(&message);
	bytes = malloc(spec.size);
	if (!bytes)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory to plan");
	(void)fdbroker__planned__request__pack(&message, bytes);
	spec.request = bytes;
	return helper_start(base, reaper, &spec, ops, arg, ret, err);
}

/* ---- reading what has come ---- */

bool planner_is_memory(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS); /* EINVAL for all but memfds and files on a tmpfs */

	return seals >= 0 && (seals & PLANNING_SEALS) == PLANNING_SEALS;
}

/* @ret: its images; the caller frees them */
static Fdbroker__Planned__Planned *read_message(
	int fd, uint64_t max_bytes, size_t n_mappings, struct scan *ret)
{
	Fdbroker__Planned__Planned *message = NULL;
	struct stat st;
	void *map;

	if (!planner_is_memory(fd) || fstat(fd, &st) < 0 || (uint64_t)st.st_size > max_bytes)
		return NULL;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	if (scan_plan(map, (size_t)st.st_size, n_mappings, ret) == 0)
		message = fdbroker__planned__planned__unpack(NULL, (size_t)st.st_size, map);
	(void)munmap(map, (size_t)st.st_size);
	return message;
}

static bool good_problem(const Fdbroker__Planned__Problem *p, size_t n_mappings)
{
	return plan_code_name((int)p->code) && (!p->has_mapping || p->mapping < n_mappings);
}

static bool good_name(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < OVERLAY_MAX_NAME;
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

static int take_files(
	const Fdbroker__Planned__Planned *m, const struct scan *scan, struct planned *ret)
{
	ret->files = calloc(m->n_images + 1, sizeof(*ret->files));
	if (!ret->files || m->n_images != scan->n_images)
		return -1;
	for (size_t i = 0; i < m->n_images; i++) {
		struct overlay_file *f = &ret->files[i];

		if (!good_name(m->images[i]->name))
			return -1;
		*f = (struct overlay_file){ .at = scan->images[i].at,
			.size = scan->images[i].size };
		snprintf(f->name, sizeof(f->name), "%s", m->images[i]->name);
	}
	ret->n_files = m->n_images;
	return 0;
}

static int take_tasks(const Fdbroker__Planned__Planned *m, struct planned *ret)
{
	if (m->n_pids > CONFIG_MAX_PIDS)
		return -1;
	ret->n_tasks = m->tasks;
	ret->pids = m->pids;
	ret->n_pids = m->n_pids;
	return 0;
}

int planner_read(
	int fd, uint64_t max_bytes, size_t n_mappings, struct planned *ret, struct err *err)
{
	struct scan scan = { 0 };
	Fdbroker__Planned__Planned *m = read_message(fd, max_bytes, n_mappings, &scan);
	bool good = m && take_problems(m, n_mappings, ret) == 0 && take_files(m, &scan, ret) == 0 &&
		    take_tasks(m, ret) == 0;

	free(scan.images);
	ret->message = m;
	if (!good)
		return err_set(err, ERR_INTERNAL, 0, NULL, "the planner handed back no plan");
	if (ret->n_errors == 0 && m->n_keys != n_mappings)
		return err_set(err, ERR_INTERNAL, 0, NULL,
			"the planner handed back %zu keys for %zu mappings", m->n_keys, n_mappings);
	ret->keys = (const char *const *)m->keys;
	return 0;
}

/* One line that can be shown: what is none becomes '?'. */
static void clean(char *text, size_t size)
{
	char part[8];

	text[size - 1] = 0;
	for (char *p = text; *p;) {
		uint32_t number;
		size_t n = utf8_decode(p, 4, &number);

		/* A backslash is no harm here, though printable() escapes it. */
		if (*p != '\\' && (!n || strncmp(printable(part, sizeof(part), p, n), p, n) != 0)) {
			*p++ = '?';
			continue;
		}
		p += n;
	}
}

bool planner_explained(const void *answer, size_t size, struct explained *ret)
{
	struct explained e;

	if (!answer || size != sizeof(e))
		return false;
	memcpy(&e, answer, sizeof(e));
	clean(e.reason, sizeof(e.reason));
	clean(e.text, sizeof(e.text));
	clean(e.hint, sizeof(e.hint));
	if (!e.text[0])
		return false;
	*ret = e;
	return true;
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

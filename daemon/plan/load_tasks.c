/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of loading (load.h) that reads tasks and what each has: table, directories, mappings. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "plan/loading.h"

/* The open file of an id, entered as used by a task in some way. */
static int use_by_id(struct load *l, const struct image *img, uint32_t id, enum use_kind kind,
	uint32_t task, uint32_t *ret)
{
	uint32_t file = graph_file(l->g, id);

	if (file == NONE)
		return image_fault(img, l->err, "files.img has no record of the id 0x%x", id);
	*ret = file;
	return load_use(l, file, kind, task, 0, 0);
}

static int load_fs(struct load *l, uint32_t task)
{
	autoimage struct image img = { .fd = -1 };
	struct task *t = &l->g->tasks[task];
	struct rec_fs rec;
	int r = image_open(&l->g->dir, IMAGE_FS, t->pid, &img, l->err);

	if (r > 0)
		r = record_fs(&img, &rec, l->err);
	if (r <= 0)
		return r;
	if (use_by_id(l, &img, rec.cwd_id, USE_CWD, task, &t->cwd) < 0)
		return -1;
	return use_by_id(l, &img, rec.root_id, USE_ROOT, task, &t->root);
}

static int load_mm(struct load *l, uint32_t task)
{
	autoimage struct image img = { .fd = -1 };
	struct task *t = &l->g->tasks[task];
	struct rec_mm rec;
	int r = image_open(&l->g->dir, IMAGE_MM, t->pid, &img, l->err);

	if (r > 0)
		r = record_mm(&img, &rec, l->err);
	if (r <= 0)
		return r;
	if (use_by_id(l, &img, rec.exe_id, USE_EXE, task, &t->exe) < 0)
		return -1;
	for (size_t i = 0; i < rec.n_vmas; i++) {
		struct rec_vma vma;
		uint32_t file;

		if (!record_vma(&rec, i, &vma))
			continue;
		file = graph_file(l->g, vma.file_id);
		if (file == NONE)
			return image_fault(&img, l->err,
				"the mapping at 0x%llx is of the file 0x%x, which is not there",
				(unsigned long long)vma.start, vma.file_id);
		if (load_use(l, file, USE_MAPPING, task, vma.start, vma.end) < 0)
			return -1;
	}
	return 0;
}

static int compare_fd(const void *a, const void *b)
{
	const struct desc *x = a, *y = b;

	return (x->fd > y->fd) - (x->fd < y->fd);
}

static int add_desc(
	struct load *l, const struct image *img, uint32_t table, const struct rec_desc *rec)
{
	uint32_t file = graph_file(l->g, rec->id);
	struct desc *d;

	if (file == NONE)
		return image_fault(img, l->err,
			"descriptor %u is of the open file 0x%x, which is not in files.img",
			rec->fd, rec->id);
	if (l->g->files[file].kind != rec->kind)
		return image_fault(img, l->err,
			"descriptor %u is a %s here and a %s in files.img[%u]", rec->fd,
			file_kind_name(rec->kind), file_kind_name(l->g->files[file].kind), file);
	if (rec->fd > INT_MAX)
		return image_fault(img, l->err, "no descriptor has the number %u", rec->fd);
	d = MORE(l, descs);
	if (!d)
		return -1;
	*d = (struct desc){ .table = table,
		.fd = rec->fd,
		.file = file,
		.record = (uint32_t)img->record,
		.cloexec = rec->cloexec };
	return 0;
}

static int load_descs(struct load *l, uint32_t table)
{
	autoimage struct image img = { .fd = -1 };
	struct table *t = &l->g->tables[table];
	struct desc *first;
	struct rec_desc rec;
	uint32_t last = 0;
	bool sorted = true; /* as criu writes them */
	int r = image_open(&l->g->dir, IMAGE_FDINFO, t->id, &img, l->err);

	t->first_desc = (uint32_t)l->g->n_descs;
	if (r <= 0)
		return r;
	while ((r = record_desc(&img, &rec, l->err)) > 0) {
		if (add_desc(l, &img, table, &rec) < 0)
			return -1;
		sorted = sorted && rec.fd >= last;
		last = rec.fd;
	}
	if (r < 0)
		return -1;
	t->n_descs = (uint32_t)l->g->n_descs - t->first_desc;
	if (t->n_descs == 0)
		return 0;
	first = &l->g->descs[t->first_desc];
	if (!sorted)
		qsort(first, t->n_descs, sizeof(*first), compare_fd);
	for (uint32_t i = 1; i < t->n_descs; i++) {
		if (first[i].fd != first[i - 1].fd)
			continue;
		img.record = first[i].record > first[i - 1].record ? first[i].record
								   : first[i - 1].record;
		return image_fault(&img, l->err, "descriptor %u is there twice", first[i].fd);
	}
	t->image = image_take(&img, &t->image_bytes);
	return 0;
}

/* Puts a task to its table, which is read when its first task comes. */
static int join_table(struct load *l, uint32_t task, uint32_t files_id)
{
	struct graph *g = l->g;
	uint32_t table = graph_table(g, files_id);
	struct table *t;

	if (table != NONE) {
		g->tasks[task].next_in_table = g->tables[table].first_task;
		g->tables[table].first_task = task;
		g->tables[table].n_tasks++;
		g->tasks[task].table = table;
		return 0;
	}
	table = (uint32_t)g->n_tables;
	if (map_put(&g->table_by_id, files_id, table) < 0)
		return load_no_memory(l);
	t = MORE(l, tables);
	if (!t)
		return -1;
	*t = (struct table){ .id = files_id, .first_task = task, .n_tasks = 1 };
	g->tasks[task].table = table;
	return load_descs(l, table);
}

/* A task's ids: in a file of their own, or, in old images, in its core. Return: 1, 0: none, -1. */
static int load_ids(
	struct load *l, const struct task *t, const struct rec_core *core, struct rec_ids *ret)
{
	autoimage struct image img = { .fd = -1 };
	int r = image_open(&l->g->dir, IMAGE_IDS, t->pid, &img, l->err);

	if (r > 0)
		r = record_ids(&img, ret, l->err);
	if (r != 0 || !core->has_ids)
		return r;
	*ret = core->ids;
	return 1;
}

/* A namespace is looked at when its first task comes. */
static int load_space(struct load *l, uint32_t id, bool net)
{
	autoimage struct image img = { .fd = -1 };
	struct rec_space rec;
	struct space *s;
	uint64_t number = (uint64_t)id << 1 | net;
	int r = id ? map_put(&l->g->space_seen, number, 0) : -EEXIST;

	if (r < 0)
		return r == -EEXIST ? 0 : load_no_memory(l);
	r = image_open(&l->g->dir, net ? IMAGE_NETNS : IMAGE_PIDNS, id, &img, l->err);
	if (r > 0)
		r = net ? record_netns(&img, &rec, l->err) : record_pidns(&img, &rec, l->err);
	if (r <= 0 || !rec.key)
		return r < 0 ? -1 : 0;
	s = MORE(l, spaces);
	if (!s)
		return -1;
	*s = (struct space){
		.id = id, .net = net, .key = texts_keep(&l->g->texts, rec.key, strlen(rec.key))
	};
	return s->key ? 0 : load_no_memory(l);
}

static int load_core(struct load *l, uint32_t task)
{
	autoimage struct image img = { .fd = -1 };
	struct task *t = &l->g->tasks[task];
	struct rec_core core;
	struct rec_ids ids;
	int r = image_open(&l->g->dir, IMAGE_CORE, t->pid, &img, l->err);

	if (r > 0)
		r = record_core(&img, &core, l->err);
	if (r == 0) {
		char name[IMAGE_NAME_SIZE];

		return err_set(l->err, ERR_BAD_IMAGES, 0, image_name(name, IMAGE_CORE, t->pid),
			"task %u of pstree.img has no core", t->pid);
	}
	if (r < 0)
		return -1;
	t->state = core.state;
	t->exit_code = core.exit_code;
	t->comm = texts_keep(&l->g->texts, core.comm, strlen(core.comm));
	if (!t->comm)
		return load_no_memory(l);
	r = load_ids(l, t, &core, &ids);
	if (r <= 0 || core.state == TASK_DEAD || core.state == TASK_ZOMBIE)
		return r < 0 ? -1 : 0;
	t->pid_ns_id = ids.pid_ns_id;
	t->mnt_ns_id = ids.mnt_ns_id;
	if (load_space(l, ids.pid_ns_id, false) < 0 || load_space(l, ids.net_ns_id, true) < 0)
		return -1;
	return join_table(l, task, ids.files_id);
}

static int add_threads(
	struct load *l, const struct image *img, const struct rec_task *rec, uint32_t task)
{
	l->g->tasks[task].first_thread = (uint32_t)l->g->n_threads;
	l->g->tasks[task].n_threads = (uint32_t)rec->n_threads;
	for (size_t i = 0; i < rec->n_threads; i++) {
		uint32_t *thread = MORE(l, threads);

		if (!thread)
			return -1;
		*thread = rec->threads[i];
		if (i > 0 && rec->threads[i] == rec->pid)
			return image_fault(
				img, l->err, "the thread %u is there twice", rec->threads[i]);
	}
	return 0;
}

static int add_task(struct load *l, const struct image *img, const struct rec_task *rec)
{
	uint32_t task = (uint32_t)l->g->n_tasks;
	uint32_t parent = rec->ppid ? graph_task(l->g, rec->ppid) : NONE;
	struct task *t;

	if (rec->pid == 0 || rec->pid > INT_MAX)
		return image_fault(img, l->err, "no task has the pid %u", rec->pid);
	if (task == 0 && rec->ppid)
		return image_fault(img, l->err,
			"the first task is the root, and this one has the parent %u", rec->ppid);
	if (task > 0 && parent == NONE)
		return image_fault(img, l->err,
			"task %u has the parent %u, and no task before it has that pid", rec->pid,
			rec->ppid);
	if (load_enter(l, &l->g->task_by_pid, rec->pid, task, img, "the pid") < 0)
		return -1;
	t = MORE(l, tasks);
	if (!t)
		return -1;
	*t = (struct task){ .pid = rec->pid,
		.pgid = rec->pgid,
		.sid = rec->sid,
		.parent = parent,
		.table = NONE,
		.next_in_table = NONE,
		.exe = NONE,
		.cwd = NONE,
		.root = NONE };
	if (add_threads(l, img, rec, task) < 0 || load_core(l, task) < 0)
		return -1;
	return load_fs(l, task) < 0 ? -1 : load_mm(l, task);
}

int load_tasks(struct load *l)
{
	autoimage struct image img = { .fd = -1 };
	struct rec_task rec;
	int r = image_open(&l->g->dir, IMAGE_PSTREE, 0, &img, l->err);

	if (r == 0)
		return err_set(
			l->err, ERR_BAD_IMAGES, ENOENT, "pstree.img", "the images name no tasks");
	while (r > 0) {
		r = record_task(&img, &rec, l->err);
		if (r > 0 && add_task(l, &img, &rec) < 0)
			r = -1;
	}
	if (r == 0 && l->g->n_tasks == 0)
		return err_set(l->err, ERR_BAD_IMAGES, 0, "pstree.img", "the images name no tasks");
	return r;
}

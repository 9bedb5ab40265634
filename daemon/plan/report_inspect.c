/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON of Inspect. See report_inspect.h. */
#include "plan/report_inspect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "plan/describe.h"
#include "plan/key.h"

/* ---- tasks ---- */

static const char *state_name(uint32_t state)
{
	switch (state) {
	case TASK_ALIVE:
		return "alive";
	case TASK_DEAD:
	case TASK_ZOMBIE:
		return "zombie";
	case TASK_STOPPED:
		return "stopped";
	default:
		return "unknown";
	}
}

static void add_file(cJSON *object, const char *name, const struct graph *g, uint32_t file)
{
	if (file != NONE)
		report_number(object, name, g->files[file].id);
}

static void add_threads(cJSON *object, const struct graph *g, const struct task *t)
{
	cJSON *list = cJSON_CreateArray();

	for (uint32_t i = 0; i < t->n_threads; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber(g->threads[t->first_thread + i]));
	cJSON_AddItemToObjectCS(object, "threads", list);
}

static void put_task(const struct graph *g, uint32_t task, struct report *r)
{
	const struct task *t = &g->tasks[task];
	cJSON *o = cJSON_CreateObject();

	report_number(o, "pid", t->pid);
	report_number(o, "ppid", t->parent == NONE ? 0 : g->tasks[t->parent].pid);
	report_number(o, "pgid", t->pgid);
	report_number(o, "sid", t->sid);
	report_text(o, "comm", t->comm, strlen(t->comm));
	cJSON_AddItemToObjectCS(o, "state", cJSON_CreateString(state_name(t->state)));
	if (t->table == NONE)
		report_number(o, "exit_code", t->exit_code);
	else
		report_number(o, "table", g->tables[t->table].id);
	add_threads(o, g, t);
	add_file(o, "exe", g, t->exe);
	add_file(o, "cwd", g, t->cwd);
	add_file(o, "root", g, t->root);
	report_item(r, NULL, o);
}

/* ---- tables ---- */

static cJSON *table_tasks(const struct graph *g, uint32_t table)
{
	uint32_t n = g->tables[table].n_tasks;
	autofree uint32_t *tasks = malloc((n + 1) * sizeof(*tasks));
	cJSON *list = tasks ? cJSON_CreateArray() : NULL;

	if (!list)
		return NULL;
	describe_table_tasks(g, table, tasks);
	for (uint32_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber(g->tasks[tasks[i]].pid));
	return list;
}

static void put_table(const struct graph *g, uint32_t table, struct report *r)
{
	const struct table *t = &g->tables[table];

	report_open(r, NULL, '{');
	report_item(r, "id", cJSON_CreateNumber(t->id));
	report_item(r, "tasks", table_tasks(g, table));
	report_open(r, "descriptors", '[');
	for (uint32_t i = 0; i < t->n_descs; i++) {
		const struct desc *d = &g->descs[t->first_desc + i];
		cJSON *o = cJSON_CreateObject();

		report_number(o, "fd", d->fd);
		report_number(o, "file", g->files[d->file].id);
		report_true(o, "cloexec", d->cloexec);
		report_item(r, NULL, o);
	}
	(void)report_close(r);
	(void)report_close(r);
}

/* ---- open files ---- */

static void add_access(cJSON *o, const struct file *f)
{
	const char *flags[DESCRIBE_MAX_FLAGS];
	size_t n = describe_flags(f->flags, flags);

	cJSON_AddItemToObjectCS(o, "access", cJSON_CreateString(describe_access(f->flags)));
	if (n)
		report_texts(o, "flags", flags, n);
}

static void add_unix(cJSON *o, const struct file *f)
{
	report_number(o, "inode", f->resource);
	cJSON_AddItemToObjectCS(o, "type", cJSON_CreateString(describe_socket_type(f)));
	if (f->name_bytes)
		report_text(o, "name", f->name, f->name_bytes - (f->name[f->name_bytes - 1] == 0));
	report_true(o, "listening", f->sock_state == SOCK_LISTENING);
	report_true(o, "outside", f->sock_outside);
	if (f->peer_ino)
		report_number(o, "peer_inode", f->peer_ino);
}

static void add_tty(cJSON *o, const struct tty *t)
{
	report_number(o, "rdev", t->rdev);
	report_number(o, "dev", t->dev);
	if (t->is_pty)
		report_number(o, "pty", t->index);
	report_true(o, "master", t->is_master);
}

static void add_watches(cJSON *o, const struct graph *g, const struct file *f)
{
	cJSON *list = cJSON_CreateArray();

	for (uint32_t i = 0; i < f->n_watches; i++)
		cJSON_AddItemToArray(list, cJSON_CreateNumber(g->watches[f->first_watch + i]));
	cJSON_AddItemToObjectCS(o, "watches", list);
}

static void add_kind(cJSON *o, const struct graph *g, const struct file *f)
{
	switch (f->kind) {
	case FILE_PIPE:
	case FILE_FIFO:
		report_number(o, "pipe_id", f->resource);
		if (graph_pipe_bytes(g, f->resource))
			report_number(o, "waiting_bytes", graph_pipe_bytes(g, f->resource));
		break;
	case FILE_UNIXSK:
		add_unix(o, f);
		if (f->size)
			report_number(o, "waiting_bytes", f->size);
		break;
	case FILE_INETSK:
		report_number(o, "inode", f->resource);
		cJSON_AddItemToObjectCS(o, "type", cJSON_CreateString(describe_socket_type(f)));
		break;
	case FILE_TTY:
		add_tty(o, &g->ttys[f->resource]);
		break;
	case FILE_EPOLL:
		add_watches(o, g, f);
		break;
	case FILE_REG:
		report_true(o, "deleted", f->remapped);
		report_true(o, "external", f->ext);
		if (f->has_size)
			report_number(o, "size", f->size);
		report_number(o, "position", f->pos);
		break;
	case FILE_MEMFD:
		report_number(o, "position", f->pos);
		break;
	default:
		break;
	}
}

static cJSON *use_object(const struct graph *g, const struct use *u)
{
	static const char *const names[] = { [USE_CWD] = "cwd",
		[USE_ROOT] = "root",
		[USE_EXE] = "exe",
		[USE_MAPPING] = "mapping",
		[USE_IN_FLIGHT] = "in-flight",
		[USE_PATH] = "path" };
	cJSON *o = cJSON_CreateObject();
	char address[32];

	cJSON_AddItemToObjectCS(o, "use", cJSON_CreateString(names[u->kind]));
	if (u->kind == USE_IN_FLIGHT || u->kind == USE_PATH)
		report_number(o, "file", g->files[u->owner].id);
	else
		report_number(o, "task", g->tasks[u->owner].pid);
	if (u->kind == USE_MAPPING) {
		snprintf(address, sizeof(address), "0x%llx", (unsigned long long)u->start);
		cJSON_AddItemToObjectCS(o, "start", cJSON_CreateString(address));
		report_number(o, "length", u->end - u->start);
	}
	return o;
}

static void add_uses(cJSON *o, const struct graph *g, const struct file *f)
{
	cJSON *list;

	if (f->n_uses == 0)
		return;
	list = cJSON_CreateArray();
	for (uint32_t i = 0; i < f->n_uses; i++)
		cJSON_AddItemToArray(list, use_object(g, &g->uses[f->first_use + i]));
	cJSON_AddItemToObjectCS(o, "uses", list);
}

static void put_file(const struct graph *g, uint32_t file, struct report *r)
{
	const struct file *f = &g->files[file];
	char number[KEY_NUMBER_SIZE];
	const char *key = key_text(g, file, number), *path = graph_path(g, file);
	uint32_t peer = describe_peer(g, file);
	cJSON *o = cJSON_CreateObject();

	report_number(o, "id", f->id);
	cJSON_AddItemToObjectCS(o, "kind", cJSON_CreateString(describe_kind(g, file)));
	add_access(o, f);
	if (path)
		report_text(o, "path", path, strlen(path));
	if (key)
		report_text(o, "key", key, strlen(key));
	add_kind(o, g, f);
	add_file(o, "peer", g, peer);
	report_number(o, "holders", describe_holders(g, file));
	add_uses(o, g, f);
	report_item(r, NULL, o);
}

/* ---- needs ---- */

const char *report_need_target(const struct plan *p, const struct plan_need *need, char *buf)
{
	plan_need_target(p->g, need, buf, DESCRIBE_NAME_SIZE);
	/* A name that JSON cannot carry; a number can be. */
	if (!utf8_valid(buf, strlen(buf)) && need->code != NEED_NAMESPACE)
		target_of_file(p->g, need->file, buf, DESCRIBE_NAME_SIZE);
	return buf;
}

/* The mode in which a path in its place is opened. NULL: a path cannot stand there. */
static const char *mode_of(const struct graph *g, const struct plan_need *need)
{
	const struct file *f;

	if (need->code == NEED_NAMESPACE)
		return "r"; /* /proc/PID/ns/net */
	f = &g->files[need->file];
	if (f->kind == FILE_UNIXSK || f->kind == FILE_EXT)
		return NULL;
	switch (f->flags & O_ACCMODE) {
	case O_RDONLY:
		return "r";
	case O_WRONLY:
		return "a";
	default:
		return "rw";
	}
}

static cJSON *need_object(const struct plan *p, const struct plan_need *need)
{
	autofree char *target = malloc(DESCRIBE_NAME_SIZE);
	const char *mode = mode_of(p->g, need);
	cJSON *o = target ? cJSON_CreateObject() : NULL;
	char text[512];

	if (!o)
		return NULL;
	report_need_target(p, need, target);
	plan_need_text(p->g, need, text, sizeof(text));
	report_text(o, "need", plan_need_name(need->code), strlen(plan_need_name(need->code)));
	report_text(o, "text", text, strlen(text));
	if (need->code != NEED_NAMESPACE)
		report_number(o, "file", p->g->files[need->file].id);
	report_text(o, "target", target, strlen(target));
	cJSON_AddItemToObjectCS(o, "fd", cJSON_CreateNull());
	if (mode) {
		cJSON_AddItemToObjectCS(o, "path", cJSON_CreateNull());
		cJSON_AddItemToObjectCS(o, "mode", cJSON_CreateString(mode));
	}
	return o;
}

void report_need_list(const struct plan *p, const char *name, struct report *r)
{
	report_open(r, name, '[');
	for (size_t i = 0; i < p->n_needs; i++)
		report_item(r, NULL, need_object(p, &p->needs[i]));
	(void)report_close(r);
}

int report_needs(const struct plan *p, struct report *r)
{
	report_open(r, NULL, '{');
	report_need_list(p, "mappings", r);
	return report_close(r);
}

/* ---- all ---- */

/* Which open files are told of: those that somebody has, and of one task only its own. */
static bool *choose(const struct graph *g, uint32_t task)
{
	bool *chosen = calloc(g->n_files + 1, sizeof(*chosen));
	const struct table *t;

	for (uint32_t i = 0; chosen && task == NONE && i < g->n_files; i++)
		chosen[i] = key_replaces(g, i);
	if (!chosen || task == NONE)
		return chosen;
	for (uint32_t i = 0; i < g->n_uses; i++) {
		const struct use *u = &g->uses[i];

		if (u->kind != USE_IN_FLIGHT && u->kind != USE_PATH && u->owner == task)
			chosen[u->file] = true;
	}
	if (g->tasks[task].table == NONE)
		return chosen;
	t = &g->tables[g->tasks[task].table];
	for (uint32_t i = 0; i < t->n_descs; i++)
		chosen[g->descs[t->first_desc + i].file] = true;
	/* What is in flight to one of its sockets, and so on: a file comes before what waits in it. */
	for (uint32_t i = 0; i < g->n_uses; i++)
		if (g->uses[i].kind == USE_IN_FLIGHT && chosen[g->uses[i].owner])
			chosen[g->uses[i].file] = true;
	return chosen;
}

int report_inspect(const struct plan *p, uint32_t task, struct report *r)
{
	const struct graph *g = p->g;
	autofree bool *chosen = choose(g, task);

	if (!chosen)
		return -1;
	report_open(r, NULL, '{');
	report_open(r, "tasks", '[');
	for (uint32_t i = 0; i < g->n_tasks; i++)
		if (task == NONE || i == task)
			put_task(g, i, r);
	(void)report_close(r);
	report_open(r, "tables", '[');
	for (uint32_t i = 0; i < g->n_tables; i++)
		if (task == NONE || i == g->tasks[task].table)
			put_table(g, i, r);
	(void)report_close(r);
	report_open(r, "files", '[');
	for (uint32_t i = 0; i < g->n_files; i++)
		if (chosen[i])
			put_file(g, i, r);
	(void)report_close(r);
	if (task == NONE)
		report_need_list(p, "needs", r);
	return report_close(r);
}

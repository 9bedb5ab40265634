/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar of targets, and what they are in a graph. See target.h; proposals are made in nearest.c. */
#include "plan/target.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "plan/key.h"
#include "plan/nearest.h"
#include "plan/room.h"

/* Longest key or path that criu can have (PATH_MAX), with its final zero. */
#define TEXT_MAX 4096

/* A decimal number without sign or leading zeros, up to INT_MAX. Return: what follows it, or NULL. */
static const char *decimal(const char *p, uint32_t *ret)
{
	uint64_t v = 0;
	const char *start = p;

	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > INT_MAX)
			return NULL;
	}
	if (p == start || (*start == '0' && p - start > 1))
		return NULL;
	*ret = (uint32_t)v;
	return p;
}

/* PID.FD or PID.FD:N. Return: 1; 0: it is something else; -1. */
static int parse_desc(const char *text, struct target *ret, struct err *err)
{
	struct target t = { .kind = TARGET_DESC, .number = -1 };
	uint32_t number;
	const char *p = decimal(text, &t.pid);

	if (!p || *p != '.')
		return 0;
	p = decimal(p + 1, &t.fd);
	if (!p || (*p && *p != ':'))
		return 0;
	if (t.pid == 0)
		return err_set(err, ERR_BAD_REQUEST, 0, NULL, "'%s': no task has the pid 0", text);
	if (*p == ':') {
		p = decimal(p + 1, &number);
		if (!p || *p)
			return err_set(err, ERR_BAD_REQUEST, 0, NULL,
				"after task.descriptor and a colon comes the number in criu's table");
		t.number = (int32_t)number;
	}
	*ret = t;
	return 1;
}

static int parse_id(const char *text, struct target *ret, struct err *err)
{
	bool hex = text[0] == '0' && text[1] == 'x';
	const char *digits = hex ? text + 2 : text;
	unsigned long long v;
	size_t n = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");

	errno = 0;
	v = strtoull(digits, NULL, hex ? 16 : 10);
	if (n == 0 || digits[n] || errno || v == 0 || v > UINT32_MAX)
		return err_set(err, ERR_BAD_REQUEST, 0, NULL,
			"an id is a number from 1 to 0xffffffff, decimal or as 0x...");
	*ret = (struct target){ .kind = TARGET_ID, .id = (uint32_t)v, .number = -1 };
	return 0;
}

static int parse_text(enum target_kind kind, const char *text, int32_t number, struct target *ret,
	struct err *err)
{
	const char *what = kind == TARGET_PATH ? "path" : "key";

	if (!text[0])
		return err_set(err, ERR_BAD_REQUEST, 0, NULL, "the %s is empty", what);
	if (strnlen(text, TEXT_MAX) == TEXT_MAX)
		return err_set(err, ERR_BAD_REQUEST, 0, NULL, "the %s is longer than %d bytes",
			what, TEXT_MAX - 1);
	if (kind == TARGET_PATH && text[0] != '/')
		return err_set(err, ERR_BAD_REQUEST, 0, NULL, "a path begins with a slash");
	*ret = (struct target){ .kind = kind, .text = text, .number = number };
	return 0;
}

/* fd[N]:KEY. Return: the key and the number; NULL: it is something else. */
static const char *inherit_fd(const char *text, int32_t *ret_number)
{
	uint32_t number;
	const char *p = strncmp(text, "fd[", 3) == 0 ? decimal(text + 3, &number) : NULL;

	if (!p || p[0] != ']' || p[1] != ':')
		return NULL;
	*ret_number = (int32_t)number;
	return p + 2;
}

int target_parse(const char *text, struct target *ret, struct err *err)
{
	int32_t number = -1;
	const char *key = inherit_fd(text, &number);
	int r;

	if (key)
		return parse_text(TARGET_KEY, key, number, ret, err);
	if (strncmp(text, "id:", 3) == 0)
		return parse_id(text + 3, ret, err);
	if (strncmp(text, "path:", 5) == 0)
		return parse_text(TARGET_PATH, text + 5, -1, ret, err);
	if (strncmp(text, "key:", 4) == 0)
		return parse_text(TARGET_KEY, text + 4, -1, ret, err);
	r = parse_desc(text, ret, err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	return parse_text(TARGET_KEY, text, -1, ret, err);
}

const char *target_text(const struct target *t, char *buf, size_t size)
{
	static const char *const prefix[] = { [TARGET_PATH] = "path:", [TARGET_KEY] = "key:" };

	if (t->kind == TARGET_DESC) {
		snprintf(buf, size, "%u.%u", t->pid, t->fd);
	} else if (t->kind == TARGET_ID) {
		snprintf(buf, size, "id:0x%x", t->id);
	} else {
		int n = snprintf(buf, size, "%s", prefix[t->kind]);

		printable(buf + n, size - (size_t)n, t->text, strlen(t->text));
	}
	return buf;
}

const char *target_of_file(const struct graph *g, uint32_t file, char *buf, size_t size)
{
	const struct file *f = &g->files[file];

	if (f->n_descs) {
		const struct desc *d = &g->descs[g->file_descs[f->first_desc]];
		uint32_t task = g->tables[d->table].first_task;

		/* The list has the last task first; people expect the eldest. */
		while (g->tasks[task].next_in_table != NONE)
			task = g->tasks[task].next_in_table;
		snprintf(buf, size, "%u.%u", g->tasks[task].pid, d->fd);
	} else {
		snprintf(buf, size, "id:0x%x", f->id);
	}
	return buf;
}

/* ---- resolving ---- */

static int add(struct target_files *f, uint32_t file)
{
	f->files = room_for_one(f->files, f->n, &f->max, sizeof(*f->files));
	if (f->n == f->max)
		return -ENOMEM;
	f->files[f->n++] = file;
	return 0;
}

static int add_key(const struct graph *g, const char *key, struct target_files *ret)
{
	for (uint32_t f = key_first(g, key); f != NONE; f = key_next(g, key, f))
		if (key_replaces(g, f) && add(ret, f) < 0)
			return -ENOMEM;
	return 0;
}

/* Terminals have keys of their own: they are found by the record of their path. */
static int add_ttys(const struct graph *g, const char *key, struct target_files *ret)
{
	for (uint32_t p = key_first(g, key); p != NONE; p = key_next(g, key, p)) {
		const struct file *path = &g->files[p];

		for (uint32_t i = 0; i < path->n_uses; i++) {
			const struct use *u = &g->uses[path->first_use + i];

			if (u->kind == USE_PATH && g->files[u->owner].kind == FILE_TTY &&
				add(ret, u->owner) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static int add_path(const struct graph *g, const char *path, struct target_files *ret)
{
	const char *key = path[1] ? path + 1 : ".";

	return add_key(g, key, ret) < 0 ? -ENOMEM : add_ttys(g, key, ret);
}

static int add_one(struct target_files *ret, uint32_t file)
{
	return file == NONE ? 0 : add(ret, file);
}

static uint32_t file_of_desc(const struct graph *g, const struct target *t)
{
	uint32_t task = graph_task(g, t->pid);
	uint32_t desc = task == NONE ? NONE : graph_desc(g, g->tasks[task].table, t->fd);

	return desc == NONE ? NONE : g->descs[desc].file;
}

/* The open file of an id, if it is one: not what is mapped, or the path of something else. */
static uint32_t file_of_id(const struct graph *g, uint32_t id)
{
	uint32_t file = graph_file(g, id);

	return file != NONE && key_is_held(g, file) ? file : NONE;
}

int target_resolve(const struct graph *g, const struct target *t, bool nearest,
	struct target_files *ret, struct err *err)
{
	char text[128], proposal[256] = "";
	int r = 0;

	if (t->kind == TARGET_DESC)
		r = add_one(ret, file_of_desc(g, t));
	else if (t->kind == TARGET_ID)
		r = add_one(ret, file_of_id(g, t->id));
	else if (t->kind == TARGET_PATH)
		r = add_path(g, t->text, ret);
	else
		r = add_key(g, t->text, ret);
	if (r < 0)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory to resolve a target");
	ret->space = !ret->n && t->kind == TARGET_KEY && graph_space(g, t->text) != NONE;
	if (ret->n || ret->space)
		return 0;
	if (nearest)
		nearest_text(g, t, proposal, sizeof(proposal));
	return err_set(err, ERR_BAD_REQUEST, 0, NULL, "'%s' names nothing in the images%s",
		target_text(t, text, sizeof(text)), proposal);
}

void target_files_done(struct target_files *f)
{
	free(f->files);
	*f = (struct target_files){ 0 };
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the images cannot be restored without, as far as no mapping gives it. See plan.h. */
#include "plan/need.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "plan/key.h"
#include "plan/room.h"

/* A terminal outside of the tree (criu/images/tty.proto). */
#define TTY_EXTERNAL 5

/* What is known of a pipe so far: bits of a value in a map. */
#define PIPE_READER 1u
#define PIPE_WRITER 2u
#define PIPE_MAPPED 4u
#define PIPE_TOLD   8u

static int add(struct plan *p, enum plan_need_code code, uint32_t file)
{
	p->needs = room_for_one(p->needs, p->n_needs, &p->max_needs, sizeof(*p->needs));
	if (p->n_needs == p->max_needs)
		return -ENOMEM;
	p->needs[p->n_needs++] = (struct plan_need){ .code = code, .file = file };
	return 0;
}

static uint32_t pipe_bits(const struct plan *p, uint32_t file)
{
	uint32_t access = p->g->files[file].flags & O_ACCMODE;

	return (access != O_WRONLY ? PIPE_READER : 0) | (access != O_RDONLY ? PIPE_WRITER : 0) |
	       (p->owners[file] != NONE ? PIPE_MAPPED : 0);
}

/* 1. Which ends does each pipe have in the tree? */
static int look_at_pipes(const struct plan *p, struct map *pipes)
{
	for (uint32_t i = 0; i < p->g->n_files; i++) {
		const struct file *f = &p->g->files[i];
		uint32_t known;

		if (f->kind != FILE_PIPE)
			continue;
		known = map_get(pipes, f->resource);
		if (known != MAP_NONE)
			map_set(pipes, f->resource, known | pipe_bits(p, i));
		else if (map_put(pipes, f->resource, pipe_bits(p, i)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Once for each pipe: a key names all of its open files. */
static bool lacks_end(const struct file *f, struct map *pipes)
{
	uint32_t known = map_get(pipes, f->resource), both = PIPE_READER | PIPE_WRITER;

	if ((known & both) == both || known & (PIPE_MAPPED | PIPE_TOLD))
		return false;
	map_set(pipes, f->resource, known | PIPE_TOLD);
	return true;
}

static bool is_outside_tty(const struct graph *g, const struct file *f)
{
	const struct tty *t = &g->ttys[f->resource];

	/* A slave whose master is not here belongs to a terminal emulator outside. */
	return t->type == TTY_EXTERNAL || (t->is_pty && !t->is_master && t->pair == NONE);
}

/* 2. What does one open file need? Return: enum plan_need_code, 0: nothing. */
static int need_of(const struct graph *g, const struct file *f, struct map *pipes)
{
	switch (f->kind) {
	case FILE_PIPE:
		return lacks_end(f, pipes) ? NEED_PIPE_END : 0;
	case FILE_UNIXSK:
		if (f->peer_ino && (f->peer == NONE || g->files[f->peer].sock_outside))
			return NEED_SOCKET_PEER;
		return 0;
	case FILE_REG:
		return f->ext ? NEED_EXTERNAL : 0;
	case FILE_TTY:
		return is_outside_tty(g, f) ? NEED_TERMINAL : 0;
	case FILE_EXT:
		return NEED_PLUGIN;
	default:
		return 0;
	}
}

int need_find(struct plan *p)
{
	automap struct map pipes = { 0 };

	if (look_at_pipes(p, &pipes) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->g->n_files; i++) {
		int code;

		if (p->owners[i] != NONE || !key_replaces(p->g, i))
			continue;
		code = need_of(p->g, &p->g->files[i], &pipes);
		if (code && add(p, (enum plan_need_code)code, i) < 0)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < p->g->n_spaces; i++)
		if (p->space_owners[i] == NONE && add(p, NEED_NAMESPACE, i) < 0)
			return -ENOMEM;
	return 0;
}

const char *plan_need_target(
	const struct graph *g, const struct plan_need *need, char *buf, size_t size)
{
	char number[KEY_NUMBER_SIZE];
	const char *key = NULL;

	if (need->code == NEED_NAMESPACE)
		key = g->spaces[need->file].key;
	else if (need->code == NEED_PIPE_END || need->code == NEED_EXTERNAL ||
		 need->code == NEED_TERMINAL)
		key = key_text(g, need->file, number);
	if (!key)
		return target_of_file(g, need->file, buf, size);
	snprintf(buf, size, "key:%s", key);
	return buf;
}

static const char *space_text(const struct space *s, char *buf, size_t size)
{
	char shown[128];

	snprintf(buf, size, "the %s namespace comes from outside as %s", s->net ? "network" : "pid",
		printable(shown, sizeof(shown), s->key, strlen(s->key)));
	return buf;
}

static const char *file_text(
	const struct graph *g, const struct plan_need *need, char *buf, size_t size)
{
	const struct file *f = &g->files[need->file];
	char one[32], name[128];

	target_of_file(g, need->file, one, sizeof(one));
	switch (need->code) {
	case NEED_PIPE_END:
		snprintf(buf, size, "%s is an end of pipe:[%u], which has no %s in the tree", one,
			f->resource, (f->flags & O_ACCMODE) == O_RDONLY ? "writer" : "reader");
		break;
	case NEED_SOCKET_PEER:
		snprintf(buf, size,
			"%s is a unix socket connected to socket:[%u] outside of the tree", one,
			f->peer_ino);
		break;
	case NEED_EXTERNAL:
		snprintf(buf, size, "%s is the external file %s", one,
			printable(name, sizeof(name), f->name, f->name_bytes));
		break;
	case NEED_TERMINAL:
		snprintf(buf, size, "%s is a terminal outside of the tree", one);
		break;
	case NEED_PLUGIN:
		snprintf(buf, size, "%s is restored by a plugin of criu", one);
		break;
	case NEED_NAMESPACE:
		break;
	}
	return buf;
}

const char *plan_need_text(
	const struct graph *g, const struct plan_need *need, char *buf, size_t size)
{
	if (need->code == NEED_NAMESPACE)
		return space_text(&g->spaces[need->file], buf, size);
	return file_text(g, need, buf, size);
}

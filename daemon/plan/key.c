/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU's keys of open files, and the way back from a key. See key.h for what they are.
 *
 * All open files whose keys have one hash are in one list (file.same_key), so that each walk compares
 * the keys themselves.
 */
#include "plan/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *reg_key(const struct file *f)
{
	if (f->ext)
		return f->name;
	if (!f->name[0])
		return NULL;
	return f->name[1] ? f->name + 1 : ".";
}

const char *key_text(const struct graph *g, uint32_t file, char buf[KEY_NUMBER_SIZE])
{
	const struct file *f = &g->files[file];
	const struct tty *t;

	switch (f->kind) {
	case FILE_REG:
		return reg_key(f);
	case FILE_FIFO:
		return f->path == NONE ? NULL : reg_key(&g->files[f->path]);
	case FILE_PIPE:
		snprintf(buf, KEY_NUMBER_SIZE, "pipe:[%u]", f->resource);
		return buf;
	case FILE_UNIXSK:
		snprintf(buf, KEY_NUMBER_SIZE, "socket:[%u]", f->resource);
		return buf;
	case FILE_MEMFD:
		return g->memfds[f->resource].name;
	case FILE_TTY:
		t = &g->ttys[f->resource];
		snprintf(buf, KEY_NUMBER_SIZE, "tty[%x:%x]", t->rdev, t->dev);
		return buf;
	default:
		return NULL;
	}
}

static bool has_key(const struct graph *g, uint32_t file, const char *key)
{
	char buf[KEY_NUMBER_SIZE];
	const char *k = key_text(g, file, buf);

	return k && strcmp(k, key) == 0;
}

static uint32_t skip_others(const struct graph *g, const char *key, uint32_t file)
{
	while (file != NONE && !has_key(g, file, key))
		file = g->files[file].same_key;
	return file;
}

uint32_t key_first(const struct graph *g, const char *key)
{
	return skip_others(g, key, map_get(&g->file_by_key, map_hash(key, strlen(key))));
}

uint32_t key_next(const struct graph *g, const char *key, uint32_t file)
{
	return skip_others(g, key, g->files[file].same_key);
}

bool key_replaces(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];

	if (f->n_descs)
		return true;
	for (uint32_t i = 0; i < f->n_uses; i++)
		if (g->uses[f->first_use + i].kind != USE_PATH)
			return true;
	return false;
}

bool key_is_held(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];

	if (f->n_descs)
		return true;
	for (uint32_t i = 0; i < f->n_uses; i++)
		if (g->uses[f->first_use + i].kind == USE_IN_FLIGHT)
			return true;
	return false;
}

int key_index(struct graph *g)
{
	/* From the last to the first, so that each list is in order. */
	for (size_t i = g->n_files; i-- > 0;) {
		char buf[KEY_NUMBER_SIZE];
		const char *key = key_text(g, (uint32_t)i, buf);
		uint64_t hash = key ? map_hash(key, strlen(key)) : 0;
		uint32_t next;

		if (!key)
			continue;
		next = map_get(&g->file_by_key, hash);
		g->files[i].same_key = next;
		if (next != NONE)
			map_set(&g->file_by_key, hash, (uint32_t)i);
		else if (map_put(&g->file_by_key, hash, (uint32_t)i) < 0)
			return -ENOMEM;
	}
	return 0;
}

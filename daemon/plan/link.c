/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Links open files to what they are on and to each other, sorts the uses by open file (counting, so
 * linear), finds both sides of ptys and what epolls watch. See link.h.
 */
#include "plan/link.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "plan/key.h"

static int fault(
	const struct graph *g, uint32_t file, struct err *err, const char *what, uint32_t number)
{
	char field[sizeof(err->field)];

	return err_set(err, ERR_BAD_IMAGES, 0,
		err_field(field, sizeof(field), "files.img", file, NULL),
		"the %s 0x%x names %s 0x%x, which is not there",
		file_kind_name(g->files[file].kind), g->files[file].id, what, number);
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for the graph of the images");
}

/* 1. From numbers of the images to indexes. */
static int resolve_file(struct graph *g, uint32_t file, struct err *err)
{
	struct file *f = &g->files[file];
	uint32_t found;

	if (f->kind == FILE_TTY || f->kind == FILE_MEMFD) {
		found = map_get(f->kind == FILE_TTY ? &g->tty_by_id : &g->memfd_by_id, f->resource);
		if (found == NONE)
			return fault(g, file, err,
				f->kind == FILE_TTY ? "the terminal" : "the memfd inode",
				f->resource);
		f->resource = found;
	}
	if (f->path != NONE) {
		found = graph_file(g, f->path);
		if (found == NONE || g->files[found].kind != FILE_REG)
			return fault(g, file, err, "the path", f->path);
		f->path = found;
		if (f->kind == FILE_FIFO)
			f->flags = g->files[found].flags;
	}
	if (f->kind == FILE_UNIXSK && f->peer_ino)
		f->peer = graph_socket(g, f->peer_ino);
	if (f->peer != NONE)
		g->files[f->peer].connected = file;
	return 0;
}

/* 2. The ways back. USE_PATH is entered here, for only now all paths are known. */
static int sort_uses(struct graph *g)
{
	size_t n = g->n_uses, paths = 0;
	struct use *sorted;
	uint32_t at = 0;

	for (size_t i = 0; i < g->n_files; i++)
		paths += g->files[i].path != NONE;
	sorted = calloc(n + paths + 1, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		g->files[g->uses[i].file].n_uses++;
	for (size_t i = 0; i < g->n_files; i++)
		if (g->files[i].path != NONE)
			g->files[g->files[i].path].n_uses++;
	for (size_t i = 0; i < g->n_files; i++) {
		g->files[i].first_use = at;
		at += g->files[i].n_uses;
		g->files[i].n_uses = 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct file *f = &g->files[g->uses[i].file];

		sorted[f->first_use + f->n_uses++] = g->uses[i];
	}
	for (uint32_t i = 0; i < g->n_files; i++) {
		struct file *f = g->files[i].path == NONE ? NULL : &g->files[g->files[i].path];

		if (f)
			sorted[f->first_use + f->n_uses++] = (struct use){
				.file = g->files[i].path, .kind = USE_PATH, .owner = i
			};
	}
	free(g->uses);
	g->uses = sorted;
	g->n_uses = n + paths;
	return 0;
}

static int list_descs(struct graph *g)
{
	uint32_t at = 0;

	g->file_descs = calloc(g->n_descs + 1, sizeof(*g->file_descs));
	if (!g->file_descs)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_descs; i++)
		g->files[g->descs[i].file].n_descs++;
	for (size_t i = 0; i < g->n_files; i++) {
		g->files[i].first_desc = at;
		at += g->files[i].n_descs;
		g->files[i].n_descs = 0;
	}
	for (uint32_t i = 0; i < g->n_descs; i++) {
		struct file *f = &g->files[g->descs[i].file];

		g->file_descs[f->first_desc + f->n_descs++] = i;
	}
	return 0;
}

/* 3. Both sides of a pty have one index, in one instance of devpts. */
static int pair_ttys(struct graph *g)
{
	automap struct map first = { 0 };

	for (uint32_t i = 0; i < g->n_files; i++) {
		const struct file *f = &g->files[i];

		if (f->kind == FILE_TTY && g->ttys[f->resource].file == NONE && f->n_descs)
			g->ttys[f->resource].file = i;
	}
	for (uint32_t i = 0; i < g->n_ttys; i++) {
		struct tty *t = &g->ttys[i];
		uint32_t other;

		if (!t->is_pty)
			continue;
		other = map_get(&first, (uint64_t)t->index << 1 | !t->is_master);
		if (other != NONE && g->ttys[other].pair == NONE) {
			t->pair = other;
			g->ttys[other].pair = i;
		}
		if (map_put(&first, (uint64_t)t->index << 1 | t->is_master, i) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* 4. An epoll names what it watches by number, in the table of a task that has the epoll. */
static void find_watchers(struct graph *g)
{
	for (uint32_t i = 0; i < g->n_files; i++) {
		const struct file *f = &g->files[i];
		uint32_t table;

		if (!f->n_watches || !f->n_descs)
			continue;
		table = g->descs[g->file_descs[f->first_desc]].table;
		for (uint32_t w = 0; w < f->n_watches; w++) {
			uint32_t desc = graph_desc(g, table, g->watches[f->first_watch + w]);

			if (desc != NONE)
				g->files[g->descs[desc].file].watcher = i;
		}
	}
}

int link_graph(struct graph *g, struct err *err)
{
	for (uint32_t i = 0; i < g->n_files; i++)
		if (resolve_file(g, i, err) < 0)
			return -1;
	if (sort_uses(g) < 0 || list_descs(g) < 0 || pair_ttys(g) < 0)
		return no_memory(err);
	find_watchers(g);
	return key_index(g) < 0 ? no_memory(err) : 0;
}

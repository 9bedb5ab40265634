/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking things up in the graph of images, and its end. How it is made from the images is in load.c,
 * what criu's keys hit in key.c.
 */
#include "plan/graph.h"

#include <stdlib.h>
#include <string.h>

void graph_done(struct graph *g)
{
	struct map *const maps[] = { &g->task_by_pid, &g->table_by_id, &g->file_by_id,
		&g->socket_by_ino, &g->tty_by_id, &g->memfd_by_id, &g->data_by_pipe, &g->space_seen,
		&g->file_by_key };
	void *const arrays[] = { g->tasks, g->descs, g->files, g->uses, g->ttys, g->memfds,
		g->pipe_data, g->spaces, g->threads, g->watches, g->file_descs, g->files_image,
		g->queues_image };

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		map_done(maps[i]);
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
		free(arrays[i]);
	for (size_t i = 0; i < g->n_tables; i++)
		free(g->tables[i].image);
	free(g->tables);
	texts_done(&g->texts);
	image_dir_done(&g->dir);
	*g = (struct graph){ .dir.fd = -1 };
}

uint32_t graph_task(const struct graph *g, uint32_t pid)
{
	return map_get(&g->task_by_pid, pid);
}

uint32_t graph_file(const struct graph *g, uint32_t id)
{
	return map_get(&g->file_by_id, id);
}

uint32_t graph_table(const struct graph *g, uint32_t files_id)
{
	return map_get(&g->table_by_id, files_id);
}

uint32_t graph_socket(const struct graph *g, uint32_t ino)
{
	return map_get(&g->socket_by_ino, ino);
}

uint32_t graph_desc(const struct graph *g, uint32_t table, uint32_t fd)
{
	uint32_t low, high;

	if (table == NONE)
		return NONE;
	low = g->tables[table].first_desc;
	high = low + g->tables[table].n_descs;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (g->descs[middle].fd < fd)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == g->tables[table].first_desc + g->tables[table].n_descs || g->descs[low].fd != fd)
		return NONE;
	return low;
}

uint32_t graph_space(const struct graph *g, const char *key)
{
	for (uint32_t i = 0; i < g->n_spaces; i++)
		if (strcmp(g->spaces[i].key, key) == 0)
			return i;
	return NONE;
}

uint32_t graph_pipe_bytes(const struct graph *g, uint32_t pipe_id)
{
	uint32_t at = map_get(&g->data_by_pipe, pipe_id);

	return at == NONE ? 0 : g->pipe_data[at].bytes;
}

const char *graph_path(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];

	if (f->kind == FILE_REG)
		return f->name;
	return f->path == NONE ? NULL : g->files[f->path].name;
}

uint32_t graph_pty_peer(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];
	uint32_t pair;

	if (f->kind != FILE_TTY)
		return NONE;
	pair = g->ttys[f->resource].pair;
	return pair == NONE ? NONE : g->ttys[pair].file;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a line about an open file. See inspect_notes.h. */
#include "inspect_notes.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "plan/describe.h"

/* So many are named; then comes how many more. */
#define MAX_NAMED 6

/* A terminal outside of the tree (criu/images/tty.proto). */
#define TTY_EXTERNAL 5

void notes_add(struct notes *n, const char *fmt, ...)
{
	size_t before = n->n, size = sizeof(n->text);
	va_list ap;
	int r;

	r = snprintf(n->text + n->n, size - n->n, "%s", n->n ? ", " : "");
	n->n += (size_t)r;
	if (n->n < size) {
		va_start(ap, fmt);
		r = vsnprintf(n->text + n->n, size - n->n, fmt, ap);
		va_end(ap);
		n->n += (size_t)r;
	}
	if (n->n < size)
		return;
	n->n = before;
	n->text[before] = 0;
}

static void add_peer(struct notes *n, const struct view *v, uint32_t file, const char *how)
{
	uint32_t peer = describe_peer(v->g, file);
	char name[32];

	if (peer != NONE)
		notes_add(n, "%s %s%s", how, target_of_file(v->g, peer, name, sizeof(name)),
			v->g->files[peer].n_descs ? "" : " in flight");
}

static const char *both_ways(const struct view *v)
{
	return v->screen->lines ? "↔" : "<->";
}

static void of_pipe(struct notes *n, const struct view *v, uint32_t file)
{
	const struct file *f = &v->g->files[file];
	uint32_t mode = f->flags & O_ACCMODE;
	uint32_t bytes = graph_pipe_bytes(v->g, f->resource);

	if (f->kind == FILE_PIPE && mode != O_RDWR) {
		add_peer(n, v, file,
			mode == O_RDONLY   ? v->screen->lines ? "←" : "<-"
			: v->screen->lines ? "→"
					   : "->");
		if (describe_peer(v->g, file) == NONE)
			notes_add(n, "no %s here", mode == O_RDONLY ? "writer" : "reader");
	}
	if (bytes && mode != O_WRONLY)
		notes_add(n, "%u bytes wait", bytes);
}

static void of_unix(struct notes *n, const struct view *v, uint32_t file)
{
	const struct file *f = &v->g->files[file];

	notes_add(n, "%s", describe_socket_type(f));
	if (f->sock_state == SOCK_LISTENING)
		notes_add(n, "listening");
	if (f->peer_ino && describe_peer(v->g, file) == NONE)
		notes_add(n, "%s socket:[%u] outside", both_ways(v), f->peer_ino);
	else
		add_peer(n, v, file, both_ways(v));
	if (f->size)
		notes_add(n, "%llu bytes wait", (unsigned long long)f->size);
}

static void of_tty(struct notes *n, const struct view *v, uint32_t file)
{
	const struct tty *t = &v->g->ttys[v->g->files[file].resource];

	if (t->is_pty)
		notes_add(n, "%s of pty %u", t->is_master ? "master" : "slave", t->index);
	if (t->type == TTY_EXTERNAL || (t->is_pty && !t->is_master && t->pair == NONE))
		notes_add(n, "outside");
	add_peer(n, v, file, both_ways(v));
}

static void of_path(struct notes *n, const struct file *f)
{
	if (f->remapped)
		notes_add(n, "deleted");
	if (f->ext)
		notes_add(n, "external");
	if (f->pos && f->has_size)
		notes_add(n, "at %llu of %llu", (unsigned long long)f->pos,
			(unsigned long long)f->size);
	else if (f->pos)
		notes_add(n, "at %llu", (unsigned long long)f->pos);
}

static void of_epoll(struct notes *n, const struct graph *g, const struct file *f)
{
	char list[128];
	size_t used = 0;

	for (uint32_t i = 0; i < f->n_watches && i < MAX_NAMED; i++)
		used += (size_t)snprintf(
			list + used, sizeof(list) - used, " %u", g->watches[f->first_watch + i]);
	if (f->n_watches > MAX_NAMED)
		snprintf(
			list + used, sizeof(list) - used, " and %u more", f->n_watches - MAX_NAMED);
	notes_add(
		n, "%s%s", f->n_watches ? "watches" : "watches nothing", f->n_watches ? list : "");
}

void notes_of_file(struct notes *n, const struct view *v, uint32_t file)
{
	const struct file *f = &v->g->files[file];
	const char *flags[DESCRIBE_MAX_FLAGS];
	size_t n_flags = describe_flags(f->flags, flags);

	for (size_t i = 0; i < n_flags; i++)
		notes_add(n, "%s", flags[i]);
	switch (f->kind) {
	case FILE_PIPE:
	case FILE_FIFO:
		of_pipe(n, v, file);
		break;
	case FILE_UNIXSK:
		of_unix(n, v, file);
		break;
	case FILE_INETSK:
		notes_add(n, "%s", describe_socket_type(f));
		break;
	case FILE_TTY:
		of_tty(n, v, file);
		break;
	case FILE_EPOLL:
		of_epoll(n, v->g, f);
		break;
	case FILE_REG:
	case FILE_MEMFD:
		of_path(n, f);
		break;
	default:
		break;
	}
}

void notes_of_others(struct notes *n, const struct view *v, uint32_t file, uint32_t self)
{
	const struct file *f = &v->g->files[file];
	char list[256] = "";
	size_t used = 0;
	uint32_t named = 0;

	for (uint32_t i = 0; i < f->n_descs && named < MAX_NAMED; i++) {
		uint32_t desc = v->g->file_descs[f->first_desc + i];
		const struct desc *d = &v->g->descs[desc];

		if (desc == self)
			continue;
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%u.%u",
			named ? " " : "", v->g->tasks[describe_table_task(v->g, d->table)].pid,
			d->fd);
		named++;
	}
	if (named && f->n_descs - (self != NONE) > named)
		notes_add(n, "also %s and %u more", list, f->n_descs - (self != NONE) - named);
	else if (named)
		notes_add(n, "also %s", list);
}

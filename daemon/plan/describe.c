/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for open files. See describe.h. */
#include "plan/describe.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/printable.h"
#include "plan/key.h"

/* So many open files of one pipe are looked at for its other end. */
#define MAX_PIPE_WALK 200

static const char *kind_of_path(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "dir";
	case S_IFCHR:
		return "chr";
	case S_IFBLK:
		return "blk";
	default:
		return "file";
	}
}

const char *describe_kind(const struct graph *g, uint32_t file)
{
	static const char *const kinds[FILE_KINDS] = {
		[FILE_PIPE] = "pipe",
		[FILE_FIFO] = "fifo",
		[FILE_INETSK] = "inet",
		[FILE_UNIXSK] = "unix",
		[FILE_EVENTFD] = "eventfd",
		[FILE_EPOLL] = "epoll",
		[FILE_INOTIFY] = "inotify",
		[FILE_SIGNALFD] = "signalfd",
		[FILE_PACKETSK] = "packet",
		[FILE_TTY] = "tty",
		[FILE_FANOTIFY] = "fanotify",
		[FILE_NETLINKSK] = "netlink",
		[FILE_NS] = "ns",
		[FILE_TUN] = "tun",
		[FILE_EXT] = "plugin",
		[FILE_TIMERFD] = "timerfd",
		[FILE_MEMFD] = "memfd",
		[FILE_BPFMAP] = "bpf",
		[FILE_PIDFD] = "pidfd",
	};
	const struct file *f = &g->files[file];

	if (f->kind == FILE_REG)
		return kind_of_path(f->mode);
	return f->kind < FILE_KINDS && kinds[f->kind] ? kinds[f->kind] : "unknown";
}

const char *describe_access(uint32_t flags)
{
	static const char *const names[] = { "r", "w", "rw", "none" };

	return flags & O_PATH ? "path" : names[flags & O_ACCMODE];
}

size_t describe_flags(uint32_t flags, const char *ret[DESCRIBE_MAX_FLAGS])
{
	static const struct {
		uint32_t bits;
		const char *name;
	} known[] = {
		{ O_APPEND, "append" },
		{ O_NONBLOCK, "nonblock" },
		{ O_DIRECT, "direct" },
		{ O_SYNC, "sync" },
		{ O_ASYNC, "async" },
		{ O_NOATIME, "noatime" },
	};
	size_t n = 0;

	_Static_assert(sizeof(known) / sizeof(known[0]) <= DESCRIBE_MAX_FLAGS, "room");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((flags & known[i].bits) == known[i].bits)
			ret[n++] = known[i].name;
	return n;
}

/* ---- names ---- */

/* An abstract name begins with a zero, which people write as '@'. */
static const char *socket_name(const struct file *f, char *buf, size_t size)
{
	if (f->name_bytes == 0) {
		snprintf(buf, size, "socket:[%u]", f->resource);
	} else if (f->name[0] == 0) {
		buf[0] = '@';
		printable(buf + 1, size - 1, f->name + 1, f->name_bytes - 1);
	} else {
		/* The kernel gives a path with its final zero. */
		printable(buf, size, f->name, strnlen(f->name, f->name_bytes));
	}
	return buf;
}

const char *describe_name(const struct graph *g, uint32_t file, char *buf, size_t size)
{
	const struct file *f = &g->files[file];
	char number[KEY_NUMBER_SIZE];
	const char *name = graph_path(g, file);

	if (f->kind == FILE_UNIXSK)
		return socket_name(f, buf, size);
	if (f->kind == FILE_INETSK) {
		snprintf(buf, size, "socket:[%u]", f->resource);
		return buf;
	}
	if (!name)
		name = key_text(g, file, number);
	if (!name)
		name = "";
	return printable(buf, size, name, strlen(name));
}

const char *describe_socket_type(const struct file *f)
{
	if (f->kind != FILE_UNIXSK && f->kind != FILE_INETSK)
		return "";
	switch (f->sock_type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "dgram";
	case SOCK_SEQPACKET:
		return "seqpacket";
	case SOCK_RAW:
		return "raw";
	default:
		return "other";
	}
}

/* ---- relations ---- */

static uint32_t other_end(const struct graph *g, uint32_t file)
{
	uint32_t mode = g->files[file].flags & O_ACCMODE;
	char number[KEY_NUMBER_SIZE];
	const char *key = key_text(g, file, number);
	unsigned walked = 0;

	if (mode == O_RDWR)
		return NONE;
	for (uint32_t f = key_first(g, key); f != NONE && walked < MAX_PIPE_WALK;
		f = key_next(g, key, f), walked++)
		if ((g->files[f].flags & O_ACCMODE) != mode && key_is_held(g, f))
			return f;
	return NONE;
}

uint32_t describe_peer(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];

	switch (f->kind) {
	case FILE_PIPE:
		return other_end(g, file);
	case FILE_UNIXSK:
		return f->peer != NONE && g->files[f->peer].sock_outside ? NONE : f->peer;
	default:
		return graph_pty_peer(g, file);
	}
}

uint32_t describe_holders(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n_descs; i++)
		n += g->tables[g->descs[g->file_descs[f->first_desc + i]].table].n_tasks;
	return n;
}

uint32_t describe_table_task(const struct graph *g, uint32_t table)
{
	uint32_t task = g->tables[table].first_task;

	/* The list has the last task first. */
	while (g->tasks[task].next_in_table != NONE)
		task = g->tasks[task].next_in_table;
	return task;
}

void describe_table_tasks(const struct graph *g, uint32_t table, uint32_t *ret)
{
	uint32_t n = g->tables[table].n_tasks;

	/* From the last to the first. */
	for (uint32_t t = g->tables[table].first_task; t != NONE && n;
		t = g->tasks[t].next_in_table)
		ret[--n] = t;
}

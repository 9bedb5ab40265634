/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the images say, as one graph:
 *
 *   task -> table -> descriptor -> open file -> resource (a path, a pipe, a socket's inode, ...)
 *
 * Things point to each other by index into the graph's arrays. Load it with load_graph() (load.h); it
 * does not change after that.
 */
#ifndef FDBROKER_PLAN_GRAPH_H
#define FDBROKER_PLAN_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/image.h"
#include "plan/map.h"
#include "plan/record.h"
#include "plan/texts.h"

/* An index that points to nothing. */
#define NONE UINT32_MAX

struct task {
	uint32_t pid, pgid, sid;
	uint32_t parent;                  /* task, NONE for the root */
	uint32_t table;                   /* NONE for a zombie */
	uint32_t next_in_table;           /* the next task that shares the table, NONE at the end */
	uint32_t first_thread, n_threads; /* in threads[], the leader is the first */
	uint32_t state;                   /* enum task_state */
	uint32_t exit_code;               /* of a zombie, as wait(2) gives it */
	uint32_t exe, cwd, root; /* open files (records of paths), NONE if the images do not say */
	uint32_t pid_ns_id, mnt_ns_id; /* 0: not in the images */
	const char *comm;
};

/* A descriptor table. Tasks that were cloned with CLONE_FILES share one. */
struct table {
	uint32_t id;         /* the N of fdinfo-N.img */
	uint32_t first_task; /* further ones by next_in_table */
	uint32_t n_tasks;
	uint32_t first_desc, n_descs; /* in descs[], in order of their numbers */
	uint8_t *image;               /* owned; the bytes of fdinfo-N.img; NULL if there is none */
	size_t image_bytes;
};

struct desc {
	uint32_t table;
	uint32_t fd;
	uint32_t file;
	uint32_t record; /* in fdinfo-N.img, from 0 */
	bool cloexec;
};

/*
 * A record of files.img: an open file, or a path that something else needs (see struct use). Its index
 * is its record's number.
 */
struct file {
	uint32_t id;
	uint8_t kind; /* enum file_kind */
	bool ext;     /* REG: from outside by criu's --external */
	bool has_size;
	bool remapped; /* REG: had no name any more: a ghost or link-remap file */
	uint8_t sock_type, sock_state, sock_family;
	bool sock_outside; /* unix socket outside of the tree, named because one inside is connected to it */
	uint32_t
		flags; /* of open(2): access mode in the lowest two bits. A FIFO's are its path's */
	uint32_t mode; /* st_mode; 0: not known */
	uint32_t resource;  /* pipe_id, socket's inode; index into ttys[], memfds[] */
	uint32_t path;      /* FIFO, tty: the open file that has the path, NONE if not known */
	uint32_t peer;      /* unix socket: the open file it is connected to, NONE if not here */
	uint32_t peer_ino;  /* and its inode, 0: not connected */
	uint32_t connected; /* unix socket: a socket whose peer this is, NONE if there is none */
	uint32_t first_desc, n_descs;    /* in file_descs[] */
	uint32_t first_use, n_uses;      /* in uses[] */
	uint32_t first_watch, n_watches; /* epoll: in watches[] */
	uint32_t watcher;  /* an epoll that watches one of its descriptors, NONE if none does */
	uint32_t same_key; /* the next open file with this key, NONE at the end (key.h) */
	uint32_t name_bytes;
	const char
		*name; /* REG: path; unix socket: name, which may hold any byte. Ends with a zero */
	uint64_t pos;
	uint64_t size; /* REG: bytes, if has_size; unix socket: bytes that wait in its queue */
};

enum use_kind {
	USE_CWD,
	USE_ROOT,
	USE_EXE,
	USE_MAPPING,
	USE_IN_FLIGHT, /* in a packet in the queue of a unix socket */
	USE_PATH,      /* the path of a FIFO or tty */
};

/* Something other than a descriptor that holds an open file. */
struct use {
	uint32_t file;
	uint32_t kind; /* enum use_kind */
	uint32_t
		owner; /* a task; USE_IN_FLIGHT: the socket, USE_PATH: the FIFO or tty (open files) */
	uint64_t start, end; /* USE_MAPPING: addresses */
};

struct tty {
	uint32_t id, type, sid, pgrp, rdev, dev;
	uint32_t pair; /* pty: index in ttys[] of the other side, NONE if not here */
	bool is_pty, is_master;
	uint32_t file;  /* an open file of it that a task holds, NONE if none does */
	uint32_t index; /* of a pty */
};

struct memfd {
	uint32_t id;
	const char *name; /* with "/memfd:" before it: as the key is */
};

/* Data that waits in a pipe or FIFO. */
struct pipe_data {
	uint32_t pipe_id, bytes;
};

/* A namespace that is given from outside, by a key. Others are not listed. */
struct space {
	uint32_t id;
	bool net; /* a network namespace; else a pid namespace */
	const char *key;
};

struct graph {
	struct image_dir dir; /* its descriptor is borrowed and no longer used after loading */
	struct task *tasks;   /* the root first, parents before children */
	struct table *tables;
	struct desc *descs; /* by table and number */
	struct file *files; /* as in files.img */
	struct use *uses;   /* by file */
	struct tty *ttys;
	struct memfd *memfds;
	struct pipe_data *pipe_data;
	struct space *spaces;
	uint32_t *threads;    /* pids */
	uint32_t *watches;    /* descriptor numbers that an epoll watches */
	uint32_t *file_descs; /* indexes of descs[], by file */
	size_t n_tasks, n_tables, n_descs, n_files, n_uses, n_ttys, n_memfds, n_pipe_data, n_spaces,
		n_threads, n_watches;
	uint8_t *files_image; /* the bytes of files.img; NULL if there is none */
	size_t files_image_bytes;
	uint8_t *queues_image; /* the bytes of sk-queues.img; NULL if there is none */
	size_t queues_image_bytes;

	/* Private to graph.c, load.c and key.c. */
	struct map task_by_pid, table_by_id, file_by_id, socket_by_ino, tty_by_id, memfd_by_id,
		data_by_pipe, space_seen;
	struct map file_by_key; /* hash of a key -> the first open file that has it */
	struct texts texts;
};

/* Ends a graph that is zeroed, half loaded or whole. */
void graph_done(struct graph *g);
#define autograph __attribute__((cleanup(graph_done)))

/* Indexes of what has this number; NONE if nothing has. */
uint32_t graph_task(const struct graph *g, uint32_t pid);
uint32_t graph_file(const struct graph *g, uint32_t id);
uint32_t graph_table(const struct graph *g, uint32_t files_id);
/* A unix socket by inode. */
uint32_t graph_socket(const struct graph *g, uint32_t ino);

/* Index of descriptor number fd of a table, or NONE. */
uint32_t graph_desc(const struct graph *g, uint32_t table, uint32_t fd);

/* The namespace of a key, or NONE. */
uint32_t graph_space(const struct graph *g, const char *key);

/* Bytes that wait in a pipe. */
uint32_t graph_pipe_bytes(const struct graph *g, uint32_t pipe_id);

/* The path of a REG entry, FIFO or tty; NULL if it has none. */
const char *graph_path(const struct graph *g, uint32_t file);

/**
 * graph_pty_peer() - the other side of a pseudoterminal
 * @file: an open file of any kind
 *
 * Return: an open file of the other side that a task holds, or NONE.
 */
uint32_t graph_pty_peer(const struct graph *g, uint32_t file);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU's records as plain structs: the only place, beside split.c, that knows the messages of
 * proto/criu/images.proto. Each function reads the next record of an image.
 *
 * All return 1: a record; 0: the end of the file; -1: err has file and record. What a struct points
 * to is the image's and valid until the next record is read.
 */
#ifndef FDBROKER_PLAN_RECORD_H
#define FDBROKER_PLAN_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/image.h"

/* What an open file is. The numbers are criu's fd_types. */
enum file_kind {
	FILE_REG = 1, /* regular file, directory or device; mode tells, where it is known */
	FILE_PIPE = 2,
	FILE_FIFO = 3,
	FILE_INETSK = 4,
	FILE_UNIXSK = 5,
	FILE_EVENTFD = 6,
	FILE_EPOLL = 7,
	FILE_INOTIFY = 8,
	FILE_SIGNALFD = 9,
	FILE_PACKETSK = 10,
	FILE_TTY = 11,
	FILE_FANOTIFY = 12,
	FILE_NETLINKSK = 13,
	FILE_NS = 14,
	FILE_TUN = 15,
	FILE_EXT = 16, /* restored by a plugin of criu */
	FILE_TIMERFD = 17,
	FILE_MEMFD = 18,
	FILE_BPFMAP = 19,
	FILE_PIDFD = 20,
	FILE_KINDS,
};

/* "pipe", "unix socket", ...; "unknown" for a number that is none. */
const char *file_kind_name(unsigned kind);

/* criu's task_state, as far as images have it. */
enum task_state {
	TASK_ALIVE = 1,
	TASK_DEAD = 2,
	TASK_STOPPED = 3,
	TASK_ZOMBIE = 6,
};

/* State of a socket, as the kernel numbers it for TCP and, in images, for unix sockets. */
enum sock_state {
	SOCK_ESTABLISHED = 1,
	SOCK_CLOSED = 7,
	SOCK_LISTENING = 10,
};

struct rec_task {
	uint32_t pid, ppid, pgid, sid;
	const uint32_t *threads; /* the first is the leader */
	size_t n_threads;
};

struct rec_ids {
	uint32_t files_id;
	uint32_t pid_ns_id, net_ns_id, mnt_ns_id; /* 0: not in the images */
};

struct rec_core {
	uint32_t state, exit_code;
	const char *comm;
	bool has_ids;
	struct rec_ids ids;
};

struct rec_desc {
	uint32_t id, kind, fd;
	bool cloexec;
};

/* One record of files.img. Which fields mean something follows from kind. */
struct rec_file {
	uint32_t id, kind;
	uint32_t flags; /* of open(2); 0 where the record has none (FIFO, tun, EXT): see regf_id */
	uint64_t pos;   /* REG, memfd */
	const char *name; /* REG: path; unix socket: name, may hold any byte. Not NULL */
	size_t name_bytes;
	bool ext;          /* REG: comes from outside by criu's --external */
	bool has_size;     /* REG */
	uint64_t size;     /* bytes */
	uint32_t mode;     /* REG: st_mode; 0: not in the images */
	int32_t mnt_id;    /* REG; -1: none */
	uint32_t resource; /* pipe_id, tty_info_id, inode_id of a memfd, inode of a socket */
	uint32_t regf_id;  /* FIFO, tty: id of the record with the path; 0: none */
	uint32_t family, type, state;    /* sockets */
	uint32_t peer, shutdown, uflags; /* unix sockets */
	size_t n_watched;  /* epoll: how many descriptors it watches, see record_watched() */
	const void *epoll; /* for record_watched() */
};

struct rec_fs {
	uint32_t cwd_id, root_id;
};

/* A mapping of a file or memfd; others are not told. */
struct rec_vma {
	uint64_t start, end;
	uint32_t file_id;
	bool memfd;
};

struct rec_mm {
	uint32_t exe_id;
	size_t n_vmas;  /* all, see record_vma() */
	const void *mm; /* for record_vma() */
};

struct rec_data {
	uint32_t pipe_id, bytes;
};

struct rec_packet {
	uint32_t socket_id, bytes;
	size_t n_scms;      /* see record_rights() */
	const void *packet; /* for record_rights() */
};

struct rec_tty {
	uint32_t id, type, sid, pgrp, rdev, dev;
	bool has_index;
	uint32_t index; /* of a pty */
};

struct rec_memfd {
	uint32_t id;
	const char *name; /* without "/memfd:" */
	uint64_t size;    /* bytes */
};

/* A namespace. */
struct rec_space {
	const char *key; /* NULL: it is made by criu, not given from outside */
};

struct rec_remap {
	uint32_t file_id, remap_id, type;
};

int record_task(struct image *img, struct rec_task *ret, struct err *err);
int record_core(struct image *img, struct rec_core *ret, struct err *err);
int record_ids(struct image *img, struct rec_ids *ret, struct err *err);
int record_desc(struct image *img, struct rec_desc *ret, struct err *err);
int record_file(struct image *img, struct rec_file *ret, struct err *err);
int record_fs(struct image *img, struct rec_fs *ret, struct err *err);
int record_mm(struct image *img, struct rec_mm *ret, struct err *err);
/* Pipe and FIFO data; passes over the data itself. */
int record_data(struct image *img, struct rec_data *ret, struct err *err);
/* A packet in a unix socket's queue; passes over its bytes. */
int record_packet(struct image *img, struct rec_packet *ret, struct err *err);
int record_tty(struct image *img, struct rec_tty *ret, struct err *err);
int record_memfd(struct image *img, struct rec_memfd *ret, struct err *err);
int record_netns(struct image *img, struct rec_space *ret, struct err *err);
int record_pidns(struct image *img, struct rec_space *ret, struct err *err);
int record_remap(struct image *img, struct rec_remap *ret, struct err *err);

/* The descriptor number that an epoll watches, at < n_watched. */
uint32_t record_watched(const struct rec_file *file, size_t at);

/* The mapping number at < n_vmas. Return: false if it is not of a file. */
bool record_vma(const struct rec_mm *mm, size_t at, struct rec_vma *ret);

/* Ids of the open files that the control message at < n_scms carries; their number in *ret_n. */
const uint32_t *record_rights(const struct rec_packet *packet, size_t at, size_t *ret_n);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a descriptor is of, read once into a plain struct, so that plans are made on structs and can be
 * tested by table.
 */
#ifndef FDBROKER_BASE_FACTS_H
#define FDBROKER_BASE_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum facts_kind {
	FACTS_CLOSED, /* not an open descriptor, or it cannot be looked at: see error */
	FACTS_REGULAR,
	FACTS_DIRECTORY,
	FACTS_CHAR, /* a character device that is no terminal */
	FACTS_BLOCK,
	FACTS_TERMINAL,
	FACTS_PIPE,
	FACTS_FIFO, /* a named one */
	FACTS_SOCKET,
	FACTS_MEMFD,
	FACTS_EVENTFD,
	FACTS_EPOLL,
	FACTS_TIMERFD,
	FACTS_SIGNALFD,
	FACTS_INOTIFY,
	FACTS_FANOTIFY,
	FACTS_PIDFD,
	FACTS_NAMESPACE,
	FACTS_OTHER,   /* anything else that is no file: io_uring, bpf, perf, ... */
	FACTS_SYMLINK, /* O_PATH | O_NOFOLLOW */
	FACTS_KINDS,
};

struct facts {
	enum facts_kind kind;
	int error; /* errno if kind is FACTS_CLOSED, else 0 */
	uint32_t
		flags; /* of open(2), as F_GETFL gives them: access mode, O_APPEND, O_NONBLOCK, O_PATH */
	uint32_t mode;           /* st_mode */
	uint64_t dev, ino, rdev; /* for a pipe or socket ino is the number in "pipe:[...]" */
	uint64_t size;           /* bytes, of a regular file */
	int64_t pos;             /* position, -1: not known (no /proc) */
	int pty_index; /* N of /dev/pts/N, of the master of a pseudoterminal; -1: it is none */
	int sock_domain, sock_type; /* AF_*, SOCK_*; sockets only */
	bool sock_listening;
};

/**
 * facts_read() - look at a descriptor
 * @fd:  borrowed; neither its flags nor its position are changed
 * @ret: filled in in every case: a bad descriptor is a fact too
 *
 * Does not wait for a file system (statx with AT_STATX_DONT_SYNC; FUSE may answer from its cache) nor
 * for anybody who is reading from the same open file (the position comes from /proc, not by lseek),
 * and asks no device driver. A terminal is known by its device number (kernel's devices.txt).
 */
void facts_read(int fd, struct facts *ret);

/* "pipe", "regular file", ...; never NULL. */
const char *facts_kind_name(enum facts_kind kind);

#endif

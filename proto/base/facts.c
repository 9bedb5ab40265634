/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One look at a descriptor. See facts.h, above all for what is not done here. */
#include "base/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"

const char *facts_kind_name(enum facts_kind kind)
{
	static const char *const names[FACTS_KINDS] = {
		[FACTS_CLOSED] = "closed descriptor",
		[FACTS_REGULAR] = "regular file",
		[FACTS_DIRECTORY] = "directory",
		[FACTS_CHAR] = "character device",
		[FACTS_BLOCK] = "block device",
		[FACTS_TERMINAL] = "terminal",
		[FACTS_PIPE] = "pipe",
		[FACTS_FIFO] = "FIFO",
		[FACTS_SOCKET] = "socket",
		[FACTS_MEMFD] = "memfd",
		[FACTS_EVENTFD] = "eventfd",
		[FACTS_EPOLL] = "epoll",
		[FACTS_TIMERFD] = "timerfd",
		[FACTS_SIGNALFD] = "signalfd",
		[FACTS_INOTIFY] = "inotify",
		[FACTS_FANOTIFY] = "fanotify",
		[FACTS_PIDFD] = "pidfd",
		[FACTS_NAMESPACE] = "namespace",
		[FACTS_OTHER] = "descriptor of no file",
		[FACTS_SYMLINK] = "symbolic link",
	};

	return (unsigned)kind < FACTS_KINDS ? names[kind] : names[FACTS_OTHER];
}

/* Majors of terminals (Documentation/admin-guide/devices.txt): VTs and serial lines, /dev/tty, ptys, USB. */
static bool is_terminal(dev_t rdev)
{
	unsigned m = major(rdev);

	return m == 4 || m == 5 || (m >= 128 && m <= 143) || m == 166 || m == 188 || m == 204 ||
	       m == 229;
}

static enum facts_kind kind_of_mode(mode_t mode, dev_t rdev)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return FACTS_REGULAR;
	case S_IFDIR:
		return FACTS_DIRECTORY;
	case S_IFCHR:
		return is_terminal(rdev) ? FACTS_TERMINAL : FACTS_CHAR;
	case S_IFBLK:
		return FACTS_BLOCK;
	case S_IFIFO:
		return FACTS_FIFO;
	case S_IFSOCK:
		return FACTS_SOCKET;
	case S_IFLNK:
		return FACTS_SYMLINK;
	default:
		return FACTS_OTHER;
	}
}

/* What the kernel calls it, where the mode does not tell: the target of the link in /proc. */
static enum facts_kind kind_of_name(const char *name, enum facts_kind by_mode)
{
	static const struct {
		const char *begin;
		enum facts_kind kind;
	} names[] = {
		{ "pipe:[", FACTS_PIPE },
		{ "/memfd:", FACTS_MEMFD },
		{ "anon_inode:[eventfd]", FACTS_EVENTFD },
		{ "anon_inode:[eventpoll]", FACTS_EPOLL },
		{ "anon_inode:[timerfd]", FACTS_TIMERFD },
		{ "anon_inode:[signalfd]", FACTS_SIGNALFD },
		{ "anon_inode:inotify", FACTS_INOTIFY },
		{ "anon_inode:[fanotify]", FACTS_FANOTIFY },
		{ "anon_inode:[pidfd]", FACTS_PIDFD },
		{ "pidfd:[", FACTS_PIDFD },
		{ "anon_inode:", FACTS_OTHER },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(name, names[i].begin, strlen(names[i].begin)) == 0)
			return names[i].kind;
	/* "net:[4026531840]": no path, and neither pipe nor socket */
	if (name[0] != '/' && strstr(name, ":[") && by_mode == FACTS_REGULAR)
		return FACTS_NAMESPACE;
	return by_mode;
}

static enum facts_kind refine(int fd, enum facts_kind by_mode)
{
	char path[64], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return by_mode;
	name[n] = 0;
	return kind_of_name(name, by_mode);
}

/*
 * From fdinfo: the position, for lseek() would wait for somebody who reads on the same open file; and
 * "tty-index" of the master of a pseudoterminal, whose device number is /dev/ptmx's (Linux 4.14).
 */
static void read_fdinfo(int fd, struct facts *ret)
{
	char path[64], text[256];
	autofd int info = -1;
	const char *index;
	ssize_t n;

	ret->pos = ret->pty_index = -1;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return;
	n = read(info, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = 0;
	if (strncmp(text, "pos:", 4) == 0)
		ret->pos = strtoll(text + 4, NULL, 10);
	index = strstr(text, "tty-index:");
	if (index)
		ret->pty_index = (int)strtol(index + strlen("tty-index:"), NULL, 10);
}

static int socket_option(int fd, int option)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? 0 : value;
}

static void fill(int fd, const struct statx *st, int flags, struct facts *ret)
{
	dev_t rdev = makedev(st->stx_rdev_major, st->stx_rdev_minor);

	*ret = (struct facts){ .kind = refine(fd, kind_of_mode(st->stx_mode, rdev)),
		.flags = (uint32_t)flags,
		.mode = st->stx_mode,
		.dev = makedev(st->stx_dev_major, st->stx_dev_minor),
		.ino = st->stx_ino,
		.rdev = rdev,
		.size = st->stx_size };
	read_fdinfo(fd, ret);
	if (ret->kind != FACTS_SOCKET || flags & O_PATH)
		return;
	ret->sock_domain = socket_option(fd, SO_DOMAIN);
	ret->sock_type = socket_option(fd, SO_TYPE);
	ret->sock_listening = socket_option(fd, SO_ACCEPTCONN) != 0;
}

void facts_read(int fd, struct facts *ret)
{
	struct statx st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 ||
		statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) < 0)
		*ret = (struct facts){ .kind = FACTS_CLOSED, .error = errno, .pos = -1 };
	else
		fill(fd, &st, flags, ret);
}

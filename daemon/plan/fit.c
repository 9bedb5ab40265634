/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What fits where. criu itself checks none of it: it dups whatever it is given. See fit.h. */
#include "plan/fit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* A set of kinds of lent descriptors. */
#define KIND(k) (1u << (k))
#define STREAMS                                                                                    \
	(KIND(FACTS_PIPE) | KIND(FACTS_FIFO) | KIND(FACTS_TERMINAL) | KIND(FACTS_CHAR) |           \
		KIND(FACTS_REGULAR) | KIND(FACTS_MEMFD))

struct rule {
	uint32_t same, close; /* sets of kinds */
};

/* By kind in the images. Regular files and sockets need more than a table. */
static const struct rule rules[FILE_KINDS] = {
	[FILE_PIPE] = { KIND(FACTS_PIPE) | KIND(FACTS_FIFO), STREAMS },
	[FILE_FIFO] = { KIND(FACTS_PIPE) | KIND(FACTS_FIFO), STREAMS },
	[FILE_TTY] = { KIND(FACTS_TERMINAL), STREAMS },
	[FILE_EVENTFD] = { KIND(FACTS_EVENTFD), 0 },
	[FILE_EPOLL] = { KIND(FACTS_EPOLL), 0 },
	[FILE_INOTIFY] = { KIND(FACTS_INOTIFY), 0 },
	[FILE_SIGNALFD] = { KIND(FACTS_SIGNALFD), 0 },
	[FILE_FANOTIFY] = { KIND(FACTS_FANOTIFY), 0 },
	[FILE_NS] = { KIND(FACTS_NAMESPACE), 0 },
	[FILE_TUN] = { KIND(FACTS_CHAR), 0 },
	[FILE_EXT] = { 0, UINT32_MAX }, /* only its plugin knows */
	[FILE_TIMERFD] = { KIND(FACTS_TIMERFD), 0 },
	[FILE_MEMFD] = { KIND(FACTS_MEMFD), KIND(FACTS_REGULAR) },
	[FILE_BPFMAP] = { KIND(FACTS_OTHER), 0 },
	[FILE_PIDFD] = { KIND(FACTS_PIDFD), 0 },
};

/* REG in images is anything with a path; an old image does not say what. */
static struct rule rule_of_mode(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return (struct rule){ KIND(FACTS_REGULAR), KIND(FACTS_MEMFD) | KIND(FACTS_BLOCK) };
	case S_IFDIR:
		return (struct rule){ KIND(FACTS_DIRECTORY), 0 };
	case S_IFCHR:
		/* /dev/null and the like are what people put where a stream was to be */
		return (struct rule){ KIND(FACTS_CHAR) | KIND(FACTS_TERMINAL), STREAMS };
	case S_IFBLK:
		return (struct rule){ KIND(FACTS_BLOCK), KIND(FACTS_REGULAR) };
	default:
		return (struct rule){ KIND(FACTS_REGULAR) | KIND(FACTS_DIRECTORY) |
					      KIND(FACTS_CHAR) | KIND(FACTS_BLOCK) |
					      KIND(FACTS_TERMINAL),
			KIND(FACTS_MEMFD) };
	}
}

static enum fit fit_socket(const struct file *f, const struct facts *lent)
{
	bool listening = f->sock_state == SOCK_LISTENING;

	if (lent->kind != FACTS_SOCKET)
		return FIT_WRONG;
	if (f->kind != FILE_UNIXSK && f->kind != FILE_INETSK)
		return lent->sock_domain == (f->kind == FILE_NETLINKSK ? AF_NETLINK : AF_PACKET)
			       ? FIT_SAME
			       : FIT_WRONG;
	if (lent->sock_type != f->sock_type || (listening && !lent->sock_listening))
		return FIT_WRONG;
	return lent->sock_domain == f->sock_family ? FIT_SAME : FIT_CLOSE;
}

static bool is_socket(const struct file *f)
{
	return f->kind == FILE_UNIXSK || f->kind == FILE_INETSK || f->kind == FILE_NETLINKSK ||
	       f->kind == FILE_PACKETSK;
}

enum fit fit_kind(const struct file *f, const struct facts *lent)
{
	struct rule r;

	if (is_socket(f))
		return fit_socket(f, lent);
	r = f->kind == FILE_REG ? rule_of_mode(f->mode) : rules[f->kind];
	if (r.same & KIND(lent->kind))
		return FIT_SAME;
	if (r.close & KIND(lent->kind))
		return FIT_CLOSE;
	/* A connected stream socket reads and writes like a pipe. */
	if (r.close == STREAMS && lent->kind == FACTS_SOCKET && lent->sock_type == SOCK_STREAM)
		return lent->sock_listening ? FIT_WRONG : FIT_CLOSE;
	return FIT_WRONG;
}

static bool can_read(uint32_t flags)
{
	return !(flags & O_PATH) && (flags & O_ACCMODE) != O_WRONLY;
}

static bool can_write(uint32_t flags)
{
	return !(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY;
}

bool fit_access(const struct file *f, const struct facts *lent)
{
	if (f->kind != FILE_REG && f->kind != FILE_PIPE && f->kind != FILE_FIFO &&
		f->kind != FILE_TTY && f->kind != FILE_MEMFD)
		return !(lent->flags & O_PATH);
	return (!can_read(f->flags) || can_read(lent->flags)) &&
	       (!can_write(f->flags) || can_write(lent->flags));
}

/* /dev/ptmx, which makes a new pseudoterminal each time it is opened (kernel's devices.txt). */
static bool is_pty_master(const struct facts *lent)
{
	return lent->kind == FACTS_TERMINAL && lent->rdev == makedev(5, 2);
}

bool fit_reopen(const struct facts *lent)
{
	return !is_pty_master(lent) &&
	       (STREAMS | KIND(FACTS_DIRECTORY) | KIND(FACTS_BLOCK)) & KIND(lent->kind);
}

bool fit_pollable(const struct facts *lent)
{
	return !((KIND(FACTS_REGULAR) | KIND(FACTS_DIRECTORY) | KIND(FACTS_BLOCK) |
			 KIND(FACTS_MEMFD) | KIND(FACTS_NAMESPACE)) &
		 KIND(lent->kind));
}

bool fit_seekable(const struct facts *lent)
{
	return (KIND(FACTS_REGULAR) | KIND(FACTS_BLOCK) | KIND(FACTS_MEMFD)) & KIND(lent->kind);
}

const char *fit_access_name(uint32_t flags)
{
	static const char *const names[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "without access" };

	return flags & O_PATH ? "O_PATH" : names[flags & O_ACCMODE];
}

const char *fit_file_name(const struct file *f)
{
	if (f->kind != FILE_REG)
		return file_kind_name(f->kind);
	switch (f->mode & S_IFMT) {
	case S_IFREG:
		return "regular file";
	case S_IFDIR:
		return "directory";
	case S_IFCHR:
		return "character device";
	case S_IFBLK:
		return "block device";
	default:
		return "file";
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One task, in order: it runs (1), has ended (2), and its parent is waited for (3). See rootwatch.h.
 *
 * Between 2 and 3 the pidfd stays readable, so it is not listened to any more: the rest goes by a timer.
 * Children of ours are not for here, but for reap.c.
 */
#include "trees/rootwatch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/cleanup.h"

/*
 * PIDFD_GET_INFO of linux/pidfd.h, which Debian 12 does not have yet: the first 64 bytes, which every kernel
 * since 6.13 knows. The exit status is there since 6.15, if it was asked for and is known. A later kernel
 * takes a shorter structure than its own.
 */
struct pidfd_info_v0 {
	uint64_t mask; /* in: what is wanted; out: what is there */
	uint64_t cgroup;
	uint32_t pid, tgid, ppid;
	uint32_t ids[8]; /* four users, four groups */
	int32_t exit_status;
};
_Static_assert(sizeof(struct pidfd_info_v0) == 64, "the kernel's PIDFD_INFO_SIZE_VER0");

#define GET_INFO  _IOWR(0xff, 11, struct pidfd_info_v0)
#define INFO_EXIT (UINT64_C(1) << 3)

#define PIDFS            0x50494446 /* PID_FS_MAGIC of linux/magic.h */
#define STAT_BYTES       4096
#define START_TIME_FIELD 22 /* of /proc/PID/stat, proc(5), counted from 1 */

struct rootwatch {
	struct event *on_end;  /* owned; the pidfd */
	struct event *on_poll; /* owned; a timer */
	int pidfd;             /* owned */
	unsigned waited_ms;    /* since the end */
	rootwatch_ended *ended;
	void *arg;
};

int rootwatch_status(int pidfd, int *ret_status)
{
	struct pidfd_info_v0 info = { .mask = INFO_EXIT };
	int r = ioctl(pidfd, GET_INFO, &info);

	/* The status may have come and the task gone just between the kernel's two looks: once more. */
	if (r < 0 && errno == ESRCH) {
		info = (struct pidfd_info_v0){ .mask = INFO_EXIT };
		r = ioctl(pidfd, GET_INFO, &info);
	}
	if (r < 0)
		return errno == ESRCH ? -ENODATA : -errno;
	if (!(info.mask & INFO_EXIT))
		return -EAGAIN;
	*ret_status = info.exit_status;
	return 0;
}

/* 3. The one exit: the watch is gone before its owner is told. */
static void ask(struct rootwatch *w)
{
	const struct timeval pause = { .tv_usec = ROOTWATCH_POLL_MS * 1000 };
	rootwatch_ended *ended = w->ended;
	void *arg = w->arg;
	int status = 0, r = rootwatch_status(w->pidfd, &status);

	if (r == -EAGAIN && w->waited_ms < ROOTWATCH_WAIT_MS && event_add(w->on_poll, &pause) == 0)
		return;
	rootwatch_stop(w);
	ended(arg, r == 0, status);
}

static void poll_again(evutil_socket_t none, short what, void *arg)
{
	struct rootwatch *w = arg;

	(void)none, (void)what;
	w->waited_ms += ROOTWATCH_POLL_MS;
	ask(w);
}

/* 2. */
static void has_ended(evutil_socket_t pidfd, short what, void *arg)
{
	(void)pidfd, (void)what;
	ask(arg);
}

/* 1. */
int rootwatch_start(struct event_base *base, int pidfd, rootwatch_ended *ended, void *arg,
	struct rootwatch **ret)
{
	autofd int owned = pidfd;
	struct rootwatch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->pidfd = TAKE_FD(owned);
	w->ended = ended;
	w->arg = arg;
	w->on_end = event_new(base, w->pidfd, EV_READ, has_ended, w);
	w->on_poll = evtimer_new(base, poll_again, w);
	if (!w->on_end || !w->on_poll) {
		rootwatch_stop(w);
		return -ENOMEM;
	}
	if (event_add(w->on_end, NULL) < 0) {
		rootwatch_stop(w);
		return -EIO;
	}
	*ret = w;
	return 0;
}

void rootwatch_stop(struct rootwatch *w)
{
	if (!w)
		return;
	if (w->on_end)
		event_free(w->on_end);
	if (w->on_poll)
		event_free(w->on_poll);
	if (w->pidfd >= 0)
		close(w->pidfd);
	free(w);
}

/* The name of a process is in parentheses and may hold anything, so fields are counted from the last ')'. */
static int parse_start_time(const char *stat, uint64_t *ret)
{
	const char *at = strrchr(stat, ')');
	char *end;

	for (int field = 2; at && field < START_TIME_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -EBADMSG;
	errno = 0;
	*ret = strtoull(at + 1, &end, 10);
	return errno || end == at + 1 || *end != ' ' ? -EBADMSG : 0;
}

int rootwatch_start_time(pid_t pid, uint64_t *ret)
{
	char path[32], stat[STAT_BYTES];
	autofd int fd = -1;
	uint64_t found;
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, stat, sizeof(stat) - 1);
	if (n < 0)
		return -errno; /* ESRCH: it has gone meanwhile */
	stat[n] = '\0';
	r = parse_start_time(stat, &found);
	if (r == 0)
		*ret = found;
	return r;
}

pid_t rootwatch_pid(int fd)
{
	char path[48], line[128];
	FILE *f;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -EBADF : -errno;
	pid = -EBADF;
	while (pid == -EBADF && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid:%d", &pid) == 1 && pid < 0)
			pid = 0; /* the kernel says -1 */
	fclose(f);
	return pid;
}

uint64_t rootwatch_inode(int pidfd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(pidfd, &fs) < 0 || fs.f_type != PIDFS || fstat(pidfd, &st) < 0)
		return 0;
	return st.st_ino;
}

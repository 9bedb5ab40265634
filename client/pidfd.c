/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a task has ended, from its pidfd and the kernel alone. The header that has this (linux/pidfd.h)
 * is newer than what we build on: the interface is declared here, under names of our own.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "fdbroker.h"

/* struct pidfd_info of Linux 6.13, PIDFD_INFO_SIZE_VER0; the kernel fills in no more than is asked for. */
struct info {
	uint64_t mask;
	uint64_t cgroup;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code; /* as of wait(2) */
};

#define GET_INFO  _IOWR(0xff, 11, struct info) /* PIDFD_GET_INFO, Linux 6.13 */
#define INFO_PID  (UINT64_C(1) << 0)           /* PIDFD_INFO_PID: set while there is a task */
#define INFO_EXIT (UINT64_C(1) << 3)           /* PIDFD_INFO_EXIT, Linux 6.15 */

_Static_assert(sizeof(struct info) == 64, "PIDFD_INFO_SIZE_VER0");

int fdb_pidfd_status(int pidfd, int *ret_status)
{
	struct info info = { .mask = INFO_EXIT };

	/* Another kind of descriptor, or an older kernel: ENOTTY, as of any unknown ioctl(2). */
	if (ioctl(pidfd, GET_INFO, &info) < 0)
		return -errno;
	/* The kernel keeps it from when the parent has waited for the task: then there is no task any more. */
	if (!(info.mask & INFO_EXIT))
		return info.mask & INFO_PID ? -EAGAIN : -ESRCH;
	*ret_status = info.exit_code;
	return 0;
}

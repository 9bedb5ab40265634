/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owners by scope: a variable marked autofd or autofree is released on every way out.
 * TAKE_FD and TAKE_PTR hand the value on and disarm the owner.
 */
#ifndef FDBROKER_BASE_CLEANUP_H
#define FDBROKER_BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define autofree __attribute__((cleanup(cleanup_free)))
#define autofd   __attribute__((cleanup(cleanup_fd)))

/* clang-format off */
#define TAKE_PTR(p) __extension__({ __typeof__(p) t_ = (p); (p) = NULL; t_; })
#define TAKE_FD(fd) __extension__({ int t_ = (fd); (fd) = -1; t_; })
/* clang-format on */

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fd(int *fd)
{
	int saved = errno; /* a failing path keeps the errno that it reports */

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See standard.h. */
#include "standard.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool closed[3]; /* before standard_fill(); never changes after it */

int standard_fill(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		closed[fd] = true;
		/* The lowest number that is free: this one. */
		if (open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
			return -errno;
	}
	return 0;
}

bool standard_was_closed(int fd)
{
	return fd >= 0 && fd < 3 && closed[fd];
}

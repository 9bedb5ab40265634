/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See io.h. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int io_write_all(int fd, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = write(fd, (const char *)bytes + done, size - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

ssize_t io_read_at(int fd, void *buf, size_t size, off_t at)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)buf + done, size - done, at + (off_t)done);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return (ssize_t)done;
}

DIR *io_list(int dir)
{
	/* Not a duplicate: that would share its position with the caller's. */
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd); /* owns fd from here */
	int saved = errno;

	if (!list && fd >= 0)
		close(fd);
	errno = saved;
	return list;
}

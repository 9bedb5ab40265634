/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading and writing to the end, and listing a directory that is open: system calls, without their half ways. */
#ifndef FDBROKER_BASE_IO_H
#define FDBROKER_BASE_IO_H

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * io_write_all() - write all of it
 * @fd: that blocks
 *
 * Return: 0 or -errno; some of it may be written then.
 */
int io_write_all(int fd, const void *bytes, size_t size);

/**
 * io_read_at() - read from a place in a file until there is no more, or size bytes are read
 *
 * Return: bytes read, fewer than size at the file's end alone; or -errno.
 */
ssize_t io_read_at(int fd, void *buf, size_t size, off_t at);

/**
 * io_list() - read a directory from its start
 * @dir: borrowed; it may be read by others meanwhile
 *
 * Return: closedir(3) is due; or NULL with errno.
 */
DIR *io_list(int dir);

#endif

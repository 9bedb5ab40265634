/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What fuzzers share: a directory of images that is made of the fuzzer's bytes.
 *
 * A bundle is any number of files, each: one byte for the length of its name, the name, four bytes
 * (little endian) for its size, its bytes. What does not fit is cut. tests/fuzz/bundle makes one of a
 * directory.
 */
#ifndef FDBROKER_TESTS_FUZZ_H
#define FDBROKER_TESTS_FUZZ_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FUZZ_MAX_FILES 64

/* Files of a bundle: written to a directory and, after the test, removed again. */
struct bundle {
	int dir;
	char names[FUZZ_MAX_FILES][64];
	size_t n;
};

static char bundle_path[] = "/dev/shm/fdbroker-fuzz-XXXXXX";

static inline void bundle_remove_dir(void)
{
	(void)rmdir(bundle_path);
}

/* A directory in memory that lives as long as the process. Return: its descriptor. */
static inline int bundle_dir(void)
{
	static int dir = -1;

	if (dir >= 0)
		return dir;
	if (!mkdtemp(bundle_path) || atexit(bundle_remove_dir) != 0)
		abort();
	dir = open(bundle_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir;
}

static inline bool name_is_good(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/');
}

static inline void bundle_write(
	struct bundle *b, const char *name, const uint8_t *data, size_t size)
{
	int fd = openat(b->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	if (write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	snprintf(b->names[b->n++], sizeof(b->names[0]), "%s", name);
}

static inline void bundle_open(struct bundle *b, const uint8_t *data, size_t size)
{
	*b = (struct bundle){ .dir = bundle_dir() };
	while (size > 0 && b->n < FUZZ_MAX_FILES) {
		char name[64] = "";
		size_t n = data[0] < sizeof(name) ? data[0] : sizeof(name) - 1, bytes;

		if (size < 1 + n + 4)
			return;
		memcpy(name, data + 1, n);
		data += 1 + n;
		size -= 1 + n;
		bytes = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16 |
			(size_t)data[3] << 24;
		data += 4;
		size -= 4;
		bytes = bytes < size ? bytes : size;
		if (name_is_good(name))
			bundle_write(b, name, data, bytes);
		data += bytes;
		size -= bytes;
	}
}

static inline void bundle_close(struct bundle *b)
{
	for (size_t i = 0; i < b->n; i++)
		unlinkat(b->dir, b->names[i], 0);
}

#endif

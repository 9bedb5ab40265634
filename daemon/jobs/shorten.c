/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two ends of a log: what criu has begun with, and why it has ended. See shorten.h. */
#include "jobs/shorten.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"

#define COPY_BYTES 65536
#define LINE_ROOM  96   /* for the line between */
#define LINE_LOOK  4096 /* a cut is moved to the end of a line that is no farther than this */

/* A log that has become shorter meanwhile is copied as it is. */
static int copy(int from, off_t start, off_t end, int to)
{
	char buf[COPY_BYTES];

	while (start < end) {
		off_t left = end - start;
		ssize_t n =
			io_read_at(from, buf, left < COPY_BYTES ? (size_t)left : COPY_BYTES, start);
		int r = n > 0 ? io_write_all(to, buf, (size_t)n) : (int)n;

		if (r < 0 || n == 0)
			return r;
		start += n;
	}
	return 0;
}

/* Behind the last end of a line before pos; pos, if none is near. */
static off_t line_before(int fd, off_t pos)
{
	char buf[LINE_LOOK];
	off_t from = pos > LINE_LOOK ? pos - LINE_LOOK : 0;
	ssize_t n = io_read_at(fd, buf, (size_t)(pos - from), from);
	const char *end = n > 0 ? memrchr(buf, '\n', (size_t)n) : NULL;

	return end ? from + (end - buf) + 1 : pos;
}

/* Behind the first end of a line from pos on; pos, if none is near. */
static off_t line_after(int fd, off_t pos)
{
	char buf[LINE_LOOK];
	ssize_t n = io_read_at(fd, buf, sizeof(buf), pos);
	const char *end = n > 0 ? memchr(buf, '\n', (size_t)n) : NULL;

	return end ? pos + (end - buf) + 1 : pos;
}

static bool starts_line(int fd, off_t pos)
{
	char before;

	return pos == 0 || (io_read_at(fd, &before, 1, pos - 1) == 1 && before == '\n');
}

int shorten(int from, off_t size, uint64_t max_bytes, int to)
{
	off_t half = max_bytes < LINE_ROOM ? 0 : (off_t)((max_bytes - LINE_ROOM) / 2);
	off_t head = line_before(from, half), tail = half ? line_after(from, size - half) : size;
	char line[LINE_ROOM];
	int n = snprintf(line, sizeof(line),
		"%s[criu-fdbroker: %lld bytes of this log are left out here]\n",
		starts_line(from, head) ? "" : "\n", (long long)(tail - head));
	int r = copy(from, 0, head, to);

	if (r == 0)
		r = io_write_all(to, line, (size_t)n);
	return r < 0 ? r : copy(from, tail, size, to);
}

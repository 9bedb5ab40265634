/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying criu's log and showing its end. See logfile.h. */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "output.h"
#include "text.h"

#define CHUNK 65536

static int copy(int from, int to)
{
	autofree char *buf = malloc(CHUNK);
	off_t at = 0;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = io_read_at(from, buf, CHUNK, at);
		int r;

		if (n <= 0)
			return (int)n;
		r = io_write_all(to, buf, (size_t)n);
		if (r < 0)
			return r;
		at += n;
	}
}

static char *join(const char *dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* The file, open for writing, or -errno; and *ret_path, the caller's in every case. */
static int make(const char *dir, char **ret_path)
{
	const char *tmp = secure_getenv("TMPDIR");
	int fd;

	if (dir) {
		*ret_path = join(dir, LOGFILE_NAME);
		if (!*ret_path)
			return -ENOMEM;
		/* Not through a link that somebody has left; for root's eyes, as criu's. */
		fd = open(*ret_path,
			O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	} else {
		*ret_path = join(tmp && tmp[0] ? tmp : "/tmp", "fdbroker-restore.XXXXXX.log");
		if (!*ret_path)
			return -ENOMEM;
		fd = mkostemps(*ret_path, (int)strlen(".log"), O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	return -errno;
}

int logfile_keep(int log, const char *dir, char **ret_path, struct err *err)
{
	autofree char *path = NULL;
	autofd int fd = -1;
	struct stat st;
	int r;

	if (fstat(log, &st) == 0 && st.st_size == 0) {
		*ret_path = NULL;
		return 0;
	}
	fd = make(dir, &path);
	r = fd < 0 ? fd : copy(log, fd);
	if (r < 0)
		return err_set(err, ERR_INTERNAL, -r, NULL, "cannot keep criu's log in %s",
			dir ? dir : "the directory for temporary files");
	*ret_path = TAKE_PTR(path);
	return 0;
}

/* Where the last lines begin. */
static const char *last_lines(const char *text, size_t size, unsigned lines)
{
	const char *at = text + size;

	while (at > text && lines) {
		const char *line = memrchr(text, '\n', (size_t)(at - 1 - text));

		at = line ? line + 1 : text;
		lines--;
	}
	return at;
}

void logfile_tail(FILE *f, int log, unsigned lines)
{
	autofree char *buf = malloc(CHUNK + 1);
	struct stat st;
	ssize_t n;
	char *line, *rest;

	if (!buf || fstat(log, &st) < 0)
		return;
	n = pread(log, buf, CHUNK, st.st_size > CHUNK ? st.st_size - CHUNK : 0);
	if (n <= 0)
		return;
	buf[n] = 0;
	for (char *c = buf; (c = strchr(c, '\t'));)
		*c = ' ';
	rest = buf + (last_lines(buf, (size_t)n, lines) - buf);
	while ((line = strsep(&rest, "\n")) && (line[0] || rest))
		out_line(f, "  | %s", line);
}

/* ---- to standard output, as it grows ---- */

/* A line without its end, which may hold any bytes. Return: 0, or -ENOMEM. */
static int put_line(char *line, size_t n, logfile_line *put, void *arg)
{
	autofree char *safe = NULL;

	for (size_t i = 0; i < n; i++)
		/* A tab is no danger, and a zero would end it. */
		if (line[i] == '\t' || !line[i])
			line[i] = ' ';
	line[n] = 0;
	safe = text_printable(line);
	if (!safe)
		return -ENOMEM;
	put(arg, safe);
	return 0;
}

int logfile_lines(int log, off_t *at, bool all, logfile_line *put, void *arg)
{
	autofree char *buf = malloc(CHUNK + 1);
	ssize_t n;
	int r = 0;

	if (!buf)
		return -ENOMEM;
	while (r == 0 && (n = io_read_at(log, buf, CHUNK, *at)) > 0) {
		char *line = buf, *end;

		while (r == 0 && (end = memchr(line, '\n', (size_t)(buf + n - line)))) {
			r = put_line(line, (size_t)(end - line), put, arg);
			line = end + 1;
		}
		/* What is left is the beginning of a line, but for one that is longer than the buffer. */
		if (r == 0 && line == buf && (all || n == CHUNK)) {
			r = put_line(buf, (size_t)n, put, arg);
			line = buf + n;
		}
		if (line == buf)
			return r;
		*at += line - buf;
	}
	return r ? r : n < 0 ? (int)n : 0;
}

int logfile_copy(FILE *f, int log, off_t *at)
{
	autofree char *buf = malloc(CHUNK);
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	while ((n = io_read_at(log, buf, CHUNK, *at)) > 0) {
		if (fwrite(buf, 1, (size_t)n, f) != (size_t)n)
			break; /* the stream keeps the error */
		*at += n;
	}
	return n < 0 ? (int)n : 0;
}

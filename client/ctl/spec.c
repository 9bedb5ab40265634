/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parsing --fd, --map, --at, --inherit-fd and numbers, and opening what --fd names. See spec.h. */
#include "spec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "names.h"

#define MAX_SECONDS 1209600 /* 14 days: as long as a broker can be told to allow */

static int bad(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int bad(struct err *err, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_BAD_REQUEST, 0, NULL, "%s", text);
}

int spec_parse_number(const char *text, int *ret)
{
	long n;

	if (!text[0] || text[strspn(text, "0123456789")])
		return -1;
	errno = 0;
	n = strtol(text, NULL, 10);
	if (errno || n > INT_MAX)
		return -1;
	*ret = (int)n;
	return 0;
}

int spec_parse_seconds(const char *text, uint32_t *ret_ms, struct err *err)
{
	char *end;
	double s;

	/* No sign, no "inf", no hexadecimal. */
	if (!isdigit((unsigned char)text[0]) || text[strspn(text, "0123456789.")])
		return bad(err, "'%s' is no number of seconds", text);
	s = strtod(text, &end);
	if (*end || s * 1000 < 1 || s > MAX_SECONDS)
		return bad(
			err, "'%s' is no number of seconds within 0.001 .. %d", text, MAX_SECONDS);
	*ret_ms = (uint32_t)(s * 1000 + 0.5);
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	const char *fault = names_fault(name);

	return fault ? bad(err, "the name '%s' %s", name, fault) : 0;
}

/* ---- --fd ---- */

int spec_mode_of(const char *word)
{
	static const char *const words[] = {
		[SPEC_READ] = "r", [SPEC_WRITE] = "w", [SPEC_APPEND] = "a", [SPEC_BOTH] = "rw"
	};

	for (int i = SPEC_READ; i <= SPEC_BOTH; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

/* The mode at the end of a path, which is cut off there. */
static enum spec_mode take_mode(char *path)
{
	char *colon = strrchr(path, ':');
	int mode = colon ? spec_mode_of(colon + 1) : -1;

	if (mode < 0)
		return SPEC_EXISTING;
	*colon = 0;
	return (enum spec_mode)mode;
}

int spec_parse_fd(const char *text, struct spec_fd *ret, struct err *err)
{
	const char *equal = strchr(text, '=');
	autofree char *name = NULL, *path = NULL;
	enum spec_mode mode = SPEC_EXISTING;
	int number = -1;

	if (!equal || !equal[1])
		return bad(err, "'%s' is not NAME=N or NAME=PATH[:r|w|a|rw]", text);
	name = strndup(text, (size_t)(equal - text));
	path = strdup(equal + 1);
	if (!name || !path)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "cannot keep '%s'", text);
	if (check_name(name, err) < 0)
		return -1;
	if (!path[strspn(path, "0123456789")]) {
		if (spec_parse_number(path, &number) < 0)
			return bad(err, "'%s' is no descriptor number", path);
		cleanup_free(&path);
		path = NULL;
	} else {
		mode = take_mode(path);
		if (!path[0])
			return bad(err, "'%s' has no path before its mode", text);
	}
	*ret = (struct spec_fd){
		.name = TAKE_PTR(name), .number = number, .path = TAKE_PTR(path), .mode = mode
	};
	return 0;
}

void spec_fd_done(struct spec_fd *spec)
{
	free(spec->name);
	free(spec->path);
	*spec = (struct spec_fd){ .number = -1 };
}

/* ---- --map, --at, --inherit-fd ---- */

/* What is before the last '=', the caller's, and *ret_rest behind it. NULL with @err. */
static char *split_last(const char *text, const char *form, const char **ret_rest, struct err *err)
{
	const char *equal = strrchr(text, '=');
	char *first;

	if (!equal || equal == text || !equal[1]) {
		bad(err, "'%s' is not %s", text, form);
		return NULL;
	}
	first = strndup(text, (size_t)(equal - text));
	if (!first)
		err_set(err, ERR_INTERNAL, ENOMEM, NULL, "cannot keep '%s'", text);
	*ret_rest = equal + 1;
	return first;
}

int spec_parse_map(const char *text, struct spec_map *ret, struct err *err)
{
	const char *rest;
	autofree char *target = split_last(text, "TARGET=NAME", &rest, err);
	autofree char *name = target ? strdup(rest) : NULL;

	if (!target)
		return -1;
	if (!name)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "cannot keep '%s'", text);
	if (check_name(name, err) < 0)
		return -1;
	*ret = (struct spec_map){ .target = TAKE_PTR(target), .name = TAKE_PTR(name) };
	return 0;
}

void spec_map_done(struct spec_map *spec)
{
	free(spec->target);
	free(spec->name);
	*spec = (struct spec_map){ 0 };
}

int spec_parse_at(const char *text, struct spec_at *ret, struct err *err)
{
	const char *rest;
	autofree char *name = split_last(text, "NAME=NUMBER", &rest, err);
	int number;

	if (!name || check_name(name, err) < 0)
		return -1;
	if (spec_parse_number(rest, &number) < 0)
		return bad(err, "'%s' is no descriptor number", rest);
	*ret = (struct spec_at){ .name = TAKE_PTR(name), .number = number };
	return 0;
}

void spec_at_done(struct spec_at *spec)
{
	free(spec->name);
	*spec = (struct spec_at){ 0 };
}

int spec_parse_inherit(
	const char *text, struct spec_fd *ret_fd, struct spec_map *ret_map, struct err *err)
{
	const char *close = strncmp(text, "fd[", 3) ? NULL : strstr(text, "]:");
	autofree char *digits = close ? strndup(text + 3, (size_t)(close - text - 3)) : NULL;
	autofree char *name = close ? strndup(text, (size_t)(close - text + 1)) : NULL;
	autofree char *name_too = name ? strdup(name) : NULL;
	autofree char *target = NULL;
	int number;

	if (!close || !close[2])
		return bad(err, "'%s' is not fd[N]:KEY", text);
	if (asprintf(&target, "key:%s", close + 2) < 0)
		target = NULL; /* asprintf() leaves it undefined */
	if (!digits || !name_too || !target)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "cannot keep '%s'", text);
	if (spec_parse_number(digits, &number) < 0)
		return bad(err, "'%s' in '%s' is no descriptor number", digits, text);
	*ret_fd = (struct spec_fd){ .name = TAKE_PTR(name), .number = number };
	*ret_map = (struct spec_map){ .target = TAKE_PTR(target), .name = TAKE_PTR(name_too) };
	return 0;
}

/* ---- opening ---- */

static int flags_of(enum spec_mode mode)
{
	switch (mode) {
	case SPEC_READ:
		return O_RDONLY;
	case SPEC_WRITE:
		return O_WRONLY | O_CREAT | O_TRUNC;
	case SPEC_APPEND:
		return O_WRONLY | O_CREAT | O_APPEND;
	case SPEC_BOTH:
		return O_RDWR | O_CREAT;
	case SPEC_EXISTING:
		break;
	}
	return O_RDWR | O_APPEND;
}

/*
 * Not blocking while it is opened: a FIFO would wait for its other side, a serial line for a
 * carrier.
 */
static int open_path(const char *path, int flags)
{
	autofd int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
	int now = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	if (fd < 0 || now < 0 || fcntl(fd, F_SETFL, now & ~O_NONBLOCK) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* What to write instead, where one knows. */
static const char *advice(const struct spec_fd *spec, int error)
{
	if (spec->mode == SPEC_EXISTING && error == ENOENT)
		return "; to make it: :a (append), :w or :rw";
	if (spec->mode == SPEC_EXISTING &&
		(error == EACCES || error == EROFS || error == ETXTBSY || error == EPERM))
		return "; to read only: :r";
	if (error == ENXIO)
		return "; nobody reads this FIFO yet: start its reader, or open both ends with :rw";
	return "";
}

static int fails(const struct spec_fd *spec, int error, struct err *err)
{
	return err_set(err, ERR_BAD_REQUEST, 0, NULL, "cannot open '%s' for %s: %s%s", spec->path,
		spec->name, strerrordesc_np(error), advice(spec, error));
}

int spec_open(const struct spec_fd *spec, struct err *err)
{
	int fd = open_path(spec->path, flags_of(spec->mode));
	struct stat st;

	if (fd == -EISDIR && spec->mode == SPEC_EXISTING)
		fd = open_path(spec->path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fails(spec, -fd, err);
	/* A reader that holds the writing side too would never see the end of the file. */
	if (spec->mode == SPEC_EXISTING && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
		close(fd);
		return bad(err, "'%s' is a FIFO: say which side %s is, :r or :w", spec->path,
			spec->name);
	}
	return fd;
}

/* ---- looking, for a plan ---- */

/* A file that is not there: may it be made? */
static int look_at_new(const struct spec_fd *spec, int flags, struct facts *ret, struct err *err)
{
	autofree char *copy = strdup(spec->path);
	char *slash = copy ? strrchr(copy, '/') : NULL;

	if (!copy)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "cannot keep '%s'", spec->path);
	if (slash)
		slash[slash == copy] = 0;
	if (!(flags & O_CREAT) || faccessat(AT_FDCWD, slash ? copy : ".", W_OK, AT_EACCESS) < 0)
		return fails(spec, errno, err);
	*ret = (struct facts){ .kind = FACTS_REGULAR,
		.mode = S_IFREG | 0666,
		.flags = (uint32_t)(flags & ~(O_CREAT | O_TRUNC)) };
	return 0;
}

int spec_look(const struct spec_fd *spec, struct facts *ret, struct err *err)
{
	int flags = flags_of(spec->mode), access = flags & O_ACCMODE;
	autofd int fd = open(spec->path, O_PATH | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return look_at_new(spec, flags, ret, err);
	if (fd < 0)
		return fails(spec, errno, err);
	facts_read(fd, ret);
	if (ret->kind == FACTS_DIRECTORY && spec->mode == SPEC_EXISTING)
		flags = access = O_RDONLY;
	if (ret->kind == FACTS_DIRECTORY && access != O_RDONLY)
		return fails(spec, EISDIR, err);
	if (ret->kind == FACTS_FIFO && spec->mode == SPEC_EXISTING)
		return bad(err, "'%s' is a FIFO: say which side %s is, :r or :w", spec->path,
			spec->name);
	if (ret->kind == FACTS_SOCKET)
		return fails(spec, ENXIO, err);
	if (faccessat(AT_FDCWD, spec->path,
		    (access != O_WRONLY ? R_OK : 0) | (access != O_RDONLY ? W_OK : 0),
		    AT_EACCESS) < 0)
		return fails(spec, errno, err);
	ret->flags = (uint32_t)(flags & ~(O_CREAT | O_TRUNC));
	ret->pos = 0;
	if (flags & O_TRUNC)
		ret->size = 0;
	return 0;
}

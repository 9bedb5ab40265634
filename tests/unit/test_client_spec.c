/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl: what --fd, --map, --at, --inherit-fd and --deadline mean, word by word. */
#include "fixture.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/spec.h"

static void expect_text(const struct err *err, const char *says)
{
	if (!strstr(err->text, says))
		fail_msg("'%s' does not say '%s'", err->text, says);
}

/* ---- --fd ---- */

struct fd_case {
	const char *name; /* of the case; NULL: the text itself */
	const char *text;
	const char *lent; /* NULL: refused */
	int number;
	const char *path; /* refused: what the error says */
	enum spec_mode mode;
};

static void parses_fd(void **state)
{
	const struct fd_case *c = *state;
	struct spec_fd got = { 0 };
	struct err err;
	int r = spec_parse_fd(c->text, &got, &err);

	if (!c->lent) {
		assert_int_equal(r, -1);
		assert_null(got.name);
		expect_text(&err, c->path);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(got.name, c->lent);
	assert_int_equal(got.number, c->number);
	assert_int_equal(got.mode, c->mode);
	if (c->path)
		assert_string_equal(got.path, c->path);
	else
		assert_null(got.path);
	spec_fd_done(&got);
}

static struct fd_case fd_cases[] = {
	{ "a number", "log=5", "log", 5, NULL, SPEC_EXISTING },
	{ "descriptor 0", "in=0", "in", 0, NULL, SPEC_EXISTING },
	{ "a path", "log=/var/log/x", "log", -1, "/var/log/x", SPEC_EXISTING },
	{ "a relative path", "log=x", "log", -1, "x", SPEC_EXISTING },
	{ "a path of digits", "log=./5", "log", -1, "./5", SPEC_EXISTING },
	{ "to read", "log=/x:r", "log", -1, "/x", SPEC_READ },
	{ "to write", "log=/x:w", "log", -1, "/x", SPEC_WRITE },
	{ "to append", "log=/x:a", "log", -1, "/x", SPEC_APPEND },
	{ "both", "log=/x:rw", "log", -1, "/x", SPEC_BOTH },
	{ "a colon that is no mode", "log=/x:y", "log", -1, "/x:y", SPEC_EXISTING },
	{ "a colon at the end", "log=/x:", "log", -1, "/x:", SPEC_EXISTING },
	{ "wr is no mode", "log=/x:wr", "log", -1, "/x:wr", SPEC_EXISTING },
	{ "a path that ends like a mode", "log=/x:r:rw", "log", -1, "/x:r", SPEC_BOTH },
	{ "a number with a mode is a path", "log=5:r", "log", -1, "5", SPEC_READ },
	{ "the first = splits", "log=/x=y", "log", -1, "/x=y", SPEC_EXISTING },
	{ "a minus sign is a path", "log=-1", "log", -1, "-1", SPEC_EXISTING },
	{ "no =", "log", NULL, 0, "is not NAME=N", 0 },
	{ "nothing behind =", "log=", NULL, 0, "is not NAME=N", 0 },
	{ "no name", "=5", NULL, 0, "the name '' is empty", 0 },
	{ "a colon in the name", "a:b=5", NULL, 0, "holds a colon", 0 },
	{ "a control character in the name", "a\nb=5", NULL, 0, "not printable", 0 },
	{ "only a mode", "log=:r", NULL, 0, "has no path before its mode", 0 },
	{ "too high a number", "log=2147483648", NULL, 0, "is no descriptor number", 0 },
	{ "far too high a number", "log=99999999999999999999", NULL, 0, "is no descriptor number",
		0 },
};

/* ---- --map, --at, --inherit-fd ---- */

struct pair_case {
	const char *name;
	const char *text;
	const char *first; /* key or name; NULL: refused */
	const char *rest;  /* name, or number as text; refused: what the error says */
};

static void parses_map(void **state)
{
	const struct pair_case *c = *state;
	struct spec_map got = { 0 };
	struct err err;
	int r = spec_parse_map(c->text, &got, &err);

	if (!c->first) {
		assert_int_equal(r, -1);
		expect_text(&err, c->rest);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(got.target, c->first);
	assert_string_equal(got.name, c->rest);
	spec_map_done(&got);
}

static struct pair_case map_cases[] = {
	{ "a path", "var/log/x=log", "var/log/x", "log" },
	{ "a pipe", "pipe:[4711]=out", "pipe:[4711]", "out" },
	{ "a terminal", "tty[8800:5]=tty", "tty[8800:5]", "tty" },
	{ "the last = splits", "a=b=c=log", "a=b=c", "log" },
	{ "a name made by --inherit-fd", "x=fd[5]", "x", "fd[5]" },
	{ "bytes that are no UTF-8", "a\xff\x01=log", "a\xff\x01", "log" },
	{ "no =", "x", NULL, "is not TARGET=NAME" },
	{ "no key", "=log", NULL, "is not TARGET=NAME" },
	{ "no name", "x=", NULL, "is not TARGET=NAME" },
	{ "a bad name", "x=a:b", NULL, "holds a colon" },
};

static void parses_at(void **state)
{
	const struct pair_case *c = *state;
	struct spec_at got = { 0 };
	struct err err;
	int r = spec_parse_at(c->text, &got, &err);
	char number[16];

	if (!c->first) {
		assert_int_equal(r, -1);
		expect_text(&err, c->rest);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(got.name, c->first);
	snprintf(number, sizeof(number), "%d", got.number);
	assert_string_equal(number, c->rest);
	spec_at_done(&got);
}

static struct pair_case at_cases[] = {
	{ "a number", "log=7", "log", "7" },
	/* Not ours to judge: the broker says which numbers it takes. */
	{ "a low number", "log=0", "log", "0" },
	{ "a high number", "log=2147483647", "log", "2147483647" },
	{ "negative", "log=-1", NULL, "'-1' is no descriptor number" },
	{ "no number", "log=x", NULL, "'x' is no descriptor number" },
	{ "a blank", "log= 7", NULL, "' 7' is no descriptor number" },
	{ "no name", "=7", NULL, "is not NAME=NUMBER" },
};

static void parses_inherit(void **state)
{
	const struct pair_case *c = *state;
	struct spec_fd fd = { 0 };
	struct spec_map map = { 0 };
	struct err err;
	int r = spec_parse_inherit(c->text, &fd, &map, &err);

	if (!c->first) {
		assert_int_equal(r, -1);
		assert_true(!fd.name && !map.target);
		expect_text(&err, c->rest);
		return;
	}
	assert_int_equal(r, 0);
	assert_string_equal(fd.name, c->first);
	assert_string_equal(map.name, c->first);
	assert_int_equal(fd.number, atoi(c->first + strlen("fd[")));
	assert_null(fd.path);
	assert_string_equal(map.target, c->rest);
	spec_fd_done(&fd);
	spec_map_done(&map);
}

static struct pair_case inherit_cases[] = {
	{ "a path", "fd[5]:var/log/x", "fd[5]", "key:var/log/x" },
	{ "a pipe", "fd[12]:pipe:[4711]", "fd[12]", "key:pipe:[4711]" },
	{ "a key with ]:", "fd[0]:a]:b", "fd[0]", "key:a]:b" },
	{ "a key with blanks", "fd[3]:a b", "fd[3]", "key:a b" },
	{ "no key", "fd[5]:", NULL, "is not fd[N]:KEY" },
	{ "no colon", "fd[5]var", NULL, "is not fd[N]:KEY" },
	{ "no number", "fd[]:x", NULL, "is no descriptor number" },
	{ "a negative number", "fd[-1]:x", NULL, "is no descriptor number" },
	{ "a number and more", "fd[5x]:x", NULL, "is no descriptor number" },
	{ "another word", "pid[5]:x", NULL, "is not fd[N]:KEY" },
	{ "--map's form", "x=log", NULL, "is not fd[N]:KEY" },
};

/* ---- --deadline ---- */

struct seconds_case {
	const char *text;
	uint32_t ms; /* 0: refused */
};

static void parses_seconds(void **state)
{
	const struct seconds_case *c = *state;
	uint32_t ms = 0;
	struct err err;

	assert_int_equal(spec_parse_seconds(c->text, &ms, &err), c->ms ? 0 : -1);
	assert_int_equal(ms, c->ms);
}

static struct seconds_case seconds_cases[] = {
	{ "10", 10000 },
	{ "1.5", 1500 },
	{ "0.001", 1 },
	{ "1209600", 1209600000 },
	{ "0", 0 },
	{ "0.0001", 0 },
	{ "1209601", 0 },
	{ "-1", 0 },
	{ "", 0 },
	{ "1s", 0 },
	{ "1e3", 0 },
	{ "0x10", 0 },
	{ "inf", 0 },
	{ "1.2.3", 0 },
	{ " 1", 0 },
};

/* ---- opening ---- */

enum thing { MISSING, FILE_OF_3, FIFO, DIRECTORY };

struct open_case {
	const char *name;
	enum thing thing;
	enum spec_mode mode;
	const char *says; /* refused; NULL: opened */
	int flags;        /* as F_GETFL shows them */
	off_t size;       /* of a file, afterwards */
};

static void make_thing(const char *path, enum thing thing)
{
	int fd;

	switch (thing) {
	case MISSING:
		return;
	case FILE_OF_3:
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		assert_int_equal(write(fd, "abc", 3), 3);
		close(fd);
		return;
	case FIFO:
		assert_int_equal(mkfifo(path, 0600), 0);
		return;
	case DIRECTORY:
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

static void opens(void **state)
{
	const struct open_case *c = *state;
	char dir[] = "/tmp/fdbroker-test.XXXXXX", path[64];
	struct spec_fd spec = { .name = "log", .number = -1, .path = path, .mode = c->mode };
	struct err err;
	struct stat st;
	int fd;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x", dir);
	make_thing(path, c->thing);
	fd = spec_open(&spec, &err);
	if (c->says) {
		assert_int_equal(fd, -1);
		expect_text(&err, c->says);
	} else {
		assert_true(fd >= 0);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		/* O_LARGEFILE and O_DIRECTORY come and go with architectures. */
		assert_int_equal(
			fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), c->flags);
		assert_int_equal(fstat(fd, &st), 0);
		if (S_ISREG(st.st_mode))
			assert_int_equal(st.st_size, c->size);
		close(fd);
	}
	(void)remove(path);
	assert_int_equal(rmdir(dir), 0);
}

static struct open_case open_cases[] = {
	{ "no mode: reads and appends", FILE_OF_3, SPEC_EXISTING, NULL, O_RDWR | O_APPEND, 3 },
	{ "no mode: makes nothing", MISSING, SPEC_EXISTING, "to make it", 0, 0 },
	{ "no mode: a directory", DIRECTORY, SPEC_EXISTING, NULL, O_RDONLY, 0 },
	{ "no mode: a FIFO has two sides", FIFO, SPEC_EXISTING, ":r or :w", 0, 0 },
	{ "r: reads", FILE_OF_3, SPEC_READ, NULL, O_RDONLY, 3 },
	{ "r: makes nothing", MISSING, SPEC_READ, "No such file", 0, 0 },
	{ "r: a FIFO, without waiting", FIFO, SPEC_READ, NULL, O_RDONLY, 0 },
	{ "w: empties", FILE_OF_3, SPEC_WRITE, NULL, O_WRONLY, 0 },
	{ "w: makes", MISSING, SPEC_WRITE, NULL, O_WRONLY, 0 },
	{ "w: a FIFO that nobody reads", FIFO, SPEC_WRITE, "nobody reads", 0, 0 },
	{ "w: a directory", DIRECTORY, SPEC_WRITE, "directory", 0, 0 },
	{ "a: appends", FILE_OF_3, SPEC_APPEND, NULL, O_WRONLY | O_APPEND, 3 },
	{ "a: makes", MISSING, SPEC_APPEND, NULL, O_WRONLY | O_APPEND, 0 },
	{ "rw: keeps", FILE_OF_3, SPEC_BOTH, NULL, O_RDWR, 3 },
	{ "rw: makes", MISSING, SPEC_BOTH, NULL, O_RDWR, 0 },
	{ "rw: a FIFO", FIFO, SPEC_BOTH, NULL, O_RDWR, 0 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define GROUP(group, cases, test, label)                                                           \
	do {                                                                                       \
		struct CMUnitTest tests[COUNT(cases)];                                             \
                                                                                                   \
		for (size_t i = 0; i < COUNT(cases); i++)                                          \
			tests[i] = (struct CMUnitTest){ (cases)[i].label, test, NULL, NULL,        \
				&(cases)[i] };                                                     \
		failed += cmocka_run_group_tests_name(group, tests, NULL, NULL);                   \
	} while (0)

int main(void)
{
	int failed = 0;

	GROUP("spec: --fd", fd_cases, parses_fd, name);
	GROUP("spec: --map", map_cases, parses_map, name);
	GROUP("spec: --at", at_cases, parses_at, name);
	GROUP("spec: --inherit-fd", inherit_cases, parses_inherit, name);
	GROUP("spec: --deadline", seconds_cases, parses_seconds, text);
	GROUP("spec: opening", open_cases, opens, name);
	return failed;
}

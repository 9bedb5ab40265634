/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The small languages of the command line: what is lent, and what it replaces. Pure: text ->
 * struct.
 */
#ifndef FDBROKER_CTL_SPEC_H
#define FDBROKER_CTL_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/facts.h"

/*
 * How a path is opened. All but SPEC_EXISTING are the redirections of a shell.
 */
enum spec_mode {
	SPEC_EXISTING, /* no mode given: an existing file, read and append; a directory: read */
	SPEC_READ,     /* r   as <PATH   must exist */
	SPEC_WRITE,    /* w   as >PATH   made if missing, else emptied */
	SPEC_APPEND,   /* a   as >>PATH  made if missing, every write goes to its end */
	SPEC_BOTH,     /* rw  as <>PATH  made if missing, kept, from its start */
};

/* --fd NAME=N and --fd NAME=PATH[:MODE] */
struct spec_fd {
	char *name; /* owned */
	int number; /* descriptor of this process; -1: path */
	char *path; /* owned, or NULL */
	enum spec_mode mode;
};

/* --map TARGET=NAME */
struct spec_map {
	char *target; /* owned; the grammar of plan/target.h */
	char *name;   /* owned */
};

/* --at NAME=NUMBER */
struct spec_at {
	char *name; /* owned */
	int number;
};

/**
 * spec_parse_fd() - "NAME=N" or "NAME=PATH[:MODE]", split at the first '='
 *
 * Only digits after the '=': a number (a file of such a name: "./5"). A path that itself ends in a
 * mode ("x:r") needs one more behind it ("x:r:rw").
 *
 * Return: 0, or -1 with @err (its text alone) and nothing in @ret. The same for the others.
 */
int spec_parse_fd(const char *text, struct spec_fd *ret, struct err *err);
void spec_fd_done(struct spec_fd *spec);

/* Split at the last '=': a target may hold that and any other character. Its grammar is not looked at. */
int spec_parse_map(const char *text, struct spec_map *ret, struct err *err);
void spec_map_done(struct spec_map *spec);

/* Split at the last '=' as well. */
int spec_parse_at(const char *text, struct spec_at *ret, struct err *err);
void spec_at_done(struct spec_at *spec);

/**
 * spec_parse_inherit() - criu's own "fd[N]:KEY"
 * @ret_fd:  lends descriptor N of this process under the name "fd[N]"
 * @ret_map: puts it in place of the target key:KEY, whatever the key looks like
 */
int spec_parse_inherit(
	const char *text, struct spec_fd *ret_fd, struct spec_map *ret_map, struct err *err);

/* Decimal digits alone, 0 .. INT_MAX. Return: 0, or -1. */
int spec_parse_number(const char *text, int *ret);

/* Seconds as "90" or "1.5", up to a day. Return: 0 with milliseconds, 1 or more; -1 with @err. */
int spec_parse_seconds(const char *text, uint32_t *ret_ms, struct err *err);

/**
 * spec_open() - open the path of a --fd
 *
 * Return: the descriptor, the caller's, close-on-exec and blocking; or -1 with @err.
 */
int spec_open(const struct spec_fd *spec, struct err *err);

/**
 * spec_look() - what spec_open() would give, without opening, making or emptying anything
 * @ret: filled in on success. A file that would be made is there, empty
 *
 * Return: 0, or -1 with @err: spec_open() would fail.
 */
int spec_look(const struct spec_fd *spec, struct facts *ret, struct err *err);

/* The mode of "r", "w", "a", "rw"; -1: it is none of these. */
int spec_mode_of(const char *word);

#endif

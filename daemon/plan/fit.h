/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does a lent descriptor fit where an open file of the images stood? Tables, no state. */
#ifndef FDBROKER_PLAN_FIT_H
#define FDBROKER_PLAN_FIT_H

#include "base/facts.h"
#include "plan/graph.h"

enum fit {
	FIT_SAME,  /* the same kind of thing */
	FIT_CLOSE, /* a program may well not notice: a file for a pipe */
	FIT_WRONG, /* a program will fail: a pipe for a directory */
};

/* How well the kinds fit. */
enum fit fit_kind(const struct file *f, const struct facts *lent);

/* Access modes that tasks have and the lent descriptor lacks: "O_RDWR" needs both. Return: true if none. */
bool fit_access(const struct file *f, const struct facts *lent);

/* Can a new open file be made of what is lent (open() of its /proc/self/fd link)? */
bool fit_reopen(const struct facts *lent);

/* Can an epoll watch it? Regular files, directories and memfds cannot be watched (EPERM). */
bool fit_pollable(const struct facts *lent);

/* Does it have a position to be set? */
bool fit_seekable(const struct facts *lent);

/* "O_RDONLY", "O_WRONLY", "O_RDWR", "O_PATH" of flags of open(2). */
const char *fit_access_name(uint32_t flags);

/* What the images say that an open file is, more exactly than file_kind_name(): "directory". */
const char *fit_file_name(const struct file *f);

#endif

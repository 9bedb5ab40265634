/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a client wants replaced, and which open files that is. One grammar for library, protocol and ctl:
 *
 *   17.4              descriptor 4 of task 17: that one open file, in every task that shares it
 *   id:0xabc          the open file of that id in files.img (decimal or 0x...)
 *   path:/var/log/x   every open file, FIFO or terminal on that path
 *   key:pipe:[4711]   every open file that CRIU's key hits
 *   pipe:[4711]       the same: what is none of the above is a key
 *   17.4:9            17.4, at number 9 in criu's table (the proposal of 2014)
 *   fd[9]:pipe:[4711] the key, at number 9: as criu's --inherit-fd has it; all after the colon is the key
 *
 * Pids and descriptors are decimal, without sign or leading zeros.
 */
#ifndef FDBROKER_PLAN_TARGET_H
#define FDBROKER_PLAN_TARGET_H

#include "base/err.h"
#include "plan/graph.h"

enum target_kind {
	TARGET_DESC,
	TARGET_ID,
	TARGET_PATH,
	TARGET_KEY,
};

struct target {
	enum target_kind kind;
	uint32_t pid, fd; /* TARGET_DESC */
	uint32_t id;      /* TARGET_ID */
	const char *text; /* TARGET_PATH, TARGET_KEY: borrowed from what was parsed */
	int32_t number;   /* agreed number in criu's table, -1: none was said */
};

/* Some open files, each once, in the order of files.img. */
struct target_files {
	uint32_t *files; /* owned */
	size_t n, max;
	bool space; /* instead: the target is the key of a namespace (graph_space()) */
};

/**
 * target_parse() - read a target
 * @text: borrowed for as long as the target is used
 * @ret:  filled in on success
 * @err:  BAD_REQUEST; no field, for only the caller knows it
 *
 * Return: 0 or -1.
 */
int target_parse(const char *text, struct target *ret, struct err *err);

/**
 * target_resolve() - which open files are meant
 * @g:       the graph
 * @ret:     zeroed; gets all that a key or path hits and that tasks use, also by mapping or as cwd
 * @nearest: look for what else may have been meant, if nothing is found. It takes time: say false for
 *           the hundredth target
 * @err:     if nothing is found BAD_REQUEST, a text that says what there is instead; or INTERNAL
 *
 * Return: 0 or -1.
 */
int target_resolve(const struct graph *g, const struct target *t, bool nearest,
	struct target_files *ret, struct err *err);

/**
 * target_text() - a target in the form in which it would be written
 * @buf: receives it, made printable, without the agreed number; cut if it does not fit
 *
 * Return: buf.
 */
const char *target_text(const struct target *t, char *buf, size_t size);

/**
 * target_of_file() - the shortest target that names one open file
 * @buf: receives "17.4", or "id:0xabc" if no task has a descriptor of it
 *
 * Return: buf.
 */
const char *target_of_file(const struct graph *g, uint32_t file, char *buf, size_t size);

void target_files_done(struct target_files *f);

#endif

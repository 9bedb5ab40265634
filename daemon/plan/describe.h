/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open files in a few words: one vocabulary for the view of people, the JSON and the drawing. The words
 * are stable; docs/inspect.md lists them.
 */
#ifndef FDBROKER_PLAN_DESCRIBE_H
#define FDBROKER_PLAN_DESCRIBE_H

#include "plan/graph.h"

/* Room for a name in which every byte of the longest path is escaped. */
#define DESCRIBE_NAME_SIZE (4 * 4096 + 64)

/* Flags that describe_flags() knows. */
#define DESCRIBE_MAX_FLAGS 8

/* "file", "dir", "chr", "pipe", "unix", "eventfd", ...; "unknown" for what is none. */
const char *describe_kind(const struct graph *g, uint32_t file);

/* "r", "w", "rw", "path" (O_PATH), "none". */
const char *describe_access(uint32_t flags);

/**
 * describe_flags() - the flags of open(2) that a program may notice: "append", "nonblock", "direct", ...
 * @ret: receives them
 *
 * Return: how many.
 */
size_t describe_flags(uint32_t flags, const char *ret[DESCRIBE_MAX_FLAGS]);

/**
 * describe_name() - what an open file is on: "/var/log/x", "pipe:[5]", "@abstract"
 * @buf: receives it, printable; cut if it does not fit. Empty if the open file has no name
 *
 * Return: buf.
 */
const char *describe_name(const struct graph *g, uint32_t file, char *buf, size_t size);

/* "stream", "dgram", ...; "" for what is no socket. */
const char *describe_socket_type(const struct file *f);

/**
 * describe_peer() - the other end of a pipe, unix socket or pseudoterminal
 *
 * Of a pipe that one open file, of which there may be more, that does what this one cannot. Gives up on
 * a pipe of hundreds of open files.
 *
 * Return: an open file that a task holds, or NONE.
 */
uint32_t describe_peer(const struct graph *g, uint32_t file);

/* How many descriptors the open file has, each as often as tasks share the table. */
uint32_t describe_holders(const struct graph *g, uint32_t file);

/* The first task (in order of the images) that has this table. */
uint32_t describe_table_task(const struct graph *g, uint32_t table);

/* All tasks that have it, in that order: ret has room for the table's n_tasks. */
void describe_table_tasks(const struct graph *g, uint32_t table, uint32_t *ret);

#endif

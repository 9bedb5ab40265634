/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU's keys: what criu compares with the KEY of --inherit-fd, and which open files each one hits.
 *
 *   file, directory, device  path without its first byte, "." for "/" (criu/files-reg.c)
 *   the same from outside    its name as it is, as in file[MNT:INO]
 *   FIFO                     the key of its path
 *   pipe                     pipe:[PIPE_ID]
 *   unix socket              socket:[INODE]
 *   memfd                    /memfd:NAME
 *   terminal                 tty[RDEV:DEV], hexadecimal
 *
 * Nothing else has one. Keys name resources: several open files may have the same.
 */
#ifndef FDBROKER_PLAN_KEY_H
#define FDBROKER_PLAN_KEY_H

#include "plan/graph.h"

/* Room for a key that is made of numbers. */
#define KEY_NUMBER_SIZE 32

/**
 * key_text() - the key of an open file
 * @buf: used for keys that are made of numbers
 *
 * Return: the key, in buf or in the graph; NULL if the open file has none.
 */
const char *key_text(const struct graph *g, uint32_t file, char buf[KEY_NUMBER_SIZE]);

/* The first open file (in order of files.img) that a key hits, or NONE. Records of paths count too. */
uint32_t key_first(const struct graph *g, const char *key);

/* The one after file, which the same key has hit; NONE after the last. */
uint32_t key_next(const struct graph *g, const char *key, uint32_t file);

/**
 * key_replaces() - does criu replace anything when a key hits this record?
 *
 * Not if only a FIFO or terminal has it as its path, or nothing at all.
 */
bool key_replaces(const struct graph *g, uint32_t file);

/* Is it an open file that a descriptor holds, or that is in flight: what a split can replace? */
bool key_is_held(const struct graph *g, uint32_t file);

/* Enters all keys; called once, at the end of loading. Return: 0 or -ENOMEM. */
int key_index(struct graph *g);

#endif

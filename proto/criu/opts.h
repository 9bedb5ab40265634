/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fields of CRIU's criu_opts message: their numbers, names and types, and who may set them in a
 * restore. The one table behind the broker's policy (daemon/policy/policy.c, which decides by it) and
 * behind the options of fdbroker-ctl (which writes by it).
 *
 * Numbers, names and types are those of CRIU's images/rpc.proto, up to criu 4.2. The classes come
 * from what criu 4.1.1 does with each in a restore.
 */
#ifndef FDBROKER_CRIU_OPTS_H
#define FDBROKER_CRIU_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Longest string, bytes: criu copies some into buffers of PATH_MAX blindly (cgroup_yard). */
#define OPTS_MAX_STRING 4095

/* Numbers of the table are below it, those of sub-fields below 32: users keep them in bit sets. */
#define OPTS_NUMBERS 128

enum opts_type {
	OPTS_BOOL,
	OPTS_INT32,
	OPTS_UINT32,
	OPTS_ENUM,
	OPTS_STRING,
	OPTS_MESSAGE,
};

enum opts_class {
	OPTS_ALL,   /* harmless: whoever may restore at all */
	OPTS_FULL,  /* reaches outside the restored tree: only those who are as good as root */
	OPTS_DUMP,  /* refused: criu reads it when it dumps, and never when it restores */
	OPTS_OURS,  /* refused: the broker sets it itself, or has a field of its own for it */
	OPTS_NEVER, /* refused: runs programs, or writes to the images */
};

/* A value of an enum. Lists end with a name of NULL. */
struct opts_name {
	const char *name;
	int32_t number;
};

struct opts_field {
	uint32_t number;
	enum opts_type type;
	const char *name;      /* as in CRIU: "shell_job" */
	enum opts_class class; /* of a sub-field: without meaning */
	bool repeated;
	bool required;      /* of a sub-field: the message is none without it */
	const char *reason; /* refused classes: why, a sentence that follows "NAME: "; else NULL */
	const char *what;   /* the others: what it is for; sub-fields: NULL */
	const struct opts_name *values; /* OPTS_ENUM */
	const struct opts_field *subs;  /* OPTS_MESSAGE: its sub-fields; ends with a name of NULL */
};

/* NULL if CRIU has no such field. */
const struct opts_field *opts_by_number(uint32_t number);
const struct opts_field *opts_by_name(const char *name);

/* A sub-field of a message; NULL if it has none of this number. */
const struct opts_field *opts_sub(const struct opts_field *f, uint32_t number);

/* The whole table, by number. */
const struct opts_field *opts_all(size_t *ret_n);

/* Does the enum have a value of this number? */
bool opts_has_value(const struct opts_field *f, int32_t number);

/**
 * opts_append() - append one field to an encoded criu_opts message
 * @bytes: *bytes is the message so far, owned by the caller (malloc), NULL if empty; grown
 * @size:  bytes of it
 * @f:     from the table; its class is not looked at, the broker decides about that
 * @value: bool: true false yes no on off 1 0; numbers: decimal or 0x hexadecimal; enum: name in
 *         any case, or number; string: as it is; message: "key=value,key=value" of its sub-fields,
 *         where \, and \\ stand for a comma and a backslash. A repeated field gets one value more
 *
 * Return: 0, or -1 with @err (BAD_REQUEST, field "criu_opts.NAME", the text says what would be
 *         right; INTERNAL: no memory) and @bytes as it was.
 */
int opts_append(uint8_t **bytes, size_t *size, const struct opts_field *f, const char *value,
	struct err *err);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An error with its place: what a client may come to hear of. A value, never allocated, so that
 * "out of memory" can be reported like everything else.
 */
#ifndef FDBROKER_BASE_ERR_H
#define FDBROKER_BASE_ERR_H

/* The numbers of fdbroker.v1.ErrorCode (checked at compile time in daemon/calls/message.c). */
enum err_code {
	ERR_NONE = 0,
	ERR_INTERNAL = 1,
	ERR_PROTOCOL = 2,
	ERR_UNSUPPORTED = 3,
	ERR_BAD_REQUEST = 4,
	ERR_PERMISSION = 5,
	ERR_LIMIT = 6,
	ERR_NAME_TAKEN = 7,
	ERR_NO_SUCH_NAME = 8,
	ERR_FORBIDDEN_OPTION = 9,
	ERR_BAD_IMAGES = 10,
	ERR_NO_CRIU = 11,
	ERR_CRIU_FAILED = 12,
	ERR_CRIU_BROKE = 13,
	ERR_DEADLINE = 14,
	ERR_CANCELLED = 15,
	ERR_REFUSED = 16,
	ERR_NO_SUCH_JOB = 17,
	ERR_TOO_LATE = 18,
	ERR_BROKER_DIED = 19,
	ERR_DRAINING = 20,
};
#define ERR_CODES 21 /* from 0 on */

struct err {
	enum err_code code;
	int sys;        /* errno, or 0 */
	char field[80]; /* the field of the call at fault, or "" */
	char text[432]; /* one line for people, UTF-8 */
};

/**
 * err_set() - fill in an error at the place that knows the field
 * @err:   filled in; NULL is allowed, then only the return value is of use
 * @code:  what kind of error
 * @sys:   errno where a system call gave one, else 0; its name is appended to the text
 * @field: field at fault as the client spells it ("mappings[3].number"), NULL if none; cut at 79 bytes
 * @fmt:   text, cut at 431 bytes
 *
 * Field and text become one line of UTF-8: bytes that are none of it, and characters that a terminal would
 * obey (printable.h), are replaced by '?'.
 *
 * Return: always -1, so that a caller can say: return err_set(...).
 */
int err_set(struct err *err, enum err_code code, int sys, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/**
 * err_field() - a field name with an index, for err_set()
 * @buf:  receives "list[index].member", or "list[index]" if member is NULL
 * @size: of buf, bytes
 *
 * Return: buf.
 */
const char *err_field(
	char *buf, unsigned size, const char *list, unsigned long index, const char *member);

/* Name of a code as in the protocol ("BAD_REQUEST"); never NULL. */
const char *err_code_name(int code);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Protobuf messages of any type, field by field: what criu_opts need, whose fields are in a table
 * (opts.h) and not in generated code. protobuf-c takes messages apart; what they mean is elsewhere.
 */
#ifndef FDBROKER_CRIU_FIELD_H
#define FDBROKER_CRIU_FIELD_H

#include <stddef.h>
#include <stdint.h>

/* Protobuf's own numbers of how a value is encoded. Groups are refused by protobuf-c. */
enum field_wire {
	FIELD_VARINT = 0,
	FIELD_FIXED64 = 1,
	FIELD_BYTES = 2, /* a string, bytes, or a message */
	FIELD_FIXED32 = 5,
};

struct field {
	uint32_t number;
	enum field_wire wire;
	uint64_t value;      /* FIELD_VARINT: as it came, not cut to the type's width; else 0 */
	const uint8_t *data; /* FIELD_BYTES: borrowed; else NULL */
	size_t size;         /* bytes of data */
};

/* The fields of one message, in the order in which they came. */
struct field_list {
	void *message; /* owned */
	size_t n;
};

/**
 * field_list_read() - take a message apart
 * @ret: on success the list, which field_list_done() ends. Untouched otherwise
 *
 * Return: 0, or -EBADMSG: the bytes are no protobuf message (or memory ran out: protobuf-c does not
 *         tell them apart).
 */
int field_list_read(const uint8_t *bytes, size_t size, struct field_list *ret);

/* The field at an index below list->n. */
struct field field_list_get(const struct field_list *list, size_t index);

void field_list_done(struct field_list *list);
#define autofields __attribute__((cleanup(field_list_done)))

/* What has not been read of a message. */
struct field_rest {
	const uint8_t *at, *end; /* borrowed */
};

/**
 * field_next() - the next field of a message, without memory for it
 * @rest: not empty; moved behind the field, anywhere on an error
 * @ret:  its data is borrowed from the message
 *
 * For messages whose fields are to be counted before protobuf-c makes memory for each of them.
 *
 * Return: 0, or -EBADMSG: cut, or a group.
 */
int field_next(struct field_rest *rest, struct field *ret);

/* A message that is being written. Zeroed: empty. */
struct field_bytes {
	uint8_t *data; /* owned */
	size_t size;   /* bytes */
};

/* Append a field; negative numbers of an int32 or enum sign-extended. 0 or -ENOMEM. */
int field_put_varint(struct field_bytes *b, uint32_t number, uint64_t value);
int field_put_bytes(struct field_bytes *b, uint32_t number, const void *data, size_t size);

void field_bytes_done(struct field_bytes *b);
#define autofieldbytes __attribute__((cleanup(field_bytes_done)))

#endif

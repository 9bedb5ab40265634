/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages field by field. See field.h. */
#include "criu/field.h"

#include <string.h>

#include "base/cleanup.h"
#include "criu/rpc.pb-c.h"

#define VARINT_MAX_BYTES 10

static size_t varint_read(const uint8_t *data, size_t size, uint64_t *ret)
{
	size_t used = 0;

	*ret = 0;
	while (used < size && used < VARINT_MAX_BYTES) {
		*ret |= (uint64_t)(data[used] & 0x7f) << (7 * used);
		if (!(data[used++] & 0x80))
			break;
	}
	return used;
}

static size_t varint_write(uint8_t ret[static VARINT_MAX_BYTES], uint64_t value)
{
	size_t used = 0;

	while (value >= 0x80) {
		ret[used++] = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	ret[used++] = (uint8_t)value;
	return used;
}

int field_list_read(const uint8_t *bytes, size_t size, struct field_list *ret)
{
	/* Of a message without fields protobuf-c keeps everything as unknown fields. */
	Criu__Rpc__AnyFields *message = criu__rpc__any_fields__unpack(NULL, size, bytes);

	if (!message)
		return -EBADMSG;
	*ret = (struct field_list){ .message = message, .n = message->base.n_unknown_fields };
	return 0;
}

struct field field_list_get(const struct field_list *list, size_t index)
{
	const Criu__Rpc__AnyFields *message = list->message;
	const ProtobufCMessageUnknownField *raw = &message->base.unknown_fields[index];
	struct field f = { .number = raw->tag, .wire = (enum field_wire)raw->wire_type };
	uint64_t value = 0;
	size_t used;

	if (f.wire != FIELD_VARINT && f.wire != FIELD_BYTES)
		return f;
	used = varint_read(raw->data, raw->len, &value);
	if (f.wire == FIELD_VARINT) {
		f.value = value;
		return f;
	}
	/* protobuf-c keeps the length in front of the bytes, and has checked it. */
	f.data = raw->data + used;
	f.size = raw->len - used;
	return f;
}

static int take(struct field_rest *rest, uint64_t size, const uint8_t **ret)
{
	if (size > (uint64_t)(rest->end - rest->at))
		return -EBADMSG;
	*ret = rest->at;
	rest->at += size;
	return 0;
}

static int take_varint(struct field_rest *rest, uint64_t *ret)
{
	size_t used = varint_read(rest->at, (size_t)(rest->end - rest->at), ret);

	rest->at += used;
	return used && !(rest->at[-1] & 0x80) ? 0 : -EBADMSG;
}

int field_next(struct field_rest *rest, struct field *ret)
{
	const uint8_t *passed;
	struct field f = { 0 };
	uint64_t tag, size;

	if (take_varint(rest, &tag) < 0 || tag >> 3 > UINT32_MAX)
		return -EBADMSG;
	f.number = (uint32_t)(tag >> 3);
	f.wire = (enum field_wire)(tag & 7);
	*ret = f;
	switch (f.wire) {
	case FIELD_VARINT:
		return take_varint(rest, &ret->value);
	case FIELD_FIXED64:
		return take(rest, 8, &passed);
	case FIELD_FIXED32:
		return take(rest, 4, &passed);
	case FIELD_BYTES:
		if (take_varint(rest, &size) < 0 || take(rest, size, &ret->data) < 0)
			return -EBADMSG;
		ret->size = (size_t)size;
		return 0;
	}
	return -EBADMSG;
}

void field_list_done(struct field_list *list)
{
	if (list->message)
		criu__rpc__any_fields__free_unpacked(list->message, NULL);
	*list = (struct field_list){ 0 };
}

static int put(struct field_bytes *b, uint32_t number, enum field_wire wire, uint64_t value,
	const void *data, size_t size)
{
	uint8_t head[2 * VARINT_MAX_BYTES];
	size_t used = varint_write(head, (uint64_t)number << 3 | wire);
	uint8_t *grown;

	used += varint_write(head + used, value);
	grown = realloc(b->data, b->size + used + size);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + b->size, head, used);
	if (size)
		memcpy(grown + b->size + used, data, size);
	b->data = grown;
	b->size += used + size;
	return 0;
}

int field_put_varint(struct field_bytes *b, uint32_t number, uint64_t value)
{
	return put(b, number, FIELD_VARINT, value, NULL, 0);
}

int field_put_bytes(struct field_bytes *b, uint32_t number, const void *data, size_t size)
{
	return put(b, number, FIELD_BYTES, size, data, size);
}

void field_bytes_done(struct field_bytes *b)
{
	free(b->data);
	*b = (struct field_bytes){ 0 };
}

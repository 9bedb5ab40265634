/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The editors of files.img, fdinfo-N.img and sk-queues.img. Each walks over the bytes that were loaded,
 * record by record, and copies what stays; lengths need no check here, for loading has checked them.
 */
#include "plan/edit.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "criu/images.pb-c.h"

#define SHUTDOWN_BOTH 3u

/* "Do not seek" to criu (do_open_reg in criu/files-reg.c). */
#define NO_POSITION UINT64_MAX

static uint8_t *bytes_room(struct bytes *b, size_t n)
{
	while (b->max - b->n < n) {
		size_t max = b->max ? b->max * 2 : 4096;
		uint8_t *p = realloc(b->p, max);

		if (!p)
			return NULL;
		b->p = p;
		b->max = max;
	}
	b->n += n;
	return b->p + b->n - n;
}

static int bytes_add(struct bytes *b, const void *p, size_t n)
{
	uint8_t *room = bytes_room(b, n);

	if (!room)
		return -ENOMEM;
	memcpy(room, p, n);
	return 0;
}

static int bytes_add_message(struct bytes *b, const ProtobufCMessage *m)
{
	size_t n = protobuf_c_message_get_packed_size(m);
	uint8_t *room = bytes_room(b, sizeof(uint32_t) + n);
	uint32_t length = htole32((uint32_t)n);

	if (!room)
		return -ENOMEM;
	memcpy(room, &length, sizeof(length));
	protobuf_c_message_pack(m, room + sizeof(length));
	return 0;
}

/* ---- which edit ---- */

/* Number of the split of an open file, or NONE. */
static uint32_t split_of(const struct edits *e, uint32_t file)
{
	return map_get(&e->by_file, file);
}

/* Does the split have a new record, so that what refers to the open file must refer to that? */
static bool is_moved(const struct edits *e, uint32_t file)
{
	uint32_t at = split_of(e, file);

	return at != NONE && e->new_ids[at];
}

/* The id of an open file in the new images. */
static uint32_t new_id(const struct edits *e, uint32_t file)
{
	return is_moved(e, file) ? e->new_ids[split_of(e, file)] : e->g->files[file].id;
}

/* A unix socket that stays while the one it is connected to goes. */
static bool is_survivor(const struct edits *e, uint32_t file)
{
	const struct file *f = &e->g->files[file];

	return f->kind == FILE_UNIXSK && f->peer != NONE && e->gone[f->peer] && !e->gone[file];
}

/* ---- files.img ---- */

/* Writes the record of a split open file of any kind as that of a regular file. */
static int add_regular(struct bytes *out, const struct graph *g, const struct split *s, uint32_t id)
{
	Criu__Images__FileEntry m = CRIU__IMAGES__FILE_ENTRY__INIT;
	Criu__Images__RegFile reg = CRIU__IMAGES__REG_FILE__INIT;
	Criu__Images__FownEntry fown = CRIU__IMAGES__FOWN_ENTRY__INIT;
	const struct file *f = &g->files[s->file];

	m.type = FILE_REG;
	m.id = id;
	m.reg = &reg;
	reg.id = id;
	reg.flags = f->flags;
	reg.fown = &fown;
	reg.name = (char *)s->name;
	reg.has_ext = s->how == SPLIT_REOPEN;
	reg.ext = s->how == SPLIT_REOPEN;
	reg.pos = s->seek ? f->pos : NO_POSITION;
	return bytes_add_message(out, &m.base);
}

/* A regular file keeps all but its name, above all the mount of its ghost. */
static void rename_regular(Criu__Images__FileEntry *m, const struct split *s)
{
	Criu__Images__RegFile *reg = m->reg;

	reg->name = (char *)s->name;
	if (s->how == SPLIT_DUP)
		return;
	reg->has_ext = 1;
	reg->ext = 1;
	if (!s->seek)
		reg->pos = NO_POSITION;
	/* criu compares these with what it has reopened. */
	reg->has_size = 0;
	reg->has_mode = 0;
	reg->n_build_id = 0;
	reg->has_checksum = 0;
	reg->has_checksum_config = 0;
	reg->has_checksum_parameter = 0;
}

static void disconnect(Criu__Images__UnixSk *usk)
{
	usk->peer = 0;
	if (usk->type == SOCK_DGRAM)
		return;
	/* criu wants it of a connected stream without a peer (open_unixsk_standalone, criu/sk-unix.c) */
	usk->has_shutdown = 1;
	usk->shutdown = SHUTDOWN_BOTH;
}

/* Writes the record of a split open file in its place. */
static int edit_split(struct bytes *out, const struct graph *g, const struct split *s,
	const uint8_t *record, size_t size)
{
	const struct file *f = &g->files[s->file];
	Criu__Images__FileEntry *m;
	char *name;
	size_t n_build_id;
	int r;

	if (f->kind != FILE_REG)
		return add_regular(out, g, s, f->id);
	m = criu__images__file_entry__unpack(NULL, size, record);
	if (!m)
		return -ENOMEM; /* it could be unpacked when it was read */
	name = m->reg->name;
	n_build_id = m->reg->n_build_id;
	rename_regular(m, s);
	r = bytes_add_message(out, &m->base);
	/* What is freed must be what was unpacked. */
	m->reg->name = name;
	m->reg->n_build_id = n_build_id;
	criu__images__file_entry__free_unpacked(m, NULL);
	return r;
}

/* Writes the record of a socket that stays. */
static int edit_survivor(struct bytes *out, const uint8_t *record, size_t size)
{
	Criu__Images__FileEntry *m = criu__images__file_entry__unpack(NULL, size, record);
	int r;

	if (!m)
		return -ENOMEM;
	disconnect(m->usk);
	r = bytes_add_message(out, &m->base);
	criu__images__file_entry__free_unpacked(m, NULL);
	return r;
}

static uint32_t length_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

int edit_files(const struct edits *e, struct bytes *out)
{
	const struct graph *g = e->g;
	size_t at = image_head_bytes(IMAGE_FILES, g->dir.version);

	if (bytes_add(out, g->files_image, at) < 0)
		return -ENOMEM;
	for (uint32_t file = 0; file < g->n_files; file++) {
		const uint8_t *record = g->files_image + at + sizeof(uint32_t);
		uint32_t size = length_at(g->files_image + at);
		int r = 0;

		if (split_of(e, file) != NONE && !is_moved(e, file))
			r = edit_split(out, g, &e->splits[split_of(e, file)], record, size);
		else if (is_survivor(e, file))
			r = edit_survivor(out, record, size);
		else if (e->gone[file] != ORPHAN)
			r = bytes_add(out, record - sizeof(uint32_t), sizeof(uint32_t) + size);
		if (r < 0)
			return r;
		at += sizeof(uint32_t) + size;
	}
	for (size_t i = 0; i < e->n; i++)
		if (e->new_ids[i] && add_regular(out, g, &e->splits[i], e->new_ids[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* ---- fdinfo-N.img ---- */

static bool changes_desc(const struct edits *e, const struct desc *d)
{
	return split_of(e, d->file) != NONE &&
	       (is_moved(e, d->file) || e->g->files[d->file].kind != FILE_REG);
}

bool edit_changes_table(const struct edits *e, const struct table *t)
{
	for (uint32_t i = 0; i < t->n_descs; i++)
		if (changes_desc(e, &e->g->descs[t->first_desc + i]))
			return true;
	return false;
}

static int edit_desc(struct bytes *out, uint32_t id, const uint8_t *record, size_t size)
{
	Criu__Images__FdinfoEntry *m = criu__images__fdinfo_entry__unpack(NULL, size, record);
	int r;

	if (!m)
		return -ENOMEM;
	m->type = FILE_REG;
	m->id = id;
	r = bytes_add_message(out, &m->base);
	criu__images__fdinfo_entry__free_unpacked(m, NULL);
	return r;
}

/* Descriptors are sorted by number in the graph, records are as criu wrote them. */
int edit_table(const struct edits *e, const struct table *t, struct bytes *out)
{
	size_t at = image_head_bytes(IMAGE_FDINFO, e->g->dir.version);
	autofree uint32_t *ids = calloc(t->n_descs, sizeof(*ids)); /* by record; 0: as it is */

	if (!ids || bytes_add(out, t->image, at) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->n_descs; i++) {
		const struct desc *d = &e->g->descs[t->first_desc + i];

		if (changes_desc(e, d))
			ids[d->record] = new_id(e, d->file);
	}
	for (uint32_t i = 0; i < t->n_descs; i++) {
		const uint8_t *record = t->image + at + sizeof(uint32_t);
		uint32_t size = length_at(t->image + at);

		if (ids[i] && edit_desc(out, ids[i], record, size) < 0)
			return -ENOMEM;
		if (!ids[i] &&
			bytes_add(out, record - sizeof(uint32_t), sizeof(uint32_t) + size) < 0)
			return -ENOMEM;
		at += sizeof(uint32_t) + size;
	}
	return 0;
}

/* ---- sk-queues.img ---- */

bool edit_changes_queues(const struct edits *e)
{
	for (size_t i = 0; i < e->g->n_uses; i++) {
		const struct use *u = &e->g->uses[i];

		if (u->kind == USE_IN_FLIGHT && (e->gone[u->owner] || is_moved(e, u->file)))
			return true;
	}
	return false;
}

/* Writes one packet with the ids that its open files have now. */
static int edit_packet(
	struct bytes *out, const struct edits *e, Criu__Images__SkPacket *m, const uint8_t *data)
{
	for (size_t i = 0; i < m->n_scm; i++)
		for (size_t k = 0; m->scm[i]->type == SCM_RIGHTS && k < m->scm[i]->n_rights; k++)
			m->scm[i]->rights[k] = new_id(e, graph_file(e->g, m->scm[i]->rights[k]));
	return bytes_add_message(out, &m->base) < 0 ? -ENOMEM : bytes_add(out, data, m->length);
}

/* The queue of a socket that is gone goes with it: criu would look for one to send it from. */
int edit_queues(const struct edits *e, struct bytes *out)
{
	const struct graph *g = e->g;
	size_t at = image_head_bytes(IMAGE_SK_QUEUES, g->dir.version);

	if (bytes_add(out, g->queues_image, at) < 0)
		return -ENOMEM;
	while (at < g->queues_image_bytes) {
		uint32_t size = length_at(g->queues_image + at);
		const uint8_t *record = g->queues_image + at + sizeof(uint32_t);
		Criu__Images__SkPacket *m = criu__images__sk_packet__unpack(NULL, size, record);
		uint32_t socket;
		int r = 0;

		if (!m)
			return -ENOMEM;
		socket = graph_file(g, m->id_for);
		at += sizeof(uint32_t) + size + m->length;
		if (!e->gone[socket])
			r = edit_packet(out, e, m, record + size);
		criu__images__sk_packet__free_unpacked(m, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

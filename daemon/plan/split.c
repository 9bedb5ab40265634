/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decides which records of the images change when open files are split (split.h says to what end), and
 * has edit.c write them.
 *
 * Mostly a record is edited in its place and keeps its id. It is left alone, and a new one added for
 * the descriptors, if something else uses it that must stay as it was: a mapping, exe, cwd or root (the
 * record of a mapping can be that of a descriptor), or a ghost or link-remap, which criu makes beside the
 * name that the record has (measured on 4.1.1: renamed, it cannot link the ghost for a twin).
 */
#include "plan/split.h"

#include <errno.h>
#include <stdlib.h>

#include "plan/edit.h"
#include "plan/key.h"

/*
 * How often sockets may lie in queues of sockets. The kernel lets no more than 4 levels be sent
 * (MAX_RECURSION_LEVEL, net/core/scm.c).
 */
#define MAX_IN_FLIGHT_LEVELS 8

/* Is the record used by anything that must not follow? */
static bool has_fixed_use(const struct graph *g, uint32_t file)
{
	const struct file *f = &g->files[file];

	for (uint32_t i = 0; i < f->n_uses; i++) {
		uint32_t kind = g->uses[f->first_use + i].kind;

		if (kind != USE_IN_FLIGHT && kind != USE_PATH)
			return true;
	}
	return false;
}

static bool needs_new_record(const struct graph *g, const struct split *s)
{
	return has_fixed_use(g, s->file) || g->files[s->file].remapped;
}

const char *split_key(const struct split *s)
{
	/* criu looks for the whole name when it reopens, else for what follows the first byte. */
	return s->how == SPLIT_REOPEN ? s->name : s->name + 1;
}

/* Was the open file only in the queues of sockets that are gone? */
static bool is_orphan(const struct edits *e, uint32_t file)
{
	const struct file *f = &e->g->files[file];

	if (f->n_descs || !f->n_uses)
		return false;
	for (uint32_t i = 0; i < f->n_uses; i++) {
		const struct use *u = &e->g->uses[f->first_use + i];

		if (u->kind != USE_IN_FLIGHT || !e->gone[u->owner])
			return false;
	}
	return true;
}

static int find_orphans(struct edits *e, struct err *err)
{
	for (int level = 0; level <= MAX_IN_FLIGHT_LEVELS; level++) {
		bool found = false;

		for (uint32_t file = 0; file < e->g->n_files; file++) {
			if (e->gone[file] || !is_orphan(e, file))
				continue;
			e->gone[file] = ORPHAN;
			found = true;
		}
		if (!found)
			return 0;
	}
	return err_set(err, ERR_BAD_IMAGES, 0, "sk-queues.img",
		"sockets in flight in sockets, over %d levels deep", MAX_IN_FLIGHT_LEVELS);
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory to split open files");
}

static int plan_edits(struct edits *e, struct err *err)
{
	uint32_t id = 1;

	e->new_ids = calloc(e->n, sizeof(*e->new_ids));
	e->gone = calloc(e->g->n_files, sizeof(*e->gone));
	if (!e->new_ids || !e->gone)
		return no_memory(err);
	for (size_t i = 0; i < e->n; i++) {
		const struct split *s = &e->splits[i];

		if (key_first(e->g, s->name) != NONE || key_first(e->g, s->name + 1) != NONE)
			return err_set(err, ERR_BAD_REQUEST, 0, NULL,
				"the images have an open file %s already", s->name);
		if (map_put(&e->by_file, s->file, (uint32_t)i) < 0)
			return no_memory(err);
		e->gone[s->file] = SPLIT;
		if (!needs_new_record(e->g, s))
			continue;
		while (graph_file(e->g, id) != NONE)
			id++;
		e->new_ids[i] = id++;
	}
	return e->g->queues_image ? find_orphans(e, err) : 0;
}

/* ---- the new images ---- */

/* Room for one more image; the bytes go in when they are made. */
static struct split_image *add_image(struct split_images *s, enum image_kind kind, uint32_t number)
{
	struct split_image *images = reallocarray(s->images, s->n + 1, sizeof(*images));

	if (!images)
		return NULL;
	s->images = images;
	images[s->n] = (struct split_image){ 0 };
	image_name(images[s->n].name, kind, number);
	return &images[s->n++];
}

/* Hands the bytes over, also those of an image that was not finished. */
static int keep(struct split_image *image, const struct bytes *out, int r)
{
	image->bytes = out->p;
	image->n = out->n;
	return r;
}

static int make_table(const struct edits *e, const struct table *t, struct split_images *ret)
{
	struct split_image *image = add_image(ret, IMAGE_FDINFO, t->id);
	struct bytes out = { 0 };

	return image ? keep(image, &out, edit_table(e, t, &out)) : -ENOMEM;
}

static int make_images(const struct edits *e, struct split_images *ret)
{
	struct split_image *image = add_image(ret, IMAGE_FILES, 0);
	struct bytes out = { 0 };

	if (!image || keep(image, &out, edit_files(e, &out)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < e->g->n_tables; i++)
		if (edit_changes_table(e, &e->g->tables[i]) &&
			make_table(e, &e->g->tables[i], ret) < 0)
			return -ENOMEM;
	if (!edit_changes_queues(e))
		return 0;
	out = (struct bytes){ 0 };
	image = add_image(ret, IMAGE_SK_QUEUES, 0);
	return image ? keep(image, &out, edit_queues(e, &out)) : -ENOMEM;
}

int split_make(const struct graph *g, const struct split *splits, size_t n,
	struct split_images *ret, struct err *err)
{
	struct edits e = { .g = g, .splits = splits, .n = n };
	struct split_images made = { 0 };
	int r = n ? plan_edits(&e, err) : 0;

	if (r == 0 && n && make_images(&e, &made) < 0)
		r = no_memory(err);
	map_done(&e.by_file);
	free(e.new_ids);
	free(e.gone);
	if (r < 0)
		split_images_done(&made);
	else
		*ret = made;
	return r;
}

void split_images_done(struct split_images *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->images[i].bytes);
	free(s->images);
	*s = (struct split_images){ 0 };
}

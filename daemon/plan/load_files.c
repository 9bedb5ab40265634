/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of loading (load.h) that reads open files, and the terminals, memfds and pipes they are on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "plan/loading.h"

/* Types of ttys (criu/images/tty.proto) and the device of pty masters (/dev/ptmx). */
#define TTY_PTY    1
#define PTMX_MAJOR 5
#define PTMX_MINOR 2
/* A unix socket outside of the tree (criu/sk-unix.c). */
#define USK_EXTERN 1u

static int add_watches(struct load *l, const struct rec_file *rec, struct file *f)
{
	f->first_watch = (uint32_t)l->g->n_watches;
	f->n_watches = (uint32_t)rec->n_watched;
	for (size_t i = 0; i < rec->n_watched; i++) {
		uint32_t *w = MORE(l, watches);

		if (!w)
			return -1;
		*w = record_watched(rec, i);
	}
	return 0;
}

static int add_file(struct load *l, const struct image *img, const struct rec_file *rec)
{
	struct graph *g = l->g;
	struct file *f;

	if (rec->id == 0)
		return image_fault(img, l->err, "no open file has the id 0");
	if (load_enter(l, &g->file_by_id, rec->id, g->n_files, img, "the id") < 0)
		return -1;
	if (rec->kind == FILE_UNIXSK && load_enter(l, &g->socket_by_ino, rec->resource, g->n_files,
						img, "a unix socket of inode") < 0)
		return -1;
	f = MORE(l, files);
	if (!f)
		return -1;
	*f = (struct file){ .id = rec->id,
		.kind = (uint8_t)rec->kind,
		.flags = rec->flags,
		.pos = rec->pos,
		.ext = rec->ext,
		.has_size = rec->has_size,
		.size = rec->size,
		.mode = rec->mode,
		.resource = rec->resource,
		.path = rec->regf_id ? rec->regf_id : NONE,
		.peer = NONE,
		.peer_ino = rec->peer,
		.connected = NONE,
		.sock_type = (uint8_t)rec->type,
		.sock_state = (uint8_t)rec->state,
		.sock_family = (uint8_t)rec->family,
		.watcher = NONE,
		.same_key = NONE,
		.sock_outside = rec->kind == FILE_UNIXSK && rec->uflags & USK_EXTERN };
	f->name_bytes = (uint32_t)rec->name_bytes;
	f->name = texts_keep(&g->texts, rec->name, rec->name_bytes);
	if (!f->name)
		return load_no_memory(l);
	return add_watches(l, rec, f);
}

/* Images of the time before files.img hold one file per kind: say so instead of finding nothing. */
static int check_layout(struct load *l)
{
	static const char *const old[] = { "reg-files.img", "pipes.img", "unixsk.img", "fifo.img",
		"tty.img", "inetsk.img", "eventfd.img", "eventpoll.img", "signalfd.img",
		"timerfd.img", "inotify.img" };

	for (size_t i = 0; i < sizeof(old) / sizeof(old[0]); i++)
		if (image_exists(&l->g->dir, old[i]))
			return err_set(l->err, ERR_BAD_IMAGES, 0, old[i],
				"the images have one file for each kind of open file and no files.img, as criu wrote them "
				"before 3.4: not supported, dump again with a newer criu");
	return 0;
}

static int load_open_files(struct load *l)
{
	autoimage struct image img = { .fd = -1 };
	struct rec_file rec;
	int r = image_open(&l->g->dir, IMAGE_FILES, 0, &img, l->err);

	if (r == 0)
		return check_layout(l);
	while (r > 0) {
		r = record_file(&img, &rec, l->err);
		if (r > 0 && add_file(l, &img, &rec) < 0)
			r = -1;
	}
	if (r == 0)
		l->g->files_image = image_take(&img, &l->g->files_image_bytes);
	return r;
}

/* ---- what they are on ---- */

static int load_ttys(struct load *l)
{
	autoimage struct image img = { .fd = -1 };
	struct rec_tty rec;
	int r = image_open(&l->g->dir, IMAGE_TTY_INFO, 0, &img, l->err);

	while (r > 0 && (r = record_tty(&img, &rec, l->err)) > 0) {
		struct tty *t;

		if (load_enter(l, &l->g->tty_by_id, rec.id, l->g->n_ttys, &img, "the terminal") < 0)
			return -1;
		t = MORE(l, ttys);
		if (!t)
			return -1;
		*t = (struct tty){ .id = rec.id,
			.type = rec.type,
			.sid = rec.sid,
			.pgrp = rec.pgrp,
			.rdev = rec.rdev,
			.dev = rec.dev,
			.pair = NONE,
			.file = NONE,
			.is_pty = rec.type == TTY_PTY && rec.has_index,
			.index = rec.index,
			.is_master =
				major(rec.rdev) == PTMX_MAJOR && minor(rec.rdev) == PTMX_MINOR };
	}
	return r;
}

static int load_memfds(struct load *l)
{
	autoimage struct image img = { .fd = -1 };
	struct rec_memfd rec;
	int r = image_open(&l->g->dir, IMAGE_MEMFD, 0, &img, l->err);

	while (r > 0 && (r = record_memfd(&img, &rec, l->err)) > 0) {
		autofree char *name = NULL;
		struct memfd *m;

		if (load_enter(l, &l->g->memfd_by_id, rec.id, l->g->n_memfds, &img, "the memfd") <
			0)
			return -1;
		m = MORE(l, memfds);
		if (!m)
			return -1;
		m->id = rec.id;
		if (asprintf(&name, "/memfd:%s", rec.name) < 0)
			return load_no_memory(l);
		m->name = texts_keep(&l->g->texts, name, strlen(name));
		if (!m->name)
			return load_no_memory(l);
	}
	return r;
}

static int load_remaps(struct load *l)
{
	autoimage struct image img = { .fd = -1 };
	struct rec_remap rec;
	int r = image_open(&l->g->dir, IMAGE_REMAP_FPATH, 0, &img, l->err);

	while (r > 0 && (r = record_remap(&img, &rec, l->err)) > 0) {
		uint32_t file = graph_file(l->g, rec.file_id);

		if (file == NONE || l->g->files[file].kind != FILE_REG)
			return image_fault(
				&img, l->err, "no file in files.img has the id 0x%x", rec.file_id);
		l->g->files[file].remapped = true;
	}
	return r;
}

static int load_pipe_data(struct load *l, enum image_kind kind)
{
	autoimage struct image img = { .fd = -1 };
	struct rec_data rec;
	int r = image_open(&l->g->dir, kind, 0, &img, l->err);

	while (r > 0 && (r = record_data(&img, &rec, l->err)) > 0) {
		struct pipe_data *d;

		if (load_enter(l, &l->g->data_by_pipe, rec.pipe_id, l->g->n_pipe_data, &img,
			    "data of pipe") < 0)
			return -1;
		d = MORE(l, pipe_data);
		if (!d)
			return -1;
		*d = (struct pipe_data){ .pipe_id = rec.pipe_id, .bytes = rec.bytes };
	}
	return r;
}

int load_files(struct load *l)
{
	if (load_open_files(l) < 0 || load_ttys(l) < 0 || load_memfds(l) < 0 || load_remaps(l) < 0)
		return -1;
	if (load_pipe_data(l, IMAGE_PIPES_DATA) < 0)
		return -1;
	return load_pipe_data(l, IMAGE_FIFO_DATA);
}

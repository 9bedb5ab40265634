/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Splits open files of the zoo (tests/unit/data/zoo), loads the new images again and compares the two
 * graphs. That criu takes such images is proved by tests/e2e/70-split.sh.
 */
#include "images.h"
#include "plan/key.h"
#include "plan/load.h"
#include "plan/split.h"

#define ZOO  "tests/unit/data/zoo"
#define NAME "/fdb/1f/0"
#define KEY  "fdb/1f/0"

struct pair {
	struct images i;
	struct graph before, after;
};

static void load(int dir, struct graph *g)
{
	struct err err = { 0 };

	if (load_graph(dir, g, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
}

static uint32_t file_at(const struct graph *g, uint32_t fd)
{
	uint32_t desc = graph_desc(g, g->tasks[0].table, fd);

	assert_int_not_equal(desc, NONE);
	return g->descs[desc].file;
}

static void zoo(struct pair *p)
{
	*p = (struct pair){ .i = images_begin() };
	images_copy(&p->i, ZOO);
	load(p->i.fd, &p->before);
}

/* Splits, puts the new images over the old ones and loads them. */
static void split(struct pair *p, const struct split *splits, size_t n)
{
	autosplit struct split_images s = { 0 };
	struct err err = { 0 };

	if (split_make(&p->before, splits, n, &s, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t k = 0; k < s.n; k++) {
		struct out o = { 0 };

		out_bytes(&o, s.images[k].bytes, s.images[k].n);
		out_save(&o, &p->i, s.images[k].name);
	}
	load(p->i.fd, &p->after);
}

static void end(struct pair *p)
{
	graph_done(&p->before);
	graph_done(&p->after);
	images_end(&p->i);
}

/* Every descriptor but those of one open file is of the record that it was of. */
static void assert_others_same(const struct pair *p, uint32_t split_file)
{
	assert_int_equal(p->before.n_descs, p->after.n_descs);
	for (size_t k = 0; k < p->before.n_descs; k++) {
		const struct desc *b = &p->before.descs[k], *a = &p->after.descs[k];
		const struct file *fa = &p->after.files[a->file];

		assert_int_equal(b->fd, a->fd);
		assert_int_equal(b->cloexec, a->cloexec);
		if (b->file == split_file) {
			assert_int_equal(fa->kind, FILE_REG);
			assert_string_equal(fa->name, NAME);
		} else {
			assert_int_equal(p->before.files[b->file].id, fa->id);
			assert_int_equal(p->before.files[b->file].kind, fa->kind);
		}
	}
}

/* Mappings, exe, cwd and root are of what they were of. */
static void assert_uses_same(const struct pair *p)
{
	for (size_t k = 0; k < p->before.n_tasks; k++) {
		const struct task *b = &p->before.tasks[k], *a = &p->after.tasks[k];

		if (b->exe == NONE)
			continue;
		assert_string_equal(p->before.files[b->exe].name, p->after.files[a->exe].name);
		assert_string_equal(p->before.files[b->cwd].name, p->after.files[a->cwd].name);
		assert_string_equal(p->before.files[b->root].name, p->after.files[a->root].name);
	}
	for (size_t k = 0; k < p->after.n_uses; k++) {
		const struct use *u = &p->after.uses[k];

		if (u->kind == USE_MAPPING)
			assert_string_not_equal(p->after.files[u->file].name, NAME);
	}
}

/* Each open file of the zoo alone, in both ways. */
static void every_one(void **state)
{
	struct pair all;

	(void)state;
	zoo(&all);
	for (uint32_t file = 0; file < all.before.n_files; file++) {
		if (!all.before.files[file].n_descs)
			continue;
		for (enum split_how how = SPLIT_DUP; how <= SPLIT_REOPEN; how++) {
			struct split s = { .file = file, .how = how, .name = NAME };
			struct pair p;
			uint32_t found;

			zoo(&p);
			split(&p, &s, 1);
			assert_others_same(&p, file);
			assert_uses_same(&p);
			found = key_first(&p.after, split_key(&s));
			assert_int_not_equal(found, NONE);
			assert_int_equal(key_next(&p.after, split_key(&s), found), NONE);
			assert_int_equal(
				p.after.files[found].n_descs, p.before.files[file].n_descs);
			assert_int_equal(p.after.files[found].ext, how == SPLIT_REOPEN);
			end(&p);
		}
	}
	end(&all);
}

static void untouched_bytes(void **state)
{
	struct pair p;
	struct split s;
	autosplit struct split_images made = { 0 };
	struct err err;

	(void)state;
	zoo(&p);
	s = (struct split){ .file = file_at(&p.before, 10), .name = NAME };
	assert_int_equal(split_make(&p.before, &s, 1, &made, &err), 0);
	/* A regular file keeps id and kind, so no table changes. */
	assert_int_equal(made.n, 1);
	assert_string_equal(made.images[0].name, "files.img");
	assert_int_not_equal(made.images[0].n, p.before.files_image_bytes);
	split_images_done(&made);
	assert_int_equal(split_make(&p.before, NULL, 0, &made, &err), 0);
	assert_int_equal(made.n, 0);
	end(&p);
}

/* A regular file keeps its position, flags, size and ghost; reopened it drops what criu would compare. */
static void regular_keeps(void **state)
{
	for (enum split_how how = SPLIT_DUP; how <= SPLIT_REOPEN; how++) {
		struct pair p;
		struct split s;
		const struct file *b, *a;

		(void)state;
		zoo(&p);
		s = (struct split){
			.file = file_at(&p.before, 11), .how = how, .seek = true, .name = NAME
		};
		split(&p, &s, 1);
		b = &p.before.files[s.file];
		a = &p.after.files[file_at(&p.after, 11)];
		assert_int_equal(a->pos, 6);
		assert_int_equal(a->flags, b->flags);
		assert_int_equal(a->id, b->id);
		assert_int_equal(a->mode, how == SPLIT_DUP ? b->mode : 0);
		assert_int_equal(a->has_size, how == SPLIT_DUP ? b->has_size : false);
		end(&p);
	}
}

static void ghost(void **state)
{
	struct pair p;
	struct split s;

	(void)state;
	zoo(&p);
	s = (struct split){ .file = file_at(&p.before, 13), .name = NAME };
	split(&p, &s, 1);
	/* criu makes the ghost beside the name of its record: that one stays, the descriptors get another */
	assert_false(p.after.files[file_at(&p.after, 13)].remapped);
	graph_done(&p.after);
	p.after = (struct graph){ 0 };
	s.how = SPLIT_REOPEN;
	split(&p, &s, 1);
	assert_false(p.after.files[file_at(&p.after, 13)].remapped);
	end(&p);
}

/* The end of a pair that stays has no peer; a stream is shut down, a datagram socket is not. */
static void survivors(void **state)
{
	static const struct {
		uint32_t gone, stays, shutdown;
	} cases[] = { { 21, 22, 3 }, { 22, 21, 3 }, { 23, 24, 0 }, { 33, 34, 3 }, { 37, 38, 0 } };

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		autoimage struct image img = { .fd = -1 };
		struct pair p;
		struct split s;
		struct rec_file rec;
		struct err err;
		uint32_t stays;

		zoo(&p);
		s = (struct split){ .file = file_at(&p.before, cases[k].gone), .name = NAME };
		stays = p.before.files[file_at(&p.before, cases[k].stays)].id;
		split(&p, &s, 1);
		assert_int_equal(image_open(&p.after.dir, IMAGE_FILES, 0, &img, &err), 1);
		do
			assert_int_equal(record_file(&img, &rec, &err), 1);
		while (rec.id != stays);
		assert_int_equal(rec.peer, 0);
		assert_int_equal(rec.shutdown, cases[k].shutdown);
		end(&p);
	}
}

/* Both ends: nobody is left to be edited. */
static void both_ends(void **state)
{
	struct pair p;
	struct split s[2];

	(void)state;
	zoo(&p);
	s[0] = (struct split){ .file = file_at(&p.before, 23), .name = NAME };
	s[1] = (struct split){ .file = file_at(&p.before, 24), .name = "/fdb/1f/1" };
	split(&p, s, 2);
	assert_int_not_equal(key_first(&p.after, KEY), NONE);
	assert_int_not_equal(key_first(&p.after, "fdb/1f/1"), NONE);
	end(&p);
}

/* Socket 21 has the log and a pipe's end in its queue; they go with it, the pipe's record too. */
static void queue_goes(void **state)
{
	struct pair p;
	struct split s;
	size_t in_flight = 0;

	(void)state;
	zoo(&p);
	s = (struct split){ .file = file_at(&p.before, 21), .name = NAME };
	split(&p, &s, 1);
	for (size_t k = 0; k < p.after.n_uses; k++)
		in_flight += p.after.uses[k].kind == USE_IN_FLIGHT;
	assert_int_equal(in_flight, 0);
	assert_int_equal(p.after.n_files, p.before.n_files - 1);
	assert_int_equal(p.after.files[file_at(&p.after, 44)].kind, FILE_PIPE);
	end(&p);
}

/* What is in flight can be split by itself; the log's record is mapped too, so it gets a new one. */
static void in_flight(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		struct pair p;
		struct split s = { .name = NAME };
		uint32_t found;

		zoo(&p);
		for (size_t k = 0; k < p.before.n_uses; k++)
			if (p.before.uses[k].kind == USE_IN_FLIGHT &&
				(p.before.files[p.before.uses[k].file].kind == FILE_PIPE) == which)
				s.file = p.before.uses[k].file;
		split(&p, &s, 1);
		assert_uses_same(&p);
		found = key_first(&p.after, KEY);
		assert_int_not_equal(found, NONE);
		assert_int_equal(p.after.files[found].n_uses, 1);
		assert_int_equal(p.after.uses[p.after.files[found].first_use].kind, USE_IN_FLIGHT);
		assert_int_equal(p.after.n_files, p.before.n_files + !which);
		end(&p);
	}
}

static void taken_name(void **state)
{
	struct pair p;
	struct split s;
	autosplit struct split_images made = { 0 };
	struct err err = { 0 };

	(void)state;
	zoo(&p);
	s = (struct split){ .file = file_at(&p.before, 10), .name = "/run/w/log" };
	assert_int_equal(split_make(&p.before, &s, 1, &made, &err), -1);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	assert_int_equal(made.n, 0);
	end(&p);
}

/* The record of an id in the bytes of a files.img. */
static Criu__Images__FileEntry *record_of(const uint8_t *image, size_t n, uint32_t id)
{
	for (size_t at = 8; at < n;) {
		uint32_t size;
		Criu__Images__FileEntry *m;

		memcpy(&size, image + at, sizeof(size));
		m = criu__images__file_entry__unpack(NULL, size, image + at + sizeof(size));
		assert_non_null(m);
		if (m->id == id)
			return m;
		criu__images__file_entry__free_unpacked(m, NULL);
		at += sizeof(size) + size;
	}
	fail_msg("no record of id 0x%x", id);
	return NULL;
}

/* What we do not name in images.proto (a socket's options, its owner) is there after an edit too. */
static void unknown_fields(void **state)
{
	struct pair p;
	struct split s;
	autosplit struct split_images made = { 0 };
	Criu__Images__FileEntry *before, *after;
	struct err err;
	uint32_t id;

	(void)state;
	zoo(&p);
	s = (struct split){ .file = file_at(&p.before, 24), .name = NAME };
	id = p.before.files[file_at(&p.before, 23)].id;
	assert_int_equal(split_make(&p.before, &s, 1, &made, &err), 0);
	before = record_of(p.before.files_image, p.before.files_image_bytes, id);
	after = record_of(made.images[0].bytes, made.images[0].n, id);
	assert_true(before->usk->base.n_unknown_fields > 0);
	assert_int_equal(after->usk->base.n_unknown_fields, before->usk->base.n_unknown_fields);
	assert_int_not_equal(before->usk->peer, 0);
	assert_int_equal(after->usk->peer, 0);
	criu__images__file_entry__free_unpacked(before, NULL);
	criu__images__file_entry__free_unpacked(after, NULL);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_one),
		cmocka_unit_test(untouched_bytes),
		cmocka_unit_test(regular_keeps),
		cmocka_unit_test(ghost),
		cmocka_unit_test(survivors),
		cmocka_unit_test(both_ends),
		cmocka_unit_test(queue_goes),
		cmocka_unit_test(in_flight),
		cmocka_unit_test(taken_name),
		cmocka_unit_test(unknown_fields),
	};

	return cmocka_run_group_tests_name("plan/split", tests, NULL, NULL);
}

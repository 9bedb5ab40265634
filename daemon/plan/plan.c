/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans. Read downwards, in the order in which it happens: resolve the targets and claim their open
 * files, decide for each mapping by which key criu is to do it and whether that needs a split, check
 * (check.c), see what is still needed (need.c), list the splits.
 *
 * What is lent, who may do what, and where the images are, is all in the structs that come in.
 */
#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/check.h"
#include "plan/fit.h"
#include "plan/key.h"
#include "plan/need.h"
#include "plan/room.h"

/* For so many targets that name nothing, proposals are looked for. */
#define MAX_PROPOSALS 16

#define MAX_STAYS (sizeof(((struct plan_mapping *)0)->stays) / sizeof(uint32_t))

/* ---- 1. targets and claims ---- */

/* A namespace: criu enters it by setns(), so it must be one. */
static int claim_space(struct checks *c, uint32_t mapping)
{
	const struct plan_mapping_in *in = &c->r->mappings[mapping];
	uint32_t *owner = &c->p->space_owners[graph_space(c->g, in->target.text)];
	struct plan_mapping *m = &c->p->mappings[mapping];

	if (*owner != NONE)
		return check_say(c, PLAN_MAPPED_TWICE, mapping,
			"the namespace is mapped already, by mapping %u", *owner);
	*owner = mapping;
	m->key = in->target.text;
	if (in->facts.kind == FACTS_NAMESPACE)
		return 0;
	return check_say(c, PLAN_WRONG_KIND, mapping, "lent '%s' (%s) is no namespace", in->name,
		facts_kind_name(in->facts.kind));
}

static int claim(struct checks *c, uint32_t mapping, const struct target_files *files)
{
	struct plan *p = c->p;
	char one[32];

	for (size_t i = 0; i < files->n; i++) {
		uint32_t owner = p->owners[files->files[i]];

		if (owner == NONE)
			continue;
		return check_say(c, PLAN_MAPPED_TWICE, mapping,
			"%s is mapped already, by mapping %u (lent '%s')",
			target_of_file(c->g, files->files[i], one, sizeof(one)), owner,
			c->r->mappings[owner].name);
	}
	for (size_t i = 0; i < files->n; i++)
		p->owners[files->files[i]] = mapping;
	p->mappings[mapping].files = *files;
	return 1;
}

/* Return: 0 or -ENOMEM; what is wrong with the target is a problem. */
static int resolve(struct checks *c, uint32_t mapping, unsigned *unmatched)
{
	const struct plan_mapping_in *in = &c->r->mappings[mapping];
	struct target_files files = { 0 };
	struct err err = { 0 };
	int r;

	if (in->facts.kind == FACTS_CLOSED)
		return check_say(c, PLAN_LENT_CLOSED, mapping, "lent '%s' cannot be looked at: %s",
			in->name, strerrordesc_np(in->facts.error) ?: "unknown error");
	if (target_resolve(c->g, &in->target, *unmatched < MAX_PROPOSALS, &files, &err) < 0) {
		(*unmatched)++;
		return err.code == ERR_INTERNAL
			       ? -ENOMEM
			       : check_say(c, PLAN_NO_MATCH, mapping, "%s", err.text);
	}
	if (files.space)
		return claim_space(c, mapping);
	r = claim(c, mapping, &files);
	if (r <= 0)
		target_files_done(&files);
	return r < 0 ? r : 0;
}

static int check_numbers(struct checks *c)
{
	struct map by_number = { 0 };
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < c->r->n_mappings; i++) {
		const struct plan_mapping_in *in = &c->r->mappings[i];
		uint32_t other;

		if (in->target.number < 0)
			continue;
		other = map_get(&by_number, (uint32_t)in->target.number);
		if (other == MAP_NONE)
			r = map_put(&by_number, (uint32_t)in->target.number, i);
		else /* criu closes a number when it has taken it over: each mapping needs its own */
			r = check_say(c, PLAN_NUMBER_TWICE, i, "number %d is for lent '%s' already",
				in->target.number, c->r->mappings[other].name);
	}
	map_done(&by_number);
	return r;
}

/* ---- 2. by which key ---- */

static bool is_single(const struct plan_mapping_in *in)
{
	return in->target.kind == TARGET_DESC || in->target.kind == TARGET_ID;
}

/*
 * criu waits for ever for a connected unix socket of which one end is keyed, for a listening one with a
 * connection that is not accepted, and for a datagram server with clients. [tried on 4.1.1]
 */
static bool is_connected(const struct file *f)
{
	return f->kind == FILE_UNIXSK && (f->peer_ino || f->connected != NONE);
}

/*
 * A keyed terminal must be one, a keyed master leaves its slave without ("Found slave peer"), and a
 * keyed slave wants the master that is in the images.
 */
static bool is_awkward_tty(const struct checks *c, uint32_t file, const struct facts *lent)
{
	const struct file *f = &c->g->files[file];
	uint32_t peer = graph_pty_peer(c->g, file);

	if (f->kind != FILE_TTY)
		return false;
	if (lent->kind != FACTS_TERMINAL)
		return true;
	return peer != NONE && (c->g->ttys[f->resource].is_master || c->p->owners[peer] != NONE);
}

/* Whatever was asked for, criu's key cannot do it with this open file. */
static bool key_fails(const struct checks *c, uint32_t file, const struct plan_mapping_in *in)
{
	const struct file *f = &c->g->files[file];
	bool reopens = f->kind == FILE_PIPE || f->ext;

	return is_connected(f) || is_awkward_tty(c, file, &in->facts) ||
	       (reopens && !fit_reopen(&in->facts));
}

/* Would the key of this one open file do more or other than give the lent open file itself? */
static bool key_is_not_exact(const struct graph *g, uint32_t file, const char *key)
{
	const struct file *f = &g->files[file];

	if (f->kind == FILE_PIPE || f->ext)
		return true;
	for (uint32_t i = 0; i < f->n_uses; i++)
		if (g->uses[f->first_use + i].kind != USE_IN_FLIGHT)
			return true;
	for (uint32_t k = key_first(g, key); k != NONE; k = key_next(g, key, k))
		if (k != file && key_replaces(g, k))
			return true;
	return false;
}

static bool needs_split(
	const struct checks *c, const struct plan_mapping_in *in, const struct plan_mapping *m)
{
	char first[KEY_NUMBER_SIZE], other[KEY_NUMBER_SIZE];
	const char *key = key_text(c->g, m->files.files[0], first);

	if (in->reopen || !key || !key[0])
		return true;
	if (is_single(in))
		return key_fails(c, m->files.files[0], in) ||
		       key_is_not_exact(c->g, m->files.files[0], key);
	for (size_t i = 0; i < m->files.n; i++) {
		const char *k = key_text(c->g, m->files.files[i], other);

		if (!k || strcmp(k, key) != 0 || key_fails(c, m->files.files[i], in))
			return true;
	}
	return false;
}

/* Does criu's own key make it reopen what is lent? */
static bool key_reopens(const struct graph *g, const struct plan_mapping *m)
{
	for (size_t i = 0; i < m->files.n; i++)
		if (g->files[m->files.files[i]].kind == FILE_PIPE ||
			g->files[m->files.files[i]].ext)
			return true;
	return false;
}

/* A split changes what descriptors hold; mappings, directories and programs stay as they are. */
static void keep_held(struct checks *c, struct target_files *files)
{
	size_t n = 0;

	for (size_t i = 0; i < files->n; i++) {
		uint32_t file = files->files[i];

		if (key_is_held(c->g, file))
			files->files[n++] = file;
		else
			c->p->owners[file] = NONE;
	}
	files->n = n;
}

static const char *own_key(struct checks *c, struct plan_mapping *m, uint32_t mapping)
{
	struct split s = { .how = m->how == PLAN_REOPEN ? SPLIT_REOPEN : SPLIT_DUP,
		.name = m->split_name };

	snprintf(m->split_name, sizeof(m->split_name), "/fdb/%016llx/%u",
		(unsigned long long)c->r->nonce, mapping);
	return split_key(&s);
}

static int decide(struct checks *c, uint32_t mapping)
{
	const struct plan_mapping_in *in = &c->r->mappings[mapping];
	struct plan_mapping *m = &c->p->mappings[mapping];
	char number[KEY_NUMBER_SIZE];
	const char *key;

	m->split = needs_split(c, in, m);
	if (!m->split) {
		m->how = key_reopens(c->g, m) ? PLAN_REOPEN : PLAN_DUP;
		key = key_text(c->g, m->files.files[0], number);
		m->key = texts_keep(&c->p->texts, key, strlen(key));
		return m->key ? 0 : -ENOMEM;
	}
	m->how = in->reopen ? PLAN_REOPEN : PLAN_DUP;
	keep_held(c, &m->files);
	if (m->files.n == 0)
		return check_say(c, PLAN_NO_MATCH, mapping,
			"no descriptor is of it, and only what descriptors are of can be opened again");
	m->key = own_key(c, m, mapping);
	return 0;
}

/* ---- 3. how much changes, and what stays ---- */

/* seen: by table, the last mapping that was counted there, plus one. */
static void count_changes(
	const struct graph *g, struct plan_mapping *m, uint32_t mapping, uint32_t *seen)
{
	for (size_t i = 0; i < m->files.n; i++) {
		const struct file *f = &g->files[m->files.files[i]];

		for (uint32_t k = 0; k < f->n_descs; k++) {
			const struct desc *d = &g->descs[g->file_descs[f->first_desc + k]];

			m->n_descs += g->tables[d->table].n_tasks;
			if (seen[d->table] == mapping + 1)
				continue;
			seen[d->table] = mapping + 1;
			m->n_tasks += g->tables[d->table].n_tasks;
		}
	}
}

static void find_stays(const struct checks *c, struct plan_mapping *m, uint32_t mapping)
{
	char number[KEY_NUMBER_SIZE];
	const char *key = key_text(c->g, m->files.files[0], number);

	if (!key || !m->split)
		return;
	for (uint32_t f = key_first(c->g, key); f != NONE && m->n_stays <= MAX_STAYS;
		f = key_next(c->g, key, f)) {
		if (c->p->owners[f] == mapping || !key_replaces(c->g, f))
			continue;
		if (m->n_stays < MAX_STAYS)
			m->stays[m->n_stays] = f;
		m->n_stays++;
	}
}

/* ---- 4. the splits ---- */

static int add_split(struct plan *p, struct split split)
{
	p->splits = room_for_one(p->splits, p->n_splits, &p->max_splits, sizeof(*p->splits));
	if (p->n_splits == p->max_splits)
		return -ENOMEM;
	p->splits[p->n_splits++] = split;
	return 0;
}

static int list_splits(struct checks *c, uint32_t mapping)
{
	const struct plan_mapping *m = &c->p->mappings[mapping];
	bool seekable = fit_seekable(&c->r->mappings[mapping].facts);

	for (size_t i = 0; m->split && i < m->files.n; i++) {
		uint32_t file = m->files.files[i], kind = c->g->files[file].kind;
		bool has_pos = kind == FILE_REG || kind == FILE_MEMFD;
		struct split s = { .file = file,
			.name = m->split_name,
			.seek = has_pos && seekable,
			.how = m->how == PLAN_REOPEN ? SPLIT_REOPEN : SPLIT_DUP };

		if (add_split(c->p, s) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* ---- all ---- */

static int index_ptys(struct checks *c)
{
	for (size_t i = 0; i < c->g->n_ttys; i++) {
		const struct tty *t = &c->g->ttys[i];

		if (!t->is_pty || t->file == NONE || c->p->owners[t->file] != NONE)
			continue;
		if (map_put(&c->ptys, t->index, t->file) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

static int plan_mappings(struct checks *c, uint32_t *seen)
{
	unsigned unmatched = 0;

	for (uint32_t i = 0; i < c->r->n_mappings; i++)
		if (resolve(c, i, &unmatched) < 0)
			return -ENOMEM;
	if (check_numbers(c) < 0 || index_ptys(c) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->r->n_mappings; i++) {
		struct plan_mapping *m = &c->p->mappings[i];

		if (!m->files.n)
			continue;
		if (decide(c, i) < 0)
			return -ENOMEM;
		if (!m->files.n)
			continue;
		count_changes(c->g, m, i, seen);
		find_stays(c, m, i);
		if (check_mapping(c, i) < 0 || list_splits(c, i) < 0)
			return -ENOMEM;
	}
	return check_tree(c) < 0 ? -ENOMEM : need_find(c->p);
}

int plan_make(
	const struct graph *g, const struct plan_request *r, struct plan *ret, struct err *err)
{
	struct checks c = { .g = g, .r = r, .p = ret };
	uint32_t *seen = calloc(g->n_tables + 1, sizeof(*seen));
	int made = -ENOMEM;

	ret->g = g;
	ret->mappings = calloc(r->n_mappings + 1, sizeof(*ret->mappings));
	ret->owners = malloc((g->n_files + 1) * sizeof(*ret->owners));
	ret->space_owners = malloc((g->n_spaces + 1) * sizeof(*ret->space_owners));
	if (seen && ret->mappings && ret->owners && ret->space_owners) {
		ret->n_mappings = r->n_mappings;
		memset(ret->owners, 0xff, (g->n_files + 1) * sizeof(*ret->owners)); /* NONE */
		memset(ret->space_owners, 0xff, (g->n_spaces + 1) * sizeof(*ret->space_owners));
		made = plan_mappings(&c, seen);
	}
	map_done(&c.ptys);
	free(seen);
	if (made < 0)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for the plan");
	return 0;
}

int plan_split(const struct plan *p, struct split_images *ret, struct err *err)
{
	return split_make(p->g, p->splits, p->n_splits, ret, err);
}

void plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->n_mappings; i++)
		target_files_done(&p->mappings[i].files);
	texts_done(&p->texts);
	free(p->mappings);
	free(p->problems);
	free(p->splits);
	free(p->needs);
	free(p->owners);
	free(p->space_owners);
	*p = (struct plan){ 0 };
}

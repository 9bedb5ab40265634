/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All checks of one mapping, each a function of its open files and the facts about what is lent. Each
 * code is said once for a mapping, about the first open file that gives cause.
 */
#include "plan/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/printable.h"
#include "plan/fit.h"
#include "plan/key.h"
#include "plan/room.h"

#define FIRST_PTS_MAJOR 136u
#define LAST_PTS_MAJOR  143u

/* One mapping under check. */
struct one {
	struct checks *c;
	uint32_t mapping;
	const struct plan_mapping_in *in;
	struct plan_mapping *m;
	uint64_t said; /* codes */
	int r;         /* 0, or -ENOMEM from then on */
};

static int say_text(struct checks *c, enum plan_code code, uint32_t mapping, const char *text)
{
	struct plan *p = c->p;
	bool accepted = plan_code_acceptable(code) && c->r->at_own_risk & (uint64_t)1 << code;
	bool error = code < PLAN_KIND_DIFFERS && !accepted;

	p->problems =
		room_for_one(p->problems, p->n_problems, &p->max_problems, sizeof(*p->problems));
	if (p->n_problems == p->max_problems)
		return -ENOMEM;
	p->problems[p->n_problems] = (struct plan_problem){ .code = code,
		.level = error ? PLAN_ERROR : PLAN_WARNING,
		.mapping = mapping,
		.text = texts_keep(&p->texts, text, strlen(text)) };
	p->n_errors += error;
	return p->problems[p->n_problems++].text ? 0 : -ENOMEM;
}

int check_say(struct checks *c, enum plan_code code, uint32_t mapping, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return say_text(c, code, mapping, text);
}

/* Says a code once for the mapping. */
static void say(struct one *o, enum plan_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct one *o, enum plan_code code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (o->said & (uint64_t)1 << code || o->r < 0)
		return;
	o->said |= (uint64_t)1 << code;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o->r = say_text(o->c, code, o->mapping, text);
}

/* "17.4, a O_RDWR regular file /var/log/x". */
struct name {
	char text[192];
};

static struct name name_of(const struct one *o, uint32_t file)
{
	const struct graph *g = o->c->g;
	const struct file *f = &g->files[file];
	const char *path = graph_path(g, file);
	char target[32], shown[96] = "";
	struct name n;

	target_of_file(g, file, target, sizeof(target));
	if (path)
		printable(shown, sizeof(shown), path, strlen(path));
	snprintf(n.text, sizeof(n.text), "%s (%s, %s%s%s)", target, fit_file_name(f),
		fit_access_name(f->flags), path ? ", " : "", shown);
	return n;
}

static struct name name_of_lent(const struct one *o)
{
	struct name n;

	snprintf(n.text, sizeof(n.text), "lent '%s' (%s, %s)", o->in->name,
		facts_kind_name(o->in->facts.kind), fit_access_name(o->in->facts.flags));
	return n;
}

/* ---- does what is lent fit? ---- */

static void check_kind(struct one *o, uint32_t file)
{
	const struct file *f = &o->c->g->files[file];
	enum fit fit = fit_kind(f, &o->in->facts);

	if (fit == FIT_WRONG)
		say(o, PLAN_WRONG_KIND, "%s cannot stand for %s", name_of_lent(o).text,
			name_of(o, file).text);
	else if (fit == FIT_CLOSE)
		say(o, PLAN_KIND_DIFFERS, "%s will stand for %s", name_of_lent(o).text,
			name_of(o, file).text);
}

static void check_access(struct one *o, uint32_t file)
{
	const struct file *f = &o->c->g->files[file];

	/* criu opens a keyed pipe again for what each descriptor needs: either end will do. */
	if (f->kind == FILE_PIPE && o->m->how == PLAN_REOPEN)
		return;
	if (!fit_access(f, &o->in->facts))
		say(o, PLAN_WRONG_ACCESS, "%s does not allow what tasks do with %s",
			name_of_lent(o).text, name_of(o, file).text);
}

static void check_reopen(struct one *o, uint32_t file)
{
	const struct file *f = &o->c->g->files[file];
	const struct facts *lent = &o->in->facts;
	uint64_t begin = o->m->split && f->kind != FILE_PIPE ? f->pos : 0;

	if (o->m->how != PLAN_REOPEN)
		return;
	if (!fit_reopen(lent))
		say(o, PLAN_CANNOT_REOPEN, "%s cannot be opened again, as is to be done for %s",
			name_of_lent(o).text, name_of(o, file).text);
	else if (lent->kind == FACTS_REGULAR && !(f->flags & O_APPEND) &&
		 (f->flags & O_ACCMODE) != O_RDONLY && begin < lent->size)
		say(o, PLAN_OVERWRITES,
			"%s will be opened again without O_APPEND at position %llu of %llu",
			name_of_lent(o).text, (unsigned long long)begin,
			(unsigned long long)lent->size);
}

static void check_pollable(struct one *o, uint32_t file)
{
	uint32_t watcher = o->c->g->files[file].watcher;
	char epoll[32];

	if (watcher == NONE || o->c->p->owners[watcher] != NONE || fit_pollable(&o->in->facts))
		return;
	say(o, PLAN_NOT_POLLABLE, "the epoll %s watches %s, and %s cannot be watched",
		target_of_file(o->c->g, watcher, epoll, sizeof(epoll)), name_of(o, file).text,
		name_of_lent(o).text);
}

/* The N of /dev/pts/N of a lent slave, by its device number, or master; -1: it is neither. */
static int lent_pty(const struct facts *lent)
{
	unsigned m = major(lent->rdev);

	if (lent->kind != FACTS_TERMINAL)
		return -1;
	if (m >= FIRST_PTS_MAJOR && m <= LAST_PTS_MAJOR)
		return (int)(minor(lent->rdev) + ((m - FIRST_PTS_MAJOR) << 8));
	return lent->rdev == makedev(5, 2) ? lent->pty_index : -1; /* /dev/ptmx */
}

/* criu opens a pty of the images by its number, which must be free in that devpts. */
static void check_pty_number(struct one *o)
{
	int number = lent_pty(&o->in->facts);
	uint32_t file = number < 0 ? NONE : map_get(&o->c->ptys, (uint32_t)number);

	if (file != NONE)
		say(o, PLAN_PTY_NUMBER,
			"lent '%s' is of /dev/pts/%d, the number that %s needs in the same /dev/pts",
			o->in->name, number, name_of(o, file).text);
}

/* ---- what is different, but works ---- */

static void check_state(struct one *o, uint32_t file)
{
	const struct file *f = &o->c->g->files[file];
	const struct facts *lent = &o->in->facts;
	bool has_pos = f->kind == FILE_REG || f->kind == FILE_MEMFD;
	uint32_t differ = f->flags ^ lent->flags;

	if (o->m->how != PLAN_DUP)
		return;
	if (fit_seekable(lent)) {
		if (has_pos && lent->pos >= 0 && (uint64_t)lent->pos != f->pos)
			say(o, PLAN_POSITION_DIFFERS,
				"%s was at position %llu, lent '%s' is at %lld",
				name_of(o, file).text, (unsigned long long)f->pos, o->in->name,
				(long long)lent->pos);
		if (differ & O_APPEND)
			say(o, PLAN_APPEND_DIFFERS, "%s %s O_APPEND, lent '%s' %s",
				name_of(o, file).text, f->flags & O_APPEND ? "had" : "had no",
				o->in->name, lent->flags & O_APPEND ? "has it" : "has not");
		say(o, PLAN_SHARED_WITH_LENDER,
			"position and flags of lent '%s' stay shared with its lender", o->in->name);
	} else if (differ & O_NONBLOCK && fit_kind(f, lent) != FIT_WRONG) {
		say(o, PLAN_NONBLOCK_DIFFERS, "%s %s O_NONBLOCK, lent '%s' %s",
			name_of(o, file).text, f->flags & O_NONBLOCK ? "had" : "had no",
			o->in->name, lent->flags & O_NONBLOCK ? "has it" : "has not");
	}
}

static void check_data(struct one *o, uint32_t file)
{
	const struct graph *g = o->c->g;
	const struct file *f = &g->files[file];
	uint64_t bytes = 0;

	/* Data stays with the reading end, unless that is what goes. */
	if ((f->kind == FILE_PIPE || f->kind == FILE_FIFO) && (f->flags & O_ACCMODE) != O_WRONLY)
		bytes = graph_pipe_bytes(g, f->resource);
	else if (f->kind == FILE_UNIXSK)
		bytes = f->size;
	if (bytes)
		say(o, PLAN_DATA_LOST, "%llu bytes that wait in %s are dropped",
			(unsigned long long)bytes, name_of(o, file).text);
}

/* Another open file on the pipe that stays and has the other direction. */
static uint32_t pipe_peer(const struct one *o, uint32_t file)
{
	const struct graph *g = o->c->g;
	char number[KEY_NUMBER_SIZE];
	const char *key = key_text(g, file, number);
	uint32_t mode = g->files[file].flags & O_ACCMODE;
	unsigned looked = 0;

	/* The first hundred tell enough: a pipe has few open files, or hostile ones. */
	for (uint32_t f = key_first(g, key); f != NONE && looked < 100;
		f = key_next(g, key, f), looked++)
		if (o->c->p->owners[f] == NONE && (g->files[f].flags & O_ACCMODE) != mode)
			return f;
	return NONE;
}

static void check_peer(struct one *o, uint32_t file)
{
	const struct graph *g = o->c->g;
	const struct file *f = &g->files[file];
	const uint32_t *owners = o->c->p->owners;
	uint32_t peer = NONE;

	if (f->kind == FILE_PIPE && o->m->split)
		peer = pipe_peer(o, file);
	else if (f->kind == FILE_UNIXSK && f->connected != NONE && owners[f->connected] == NONE)
		peer = f->connected;
	else if (f->kind == FILE_UNIXSK && f->peer != NONE && g->files[f->peer].peer == file)
		peer = f->peer;
	else if (f->kind == FILE_TTY)
		peer = graph_pty_peer(g, file);
	if (peer != NONE && owners[peer] == NONE && !g->files[peer].sock_outside)
		say(o, PLAN_PEER_CUT, "%s stays, and loses its other end %s", name_of(o, peer).text,
			name_of(o, file).text);
}

/* ---- what else a key takes with it ---- */

static void check_use(struct one *o, const struct use *u, const char *path)
{
	static const struct {
		enum plan_code code;
		const char *what;
	} uses[] = {
		[USE_CWD] = { PLAN_CWD_REPLACED, "working directory" },
		[USE_ROOT] = { PLAN_ROOT_REPLACED, "root directory" },
		[USE_EXE] = { PLAN_EXE_REPLACED, "program" },
		[USE_MAPPING] = { PLAN_MAPPING_REPLACED, "mapped file" },
	};

	if (u->kind == USE_IN_FLIGHT || u->kind == USE_PATH)
		return;
	say(o, uses[u->kind].code, "the key replaces the %s %s of task %u too", uses[u->kind].what,
		path, o->c->g->tasks[u->owner].pid);
}

static void check_uses(struct one *o, uint32_t file)
{
	const struct file *f = &o->c->g->files[file];
	const char *key = o->m->key;
	char shown[128];

	if (o->m->split)
		return; /* these keep the record that they have */
	printable(shown, sizeof(shown), key, strlen(key));
	for (uint32_t i = 0; i < f->n_uses; i++)
		check_use(o, &o->c->g->uses[f->first_use + i], shown);
}

int check_mapping(struct checks *c, uint32_t mapping)
{
	struct one o = { .c = c,
		.mapping = mapping,
		.in = &c->r->mappings[mapping],
		.m = &c->p->mappings[mapping] };
	size_t held = 0;

	for (size_t i = 0; i < o.m->files.n; i++) {
		uint32_t file = o.m->files.files[i];

		check_uses(&o, file);
		if (!key_is_held(c->g, file))
			continue;
		held++;
		check_kind(&o, file);
		check_access(&o, file);
		check_reopen(&o, file);
		check_pollable(&o, file);
		check_state(&o, file);
		check_data(&o, file);
		check_peer(&o, file);
	}
	check_pty_number(&o);
	if (held > 1 && o.in->target.kind != TARGET_DESC && o.in->target.kind != TARGET_ID)
		say(&o, PLAN_SEVERAL_FILES, "%zu open files %s lent '%s'", held,
			o.m->how == PLAN_DUP ? "all become one and the same:"
					     : "are opened again from",
			o.in->name);
	if (o.m->n_tasks > 1)
		say(&o, PLAN_SHARED_BY_TASKS, "%u tasks get lent '%s'", o.m->n_tasks, o.in->name);
	return o.r;
}

int check_tree(struct checks *c)
{
	for (size_t i = 0; i < c->r->n_pids; i++) {
		const struct plan_pid *p = &c->r->pids[i];

		if (check_say(c, PLAN_PID_TAKEN, NONE,
			    "pid %u of the tree is taken: it is %s, process %u", p->pid, p->what,
			    p->holder) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From criu's log to a reason. See explain.h. What lines mean stands in the tables of explain_rules.c, how they
 * are read in explain_match.c, the words for what they are about in explain_where.c.
 *
 * An error that a rule knows goes before one that none does: criu also says errors that it can do without.
 * Several tasks write into the log at the same time, so what belongs together is found by the pid.
 */
#include "plan/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plan/explain_match.h"
#include "plan/explain_rules.h"
#include "plan/explain_where.h"

/* So many tasks that wait are kept in mind. */
#define MAX_WAITING 32

struct log {
	const char *begin, *end;
};

/* One line, and what is known of it. */
struct found {
	struct explain_line line;        /* text NULL: none was found */
	const struct explain_rule *rule; /* NULL: an error that no rule knows */
	struct explain_captures captures;
	const char *after; /* in the log */
};

/* ---- reading the log ---- */

/* What lines around it tell of an error. */
struct context {
	struct explain_where where;
	uint32_t id;
	uint32_t removed; /* open file of criu's id, 0: not known */
	struct explain_capture image;
	struct explain_line last; /* of the task that the line names */
};

static void read_place(const struct log *log, const struct found *f, struct context *ret)
{
	const char *at = f->after;
	struct explain_captures c;
	struct explain_line l;

	while (explain_next_line(&at, log->end, &l)) {
		if (!l.error || l.pid != f->line.pid)
			continue;
		for (size_t i = 0; i < explain_n_rules; i++) {
			const struct explain_rule *rule = &explain_rules[i];

			if (rule->kind != EXPLAIN_PLACE || !explain_match(rule->pattern, &l, &c))
				continue;
			ret->where.place = rule->place;
			ret->where.fd = explain_number(&c, 0);
			ret->id = explain_number(&c, 1);
			return;
		}
	}
}

/* What was said before the line. */
static void read_before(const struct log *log, const struct found *f, struct context *ret)
{
	bool about = f->captures.n && f->captures.list[0].type == 'p';
	uint32_t pid = about ? explain_number(&f->captures, 0) : 0;
	const char *at = log->begin;
	struct explain_captures c;
	struct explain_line l;

	while (explain_next_line(&at, log->end, &l) && at < f->after) {
		if (l.bare)
			continue;
		if (l.pid == f->line.pid && explain_match("No %s image", &l, &c) && c.n == 1)
			ret->image = c.list[0];
		if (l.pid == f->line.pid && explain_match("Configuring remap %f -> ", &l, &c))
			ret->removed = explain_number(&c, 0);
		if (pid && l.pid == pid && l.bytes)
			ret->last = l;
	}
}

/*
 * The first rule for a line of this kind. A rule that is for one place only holds if the task says so
 * after the line.
 */
static bool find_rule(const struct log *log, struct found *f)
{
	struct context c;

	for (size_t i = 0; i < explain_n_rules; i++) {
		const struct explain_rule *rule = &explain_rules[i];

		if ((rule->kind == EXPLAIN_BARE) != f->line.bare ||
			!explain_match(rule->pattern, &f->line, &f->captures))
			continue;
		if (rule->kind == EXPLAIN_TELLS && rule->place != EXPLAIN_ANYTHING) {
			c = (struct context){ 0 };
			read_place(log, f, &c);
			if (c.where.place != rule->place)
				continue;
		}
		f->rule = rule;
		return true;
	}
	f->rule = NULL;
	f->captures.n = 0;
	return false;
}

static void keep_first(struct found *slot, const struct found *f)
{
	if (!slot->line.text)
		*slot = *f;
}

/* The line that tells; text NULL: there is none. */
static struct found choose(const struct log *log)
{
	struct found unknown = { 0 }, follows = { 0 }, bare = { 0 }, f = { 0 };
	bool logs = false;

	f.after = log->begin;
	while (explain_next_line(&f.after, log->end, &f.line)) {
		logs = logs || !f.line.bare;
		if (!f.line.bytes || (!f.line.error && !f.line.bare))
			continue;
		if (!find_rule(log, &f)) {
			if (f.line.error)
				keep_first(&unknown, &f);
			else
				bare = f;
			continue;
		}
		if (f.rule->kind == EXPLAIN_TELLS || f.rule->kind == EXPLAIN_BARE)
			return f;
		if (f.rule->kind == EXPLAIN_LAST && (unknown.line.text || follows.line.text))
			break;
		if (f.rule->kind != EXPLAIN_NOISE)
			keep_first(&follows, &f);
	}
	if (unknown.line.text)
		return unknown;
	/* What does not come to logging says in its last line what is wrong, as the loader of programs does. */
	return follows.line.text || logs ? follows : bare;
}

/* ---- the sentence ---- */

static const char *kind_of_mode(unsigned long mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a regular file";
	case S_IFDIR:
		return "a directory";
	case S_IFCHR:
	case S_IFBLK:
		return "a device";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "of no kind that is known";
	}
}

static unsigned long octal(const struct explain_captures *c, size_t i)
{
	char text[16];

	if (i >= c->n || c->list[i].n >= sizeof(text))
		return 0;
	memcpy(text, c->list[i].bytes, c->list[i].n);
	text[c->list[i].n] = 0;
	return strtoul(text, NULL, 8);
}

static bool kind_differs(const struct explain_captures *c)
{
	return (octal(c, 1) & S_IFMT) != (octal(c, 2) & S_IFMT);
}

static void add_modes(struct explain_text *t, const struct explain_captures *c)
{
	unsigned long now = octal(c, 1), was = octal(c, 2);

	if (kind_differs(c))
		explain_add(
			t, "is %s now, and %s in the images", kind_of_mode(now), kind_of_mode(was));
	else
		explain_add(t, "has the permissions %04lo now, and %04lo in the images",
			now & 07777, was & 07777);
}

static void add_holder(
	struct explain_text *t, const struct explain_about *about, const struct explain_captures *c)
{
	char buf[128] = "";
	const char *who = about->who_has_pid
				  ? about->who_has_pid(about->arg, (pid_t)explain_number(c, 0), buf,
					    sizeof(buf))
				  : NULL;

	if (who) {
		explain_add(t, ": it is ");
		explain_add_bytes(t, who, strlen(who));
	}
}

static void add_last(struct explain_text *t, const struct context *c)
{
	if (!c->last.bytes)
		return;
	explain_add(t, "; the last that it said: '");
	explain_add_bytes(t, c->last.text, c->last.bytes);
	explain_add(t, "'");
}

static void add_removed(
	struct explain_text *t, const struct explain_about *about, const struct context *c)
{
	const struct graph *g = about->graph;
	uint32_t file = g && c->removed ? graph_file(g, c->removed) : NONE;
	const char *path = file == NONE ? NULL : graph_path(g, file);

	if (!path) {
		explain_add(t, "a removed file");
		return;
	}
	explain_add_bytes(t, path, strlen(path));
	explain_add(t, ", which was removed while it was open");
}

static bool is_word(const char *name, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(name, word, n) == 0;
}

/* One "{...}" of a rule's text. */
static void add_directive(struct explain_text *t, const struct explain_about *about,
	const struct found *f, const struct context *c, const char *name, size_t n)
{
	const struct explain_capture unknown = { "?", 1, 's' };
	const struct explain_capture *k = &unknown;
	bool path = name[0] == '/';
	size_t i = (size_t)(name[path] - '0');

	if (i < f->captures.n)
		k = &f->captures.list[i];
	else if (is_word(name, n, "image") && c->image.bytes)
		k = &c->image;
	if (is_word(name, n, "holder"))
		add_holder(t, about, &f->captures);
	else if (is_word(name, n, "modes"))
		add_modes(t, &f->captures);
	else if (is_word(name, n, "lent"))
		explain_add_lent(t, about, &c->where);
	else if (is_word(name, n, "removed"))
		add_removed(t, about, c);
	else if (is_word(name, n, "last"))
		add_last(t, c);
	else if (path)
		explain_add_path(t, k);
	else
		explain_add_bytes(t, k->bytes, k->n);
}

static void add_sentence(struct explain_text *t, const struct explain_about *about,
	const struct found *f, const struct context *c)
{
	const char *p = f->rule ? f->rule->text : "";

	if (!*p) {
		explain_add(t, "criu says: ");
		explain_add_bytes(t, f->line.text, f->line.bytes);
		return;
	}
	while (*p) {
		size_t n = strcspn(p, "{");

		explain_add(t, "%.*s", (int)n, p);
		p += n;
		if (*p) {
			n = strcspn(p, "}");
			add_directive(t, about, f, c, p + 1, n - 1);
			p += n + 1;
		}
	}
}

/* ---- the whole ---- */

/* Numbers in the line that mean something, beside what the lines after it have told. */
static void find_where(const struct explain_about *about, const struct found *f, struct context *c)
{
	const struct explain_capture *path = NULL;
	uint32_t inode = 0, id = c->id, index = 0, terminal = NONE;
	bool outside = f->rule && strcmp(f->rule->word, "tty-outside") == 0, pts = false;

	for (size_t i = 0; i < f->captures.n; i++) {
		const struct explain_capture *k = &f->captures.list[i];

		if (k->type == 'i')
			inode = explain_number(&f->captures, i);
		else if (k->type == 'f' && !id)
			id = explain_number(&f->captures, i);
		else if (k->type == 't')
			index = explain_number(&f->captures, i), pts = true;
		else if (k->type == 's' && !path)
			path = k;
	}
	if (outside)
		terminal = explain_terminal(about, pts ? &index : NULL);
	if (terminal != NONE)
		id = about->graph->files[terminal].id;
	explain_where_find(about, &c->where, id, inode, path);
}

static void tell(const struct explain_about *about, const struct found *f, struct context *c,
	struct explained *ret)
{
	struct explain_text all = { ret->text, sizeof(ret->text), 0 };
	char buf[sizeof(ret->text) / 2];
	struct explain_text sentence = { buf, sizeof(buf), 0 };
	const char *word = f->rule ? f->rule->word : "";

	if (strcmp(word, "mode-changed") == 0 && kind_differs(&f->captures))
		word = "kind-changed";
	*ret = (struct explained){ 0 };
	buf[0] = 0;
	find_where(about, f, c);
	add_sentence(&sentence, about, f, c);
	explain_where_text(about, &c->where, buf, &all);
	explain_add(&all, "%s", buf);
	snprintf(ret->reason, sizeof(ret->reason), "%s", word);
	snprintf(ret->hint, sizeof(ret->hint), "%s", explain_hint(word));
}

/* ---- a log without errors ---- */

struct waiting {
	uint32_t pid;
	const struct explain_hang *hang; /* NULL: a free place */
	struct found f;
};

/* The task has said something new, which may be that it waits. */
static void note_waiting(struct waiting *list, const struct found *f)
{
	struct waiting *slot = NULL;

	for (size_t i = 0; i < MAX_WAITING; i++) {
		if (list[i].hang && list[i].pid == f->line.pid)
			list[i].hang = NULL;
		if (!list[i].hang && !slot)
			slot = &list[i];
	}
	for (size_t i = 0; slot && i < explain_n_hangs && !slot->hang; i++) {
		struct found with = *f;

		if (!explain_hangs[i].pattern ||
			!explain_match(explain_hangs[i].pattern, &f->line, &with.captures))
			continue;
		*slot = (struct waiting){ f->line.pid, &explain_hangs[i], with };
	}
}

/* Earlier rows of the table go first: who receives often waits only since the sender waits. */
static const struct waiting *first_waiting(const struct waiting *list)
{
	const struct waiting *first = NULL;

	for (size_t i = 0; i < MAX_WAITING; i++)
		if (list[i].hang && (!first || list[i].hang < first->hang))
			first = &list[i];
	return first;
}

static void tell_hang(const struct explain_about *about, const struct explain_hang *hang,
	const struct found *f, struct explained *ret)
{
	const struct explain_rule rule = { EXPLAIN_TELLS, EXPLAIN_ANYTHING, hang->pattern,
		hang->word, hang->text };
	struct context c = { .where = { .place = hang->place, .pid = f->line.pid, .file = NONE } };
	struct found with = *f;

	with.rule = &rule;
	/* The descriptor is the last of the captures. */
	if (hang->place == EXPLAIN_DESCRIPTOR && f->captures.n)
		c.where.fd = explain_number(&f->captures, f->captures.n - 1);
	tell(about, &with, &c, ret);
}

/*
 * criu lets the tasks go on by breakpoints, after it has unlocked the network: where these do not fire it says
 * nothing more.
 */
static bool explain_silence(
	const struct explain_about *about, const struct log *log, struct explained *ret)
{
	struct waiting list[MAX_WAITING] = { 0 };
	const struct waiting *first;
	bool unlocked = false, resumed = false;
	struct explain_captures none;
	struct found f = { 0 };

	f.after = log->begin;
	while (explain_next_line(&f.after, log->end, &f.line)) {
		if (f.line.bare)
			continue;
		unlocked = unlocked || explain_match("Unlock network", &f.line, &none);
		resumed = resumed || explain_match("Run late stage hook", &f.line, &none);
		if (f.line.pid)
			note_waiting(list, &f);
	}
	first = first_waiting(list);
	if (resumed || (!unlocked && !first))
		return false;
	if (first && !unlocked) {
		tell_hang(about, first->hang, &first->f, ret);
		return true;
	}
	f.line.pid = 0;
	f.captures.n = 0;
	tell_hang(about, &explain_hangs[explain_n_hangs - 1], &f, ret);
	return true;
}

bool explain_log(
	const struct explain_about *about, const char *log, size_t size, struct explained *ret)
{
	static const struct explain_about nothing;
	const struct log all = { log, log + size };
	struct context c = { .where = { .file = NONE } };
	struct found f = choose(&all);

	if (!about)
		about = &nothing;
	if (!f.line.text)
		return explain_silence(about, &all, ret);
	c.where.pid = f.line.pid;
	read_place(&all, &f, &c);
	read_before(&all, &f, &c);
	tell(about, &f, &c, ret);
	return true;
}

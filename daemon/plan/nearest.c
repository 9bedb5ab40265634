/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proposals for targets that name nothing: first the usual slips (a slash too many, a colon missing, a
 * path where a key was wanted), then what is spelt most alike. Limits keep it quick in any images.
 */
#include "plan/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "plan/key.h"

/* Longest text that is compared, most open files that are looked at, most descriptors that are listed. */
#define MAX_COMPARED 96
#define MAX_FILES    4096
#define MAX_LISTED   12

static const char *propose(char *buf, size_t size, const char *prefix, const char *key)
{
	char shown[160];

	snprintf(buf, size, "; did you mean '%s%s'?", prefix,
		printable(shown, sizeof(shown), key, strlen(key)));
	return buf;
}

static bool exists(const struct graph *g, const char *key)
{
	for (uint32_t f = key_first(g, key); f != NONE; f = key_next(g, key, f))
		if (key_replaces(g, f))
			return true;
	return false;
}

/* ---- the usual slips ---- */

/* Does a kind of key fit, but for the colon: "pipe[5]", "tty:[1:2]"? Writes the right spelling. */
static bool mend_colon(const char *text, char *fixed, size_t size)
{
	if (strncmp(text, "pipe[", 5) == 0)
		snprintf(fixed, size, "pipe:%s", text + 4);
	else if (strncmp(text, "socket[", 7) == 0)
		snprintf(fixed, size, "socket:%s", text + 6);
	else if (strncmp(text, "tty:[", 5) == 0)
		snprintf(fixed, size, "tty%s", text + 4);
	else if (strncmp(text, "memfd:", 6) == 0)
		snprintf(fixed, size, "/%s", text);
	else
		return false;
	return true;
}

/* " (deleted)" is what /proc shows; the images have the path without it. */
static bool mend_deleted(const char *text, char *fixed, size_t size)
{
	static const char deleted[] = " (deleted)";
	size_t n = strlen(text), tail = sizeof(deleted) - 1;

	if (n <= tail || strcmp(text + n - tail, deleted) != 0)
		return false;
	if (text[0] == '/' && strncmp(text, "/memfd:", 7) != 0) {
		text++;
		n--;
	}
	snprintf(fixed, size, "%.*s", (int)(n - tail), text);
	return true;
}

static const char *mended(const struct graph *g, const struct target *t, char *buf, size_t size)
{
	const char *text = t->kind == TARGET_PATH ? t->text + 1 : t->text;
	char fixed[4096 + 8];

	if (t->kind == TARGET_KEY && text[0] == '/' && text[1] && exists(g, text + 1))
		return propose(buf, size, "key:", text + 1);
	if ((mend_colon(text, fixed, sizeof(fixed)) || mend_deleted(text, fixed, sizeof(fixed))) &&
		exists(g, fixed[0] == '/' && t->kind == TARGET_PATH ? fixed + 1 : fixed))
		return propose(buf, size, t->kind == TARGET_PATH ? "path:/" : "key:", fixed);
	return NULL;
}

/* A socket that has no key: "socket:[INODE]" of an inet socket is known to /proc, not to criu. */
static const char *keyless_socket(
	const struct graph *g, const struct target *t, char *buf, size_t size)
{
	unsigned ino;
	char one[32];

	if (t->kind != TARGET_KEY || sscanf(t->text, "socket:[%u]", &ino) != 1)
		return NULL;
	for (uint32_t i = 0; i < g->n_files; i++) {
		if (g->files[i].kind != FILE_INETSK || g->files[i].resource != ino)
			continue;
		snprintf(buf, size, "; that is an %s, which has no key: say '%s'",
			file_kind_name(g->files[i].kind), target_of_file(g, i, one, sizeof(one)));
		return buf;
	}
	return NULL;
}

/* ---- what is spelt alike ---- */

/* Edits from one text to the other (Levenshtein); neither is longer than MAX_COMPARED. */
static unsigned distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[MAX_COMPARED + 1];

	for (unsigned k = 0; k <= m; k++)
		row[k] = k;
	for (size_t i = 1; i <= n; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t k = 1; k <= m; k++) {
			unsigned change = corner + (a[i - 1] != b[k - 1]);
			unsigned gap = 1 + (row[k] < row[k - 1] ? row[k] : row[k - 1]);

			corner = row[k];
			row[k] = change < gap ? change : gap;
		}
	}
	return row[m];
}

static const char *alike(const struct graph *g, const struct target *t, char *buf, size_t size)
{
	const char *text = t->kind == TARGET_PATH ? t->text + 1 : t->text;
	size_t n = strlen(text);
	unsigned best = (unsigned)(n / 3) + 1; /* further away is not alike */
	char number[KEY_NUMBER_SIZE], found[MAX_COMPARED + 1] = "";

	if (n > MAX_COMPARED)
		return NULL;
	for (uint32_t i = 0; i < g->n_files && i < MAX_FILES; i++) {
		const char *key = key_replaces(g, i) ? key_text(g, i, number) : NULL;
		size_t m = key ? strlen(key) : 0;
		unsigned d;

		if (!key || m > MAX_COMPARED || (m > n ? m - n : n - m) >= best)
			continue;
		d = distance(text, n, key, m);
		if (d >= best)
			continue;
		best = d;
		memcpy(found, key, m + 1);
	}
	if (!found[0])
		return NULL;
	return propose(buf, size, t->kind == TARGET_PATH ? "path:/" : "key:", found);
}

/* ---- tasks and descriptors ---- */

static const char *list_descs(const struct graph *g, const struct task *t, char *buf, size_t size)
{
	const struct table *table = &g->tables[t->table];
	int used = snprintf(buf, size, ": task %u has the descriptors", t->pid);

	if (!table->n_descs)
		snprintf(buf, size, ": task %u has no descriptors", t->pid);
	for (uint32_t i = 0; i < table->n_descs && (size_t)used < size; i++) {
		if (i == MAX_LISTED) {
			snprintf(buf + used, size - (size_t)used, ", ... (%u)", table->n_descs);
			break;
		}
		used += snprintf(buf + used, size - (size_t)used, "%s %u", i ? "," : "",
			g->descs[table->first_desc + i].fd);
	}
	return buf;
}

static const char *list_tasks(const struct graph *g, char *buf, size_t size)
{
	int used = snprintf(buf, size, ": the tasks are");

	for (size_t i = 0; i < g->n_tasks && (size_t)used < size; i++) {
		if (i == MAX_LISTED) {
			snprintf(buf + used, size - (size_t)used, ", ... (%zu)", g->n_tasks);
			break;
		}
		used += snprintf(
			buf + used, size - (size_t)used, "%s %u", i ? "," : "", g->tasks[i].pid);
	}
	return buf;
}

/* The task of a thread, if the number is one's. */
static uint32_t task_of_thread(const struct graph *g, uint32_t tid)
{
	for (uint32_t i = 0; i < g->n_tasks; i++)
		for (uint32_t k = 0; k < g->tasks[i].n_threads; k++)
			if (g->threads[g->tasks[i].first_thread + k] == tid)
				return i;
	return NONE;
}

static const char *about_desc(const struct graph *g, const struct target *t, char *buf, size_t size)
{
	uint32_t task = graph_task(g, t->pid), of_thread;

	if (task != NONE && g->tasks[task].table == NONE)
		snprintf(buf, size, ": task %u is a zombie and has no descriptors", t->pid);
	else if (task != NONE)
		list_descs(g, &g->tasks[task], buf, size);
	else if ((of_thread = task_of_thread(g, t->pid)) != NONE)
		snprintf(buf, size, ": %u is a thread; did you mean '%u.%u'?", t->pid,
			g->tasks[of_thread].pid, t->fd);
	else
		list_tasks(g, buf, size);
	return buf;
}

static const char *about_id(const struct graph *g, const struct target *t, char *buf, size_t size)
{
	uint32_t file = graph_file(g, t->id);
	const struct use *u =
		file == NONE || !g->files[file].n_uses ? NULL : &g->uses[g->files[file].first_use];

	if (u && u->kind == USE_PATH)
		snprintf(buf, size, "; it is the path of 'id:0x%x'", g->files[u->owner].id);
	else if (u)
		snprintf(buf, size,
			"; no descriptor is of it: it is a program, directory or mapped file of task %u",
			g->tasks[u->owner].pid);
	return buf;
}

const char *nearest_text(const struct graph *g, const struct target *t, char *buf, size_t size)
{
	buf[0] = 0;
	if (t->kind == TARGET_DESC)
		return about_desc(g, t, buf, size);
	if (t->kind == TARGET_ID)
		return about_id(g, t, buf, size);
	if (!mended(g, t, buf, size) && !keyless_socket(g, t, buf, size) && !alike(g, t, buf, size))
		buf[0] = 0;
	return buf;
}

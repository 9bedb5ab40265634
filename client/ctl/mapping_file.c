/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From JSON to mappings. See mapping_file.h. */
#include "mapping_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/cleanup.h"
#include "names.h"

/* Four thousand mappings, each with the longest path there is. */
#define MAX_BYTES (32u << 20)

/* ---- reading ---- */

/* Return: the text, the caller's; NULL with @err. */
static char *read_all(int fd, const char *path, size_t *ret_n, struct err *err)
{
	size_t n = 0, max = 0;
	char *text = NULL;

	for (;;) {
		ssize_t got;

		if (n == max) {
			char *grown = max < MAX_BYTES ? realloc(text, max ? max * 2 : 65536) : NULL;

			if (!grown) {
				free(text);
				err_set(err, max < MAX_BYTES ? ERR_INTERNAL : ERR_LIMIT, 0, NULL,
					max < MAX_BYTES ? "no memory" : "'%s' is too long", path);
				return NULL;
			}
			text = grown;
			max = max ? max * 2 : 65536;
		}
		got = read(fd, text + n, max - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			err_set(err, ERR_BAD_REQUEST, errno, NULL, "cannot read '%s'", path);
			free(text);
			return NULL;
		}
		if (got == 0)
			break;
		n += (size_t)got;
	}
	*ret_n = n;
	return text;
}

int mapping_file_read(const char *path, struct mapping_args *a, struct err *err)
{
	bool standard = strcmp(path, "-") == 0;
	autofd int fd = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	autofree char *text = NULL;
	size_t n;

	if (!standard && fd < 0)
		return err_set(err, ERR_BAD_REQUEST, errno, NULL, "cannot open '%s'", path);
	text = read_all(standard ? STDIN_FILENO : fd, path, &n, err);
	return text ? mapping_file_parse(text, n, a, err) : -1;
}

/* ---- one mapping ---- */

/* Members of one object; NULL: not there, or null. */
struct members {
	const char *target, *lent, *path, *mode;
	int fd, number; /* -1: not there */
	bool reopen;
};

enum type { TEXT, NUMBER, BOOL, IGNORED };

static const struct known {
	const char *name;
	enum type type;
	size_t offset; /* in struct members */
} known[] = {
	{ "target", TEXT, offsetof(struct members, target) },
	{ "lent", TEXT, offsetof(struct members, lent) },
	{ "path", TEXT, offsetof(struct members, path) },
	{ "mode", TEXT, offsetof(struct members, mode) },
	{ "fd", NUMBER, offsetof(struct members, fd) },
	{ "number", NUMBER, offsetof(struct members, number) },
	{ "reopen", BOOL, offsetof(struct members, reopen) },
	/* What `inspect --needs` tells, for people. */
	{ "need", IGNORED, 0 },
	{ "text", IGNORED, 0 },
	{ "file", IGNORED, 0 },
};

struct place {
	char list[24]; /* "mappings[2]" */
	struct err *err;
};

static int bad(const struct place *at, const char *member, const char *why)
{
	char field[80];

	snprintf(field, sizeof(field), "%s%s%.40s", at->list, member[0] ? "." : "", member);
	return err_set(at->err, ERR_BAD_REQUEST, 0, field, "%s", why);
}

static int take_member(const struct place *at, const cJSON *item, struct members *ret)
{
	const struct known *k = NULL;
	char *to = (char *)ret;

	for (size_t i = 0; !k && i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, item->string) == 0)
			k = &known[i];
	if (!k)
		return bad(at, item->string, "there is no such member");
	if (k->type == IGNORED || cJSON_IsNull(item))
		return 0;
	if (k->type == TEXT       ? !cJSON_IsString(item)
		: k->type == BOOL ? !cJSON_IsBool(item)
				  : !cJSON_IsNumber(item))
		return bad(at, k->name,
			k->type == TEXT   ? "must be a text"
			: k->type == BOOL ? "must be true or false"
					  : "must be a number");
	if (k->type == NUMBER && (item->valuedouble < 0 || item->valuedouble > INT_MAX ||
					 item->valuedouble != item->valueint))
		return bad(at, k->name, "is no descriptor number");
	if (k->type == TEXT)
		*(const char **)(void *)(to + k->offset) = item->valuestring;
	else if (k->type == BOOL)
		*(bool *)(void *)(to + k->offset) = cJSON_IsTrue(item);
	else
		*(int *)(void *)(to + k->offset) = item->valueint;
	return 0;
}

static int check(const struct place *at, const struct members *m)
{
	if (!m->target)
		return bad(at, "target", "is missing");
	if (m->fd >= 0 && m->path)
		return bad(at, "fd", "one of fd and path, not both");
	if (m->fd < 0 && !m->path && !m->lent)
		return bad(at, "",
			"fill in fd or path, or lent with a name from --fd; or take it out");
	if (m->mode && spec_mode_of(m->mode) < 0)
		return bad(at, "mode", "is r, w, a or rw");
	if (m->lent && names_fault(m->lent))
		return bad(at, "lent", names_fault(m->lent));
	return 0;
}

/* Lends what the object describes, if it does. name: receives its name, given or made. */
static int lend(const struct place *at, const struct members *m, struct mapping_args *a,
	char name[NAME_MAX_BYTES + 1])
{
	struct spec_fd spec = { .number = m->fd };

	if (m->lent)
		snprintf(name, NAME_MAX_BYTES + 1, "%s", m->lent);
	else if (m->fd >= 0)
		snprintf(name, NAME_MAX_BYTES + 1, "fd[%d]", m->fd);
	else
		snprintf(name, NAME_MAX_BYTES + 1, "%s", at->list);
	if (m->fd < 0 && !m->path)
		return 0;
	/* One descriptor for several targets is lent once. */
	if (m->fd >= 0 && !m->lent && mapping_args_lent(a, name))
		return 0;
	spec.name = strdup(name);
	spec.path = m->path ? strdup(m->path) : NULL;
	spec.mode = m->mode ? (enum spec_mode)spec_mode_of(m->mode) : SPEC_EXISTING;
	if (!spec.name || (m->path && !spec.path)) {
		spec_fd_done(&spec);
		return bad(at, "", "no memory");
	}
	return mapping_args_lend(a, &spec, at->err);
}

static int take_mapping(struct place *at, const cJSON *object, struct mapping_args *a)
{
	struct members m = { .fd = -1, .number = -1 };
	char name[NAME_MAX_BYTES + 1];
	struct err err;

	if (!cJSON_IsObject(object))
		return bad(at, "", "must be an object");
	for (const cJSON *item = object->child; item; item = item->next)
		if (take_member(at, item, &m) < 0)
			return -1;
	if (check(at, &m) < 0 || lend(at, &m, a, name) < 0)
		return -1;
	if (mapping_args_map(a, m.target, name, m.number, m.reopen, &err) < 0)
		return bad(at, "target", err.text);
	return 0;
}

/* ---- all ---- */

/* json: what was parsed; NULL: it was wrong. */
static int take_list(const cJSON *json, size_t wrong_at, struct mapping_args *a, struct err *err)
{
	const cJSON *list =
		cJSON_IsObject(json) ? cJSON_GetObjectItemCaseSensitive(json, "mappings") : json;
	struct place at = { .err = err };
	unsigned i = 0;

	if (!json)
		return err_set(err, ERR_BAD_REQUEST, 0, NULL, "no JSON; it is wrong at byte %zu",
			wrong_at);
	if (!list || !cJSON_IsArray(list))
		return err_set(err, ERR_BAD_REQUEST, 0, NULL,
			"neither a list nor an object with a list named mappings");
	for (const cJSON *item = list->child; item; item = item->next) {
		snprintf(at.list, sizeof(at.list), "mappings[%u]", i++);
		if (take_mapping(&at, item, a) < 0)
			return -1;
	}
	return 0;
}

int mapping_file_parse(const char *text, size_t n, struct mapping_args *a, struct err *err)
{
	const char *end = NULL;
	cJSON *json = cJSON_ParseWithLengthOpts(text, n, &end, false);
	int r = take_list(json, end ? (size_t)(end - text) : 0, a, err);

	cJSON_Delete(json);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words, checks, descriptors: in this order. See mapping_args.h; the words' own grammar is in spec.c, that
 * of targets in plan/target.c, files of mappings in mapping_file.c.
 */
#include "mapping_args.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "mapping_file.h"
#include "output.h"
#include "standard.h"

enum {
	OPT_FD = OPTIONS_MAPPING,
	OPT_MAP,
	OPT_INHERIT,
	OPT_AT,
	OPT_MAPPINGS,
	OPT_REOPEN,
	OPT_AT_OWN_RISK
};

void mapping_args_add(struct options *o)
{
	options_add(o, "images-dir", required_argument, 'D');
	options_add(o, "fd", required_argument, OPT_FD);
	options_add(o, "map", required_argument, OPT_MAP);
	options_add(o, "inherit-fd", required_argument, OPT_INHERIT);
	options_add(o, "at", required_argument, OPT_AT);
	options_add(o, "mappings", required_argument, OPT_MAPPINGS);
	options_add(o, "reopen", required_argument, OPT_REOPEN);
	options_add(o, "at-own-risk", required_argument, OPT_AT_OWN_RISK);
}

/* ---- words ---- */

/* Room for one element more at the end of a list. NULL: no memory; the list is as it was. */
static void *one_more(void *list, size_t n, size_t size, struct err *err)
{
	void *grown = reallocarray(list, n + 1, size);

	if (!grown)
		err_set(err, ERR_INTERNAL, ENOMEM, NULL, "too many arguments");
	return grown;
}

struct mapping_lent *mapping_args_lent(const struct mapping_args *a, const char *name)
{
	for (size_t i = 0; i < a->n_lent; i++)
		if (!strcmp(a->lent[i].spec.name, name))
			return &a->lent[i];
	return NULL;
}

int mapping_args_lend(struct mapping_args *a, struct spec_fd *spec, struct err *err)
{
	bool taken = mapping_args_lent(a, spec->name);
	struct mapping_lent *grown =
		taken ? NULL : one_more(a->lent, a->n_lent, sizeof(*grown), err);

	if (taken)
		err_set(err, ERR_BAD_REQUEST, 0, NULL, "the name '%s' is given twice", spec->name);
	if (!grown) {
		spec_fd_done(spec);
		return -1;
	}
	a->lent = grown;
	a->lent[a->n_lent++] = (struct mapping_lent){ .spec = *spec, .fd = -1, .opened = -1 };
	return 0;
}

int mapping_args_map(struct mapping_args *a, const char *text, const char *name, int number,
	bool reopen, struct err *err)
{
	struct mapping m = { .number = number, .reopen = reopen };
	autofree char *copy = strdup(text), *name_copy = strdup(name);
	struct mapping *grown;

	if (!copy || !name_copy)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "cannot keep '%s'", text);
	/* The target points into the copy, which does not move. */
	if (target_parse(copy, &m.target, err) < 0)
		return -1;
	grown = one_more(a->maps, a->n_maps, sizeof(*grown), err);
	if (!grown)
		return -1;
	m.text = TAKE_PTR(copy);
	m.name = TAKE_PTR(name_copy);
	a->maps = grown;
	a->maps[a->n_maps++] = m;
	return 0;
}

static int take_fd(struct mapping_args *a, const char *text, struct err *err)
{
	struct spec_fd spec;

	return spec_parse_fd(text, &spec, err) < 0 ? -1 : mapping_args_lend(a, &spec, err);
}

/* Consumes spec. */
static int add_map(struct mapping_args *a, struct spec_map *spec, struct err *err)
{
	int r = mapping_args_map(a, spec->target, spec->name, -1, false, err);

	spec_map_done(spec);
	return r;
}

static int take_map(struct mapping_args *a, const char *text, struct err *err)
{
	struct spec_map spec;

	return spec_parse_map(text, &spec, err) < 0 ? -1 : add_map(a, &spec, err);
}

static int take_at(struct mapping_args *a, const char *text, struct err *err)
{
	struct spec_at *grown = one_more(a->ats, a->n_ats, sizeof(*grown), err);

	if (!grown)
		return -1;
	a->ats = grown;
	if (spec_parse_at(text, &a->ats[a->n_ats], err) < 0)
		return -1;
	a->n_ats++;
	return 0;
}

/* Several keys for one descriptor are fine: it is lent once. */
static int take_inherit(struct mapping_args *a, const char *text, struct err *err)
{
	struct spec_fd fd;
	struct spec_map map;

	if (spec_parse_inherit(text, &fd, &map, err) < 0)
		return -1;
	if (mapping_args_lent(a, fd.name)) {
		spec_fd_done(&fd);
	} else if (mapping_args_lend(a, &fd, err) < 0) {
		spec_map_done(&map);
		return -1;
	}
	return add_map(a, &map, err);
}

static int take_reopen(struct mapping_args *a, const char *name, struct err *err)
{
	const char **grown = one_more(a->reopens, a->n_reopens, sizeof(*grown), err);

	if (!grown)
		return -1;
	a->reopens = grown;
	a->reopens[a->n_reopens++] = name;
	return 0;
}

/* CODE[,CODE]... */
static int take_risks(struct mapping_args *a, const char *text, struct err *err)
{
	autofree char *copy = strdup(text);
	char *rest = copy, *word;

	if (!copy)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "cannot keep '%s'", text);
	while ((word = strsep(&rest, ","))) {
		int code = plan_code_of(word);

		if (code < 0)
			return err_set(err, ERR_BAD_REQUEST, 0, NULL,
				"there is no code '%s'; `plan` tells the codes of its errors",
				word);
		if (!plan_code_acceptable((enum plan_code)code))
			return err_set(err, ERR_BAD_REQUEST, 0, NULL,
				"'%s' is no error that can be accepted", word);
		a->at_own_risk |= (uint64_t)1 << code;
	}
	return 0;
}

/* Return: as mapping_args_take(); the option's name is set in any case. */
static int take(struct mapping_args *a, int val, const char **ret_name, struct err *err)
{
	switch (val) {
	case OPT_FD:
		*ret_name = "--fd";
		return take_fd(a, optarg, err);
	case OPT_MAP:
		*ret_name = "--map";
		return take_map(a, optarg, err);
	case OPT_INHERIT:
		*ret_name = "--inherit-fd";
		return take_inherit(a, optarg, err);
	case OPT_AT:
		*ret_name = "--at";
		return take_at(a, optarg, err);
	case OPT_REOPEN:
		*ret_name = "--reopen";
		return take_reopen(a, optarg, err);
	default:
		*ret_name = "--at-own-risk";
		return take_risks(a, optarg, err);
	}
}

int mapping_args_take(struct mapping_args *a, int val, const char **ret_name, struct err *err)
{
	if (val == 'D')
		a->images = optarg;
	else if (val == OPT_MAPPINGS)
		a->file = optarg;
	else if (val >= OPT_FD && val <= OPT_AT_OWN_RISK)
		return take(a, val, ret_name, err) < 0 ? -1 : 1;
	else
		return 0;
	return 1;
}

/* ---- checks ---- */

static bool is_mapped(const struct mapping_args *a, const char *name)
{
	for (size_t i = 0; i < a->n_maps; i++)
		if (!strcmp(a->maps[i].name, name))
			return true;
	return false;
}

static int check_names(const struct ctl *ctl, const char *what, const struct mapping_args *a)
{
	for (size_t i = 0; i < a->n_maps; i++)
		if (!mapping_args_lent(a, a->maps[i].name))
			return out_usage(ctl, what,
				"--map: nothing is lent as '%s'; --fd %s=... is missing",
				a->maps[i].name, a->maps[i].name);
	for (size_t i = 0; i < a->n_lent; i++)
		if (!is_mapped(a, a->lent[i].spec.name))
			return out_usage(ctl, what,
				"--fd: nothing is mapped to '%s'; --map TARGET=%s is missing",
				a->lent[i].spec.name, a->lent[i].spec.name);
	for (size_t i = 0; i < a->n_ats; i++)
		if (!mapping_args_lent(a, a->ats[i].name))
			return out_usage(
				ctl, what, "--at: nothing is lent as '%s'", a->ats[i].name);
	for (size_t i = 0; i < a->n_reopens; i++)
		if (!mapping_args_lent(a, a->reopens[i]))
			return out_usage(
				ctl, what, "--reopen: nothing is lent as '%s'", a->reopens[i]);
	return 0;
}

int mapping_args_check(const struct ctl *ctl, const char *what, struct mapping_args *a)
{
	struct err err = { 0 };

	if (!a->images)
		return out_usage(ctl, what, "which images? -D DIR is missing");
	if (a->file && mapping_file_read(a->file, a, &err) < 0)
		return out_usage(ctl, what, "--mappings: %s%s%s", err.field,
			err.field[0] ? ": " : "", err.text);
	return check_names(ctl, what, a);
}

/* ---- descriptors ---- */

static int refuse(const struct ctl *ctl, const char *what, const char *text, int sys)
{
	return out_error(ctl, what,
		&(struct out_error){ .exit = CTL_REFUSED, .text = text, .sys = sys }, NULL);
}

static int find_number(const struct ctl *ctl, const char *what, struct mapping_lent *lent)
{
	char text[320];
	int number = lent->spec.number;

	if (standard_was_closed(number) || fcntl(number, F_GETFD) < 0) {
		snprintf(text, sizeof(text),
			"%s: descriptor %d of this command is not open: redirect it (%d>>FILE)",
			lent->spec.name, number, number);
		return refuse(ctl, what, text, EBADF);
	}
	lent->fd = number;
	return 0;
}

int mapping_args_open_dir(
	const struct ctl *ctl, const char *what, const char *role, const char *path, int *ret)
{
	char text[512];

	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret >= 0)
		return 0;
	snprintf(text, sizeof(text), "cannot open the %s directory '%s': %s", role, path,
		strerrordesc_np(errno));
	return refuse(ctl, what, text, errno);
}

int mapping_args_open(const struct ctl *ctl, const char *what, struct mapping_args *a, bool look)
{
	int r;

	for (size_t i = 0; i < a->n_lent; i++)
		if (!a->lent[i].spec.path && (r = find_number(ctl, what, &a->lent[i])) != 0)
			return r;
	r = mapping_args_open_dir(ctl, what, "images", a->images, &a->images_fd);
	if (r != 0)
		return r;
	for (size_t i = 0; i < a->n_lent && !look; i++) {
		struct mapping_lent *lent = &a->lent[i];
		struct err err;

		if (!lent->spec.path)
			continue;
		lent->fd = lent->opened = spec_open(&lent->spec, &err);
		if (lent->fd < 0)
			return refuse(ctl, what, err.text, err.sys);
	}
	return 0;
}

/* ---- what a mapping comes to ---- */

static bool is_first_of_name(const struct mapping_args *a, const struct mapping *m)
{
	for (const struct mapping *before = a->maps; before < m; before++)
		if (!strcmp(before->name, m->name))
			return false;
	return true;
}

int mapping_args_number(const struct mapping_args *a, const struct mapping *m)
{
	int number = m->number >= 0 ? m->number : m->target.number;

	/* A number is of one mapping: criu closes it when it has taken it over. */
	if (number >= 0 || a->n_ats == 0 || !is_first_of_name(a, m))
		return number;
	/* The last one counts, as with other options. */
	for (size_t i = 0; i < a->n_ats; i++)
		if (!strcmp(a->ats[i].name, m->name))
			number = a->ats[i].number;
	return number;
}

bool mapping_args_reopen(const struct mapping_args *a, const struct mapping *m)
{
	for (size_t i = 0; i < a->n_reopens; i++)
		if (!strcmp(a->reopens[i], m->name))
			return true;
	return m->reopen;
}

void mapping_args_done(struct mapping_args *a)
{
	for (size_t i = 0; i < a->n_lent; i++) {
		spec_fd_done(&a->lent[i].spec);
		cleanup_fd(&a->lent[i].opened);
	}
	for (size_t i = 0; i < a->n_maps; i++) {
		free(a->maps[i].text);
		free(a->maps[i].name);
	}
	for (size_t i = 0; i < a->n_ats; i++)
		spec_at_done(&a->ats[i]);
	free(a->lent);
	free(a->maps);
	free(a->ats);
	free(a->reopens);
	cleanup_fd(&a->images_fd);
	*a = MAPPING_ARGS_NONE;
}

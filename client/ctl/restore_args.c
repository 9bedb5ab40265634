/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words, checks, descriptors, request: in this order. See restore_args.h; the words' own grammar is
 * in spec.c.
 */
#include "restore_args.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "criu_options.h"
#include "options.h"
#include "output.h"
#include "standard.h"

#define WHAT "restore"

enum {
	OPT_FD = OPTIONS_OWN,
	OPT_MAP,
	OPT_INHERIT,
	OPT_AT,
	OPT_DEADLINE,
	OPT_CARRY_ON,
	OPT_CRIU_OPT
};

static void add_options(struct options *o)
{
	options_add(o, "images-dir", required_argument, 'D');
	options_add(o, "work-dir", required_argument, 'W');
	options_add(o, "fd", required_argument, OPT_FD);
	options_add(o, "map", required_argument, OPT_MAP);
	options_add(o, "inherit-fd", required_argument, OPT_INHERIT);
	options_add(o, "at", required_argument, OPT_AT);
	options_add(o, "deadline", required_argument, OPT_DEADLINE);
	options_add(o, "carry-on", no_argument, OPT_CARRY_ON);
	options_add(o, "criu-opt", required_argument, OPT_CRIU_OPT);
	/* What a restore by the broker always is: so that a command line of criu's works. */
	options_add(o, "restore-detached", no_argument, 'd');
	criu_options_add(o);
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

static struct restore_lent *find_lent(const struct restore_args *a, const char *name)
{
	for (size_t i = 0; i < a->n_lent; i++)
		if (!strcmp(a->lent[i].spec.name, name))
			return &a->lent[i];
	return NULL;
}

/* Consumes spec. */
static int add_lent(struct restore_args *a, struct spec_fd *spec, struct err *err)
{
	struct restore_lent *grown = one_more(a->lent, a->n_lent, sizeof(*grown), err);

	if (!grown) {
		spec_fd_done(spec);
		return -1;
	}
	a->lent = grown;
	a->lent[a->n_lent++] = (struct restore_lent){ .spec = *spec, .fd = -1, .opened = -1 };
	return 0;
}

/* Consumes spec. */
static int add_map(struct restore_args *a, struct spec_map *spec, struct err *err)
{
	struct spec_map *grown = one_more(a->maps, a->n_maps, sizeof(*grown), err);

	if (!grown) {
		spec_map_done(spec);
		return -1;
	}
	a->maps = grown;
	a->maps[a->n_maps++] = *spec;
	return 0;
}

static int take_fd(struct restore_args *a, const char *text, struct err *err)
{
	struct spec_fd spec;

	if (spec_parse_fd(text, &spec, err) < 0)
		return -1;
	if (find_lent(a, spec.name)) {
		err_set(err, ERR_BAD_REQUEST, 0, NULL, "the name '%s' is given twice", spec.name);
		spec_fd_done(&spec);
		return -1;
	}
	return add_lent(a, &spec, err);
}

static int take_map(struct restore_args *a, const char *text, struct err *err)
{
	struct spec_map spec;

	return spec_parse_map(text, &spec, err) < 0 ? -1 : add_map(a, &spec, err);
}

static int take_at(struct restore_args *a, const char *text, struct err *err)
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
static int take_inherit(struct restore_args *a, const char *text, struct err *err)
{
	struct spec_fd fd;
	struct spec_map map;

	if (spec_parse_inherit(text, &fd, &map, err) < 0)
		return -1;
	if (find_lent(a, fd.name)) {
		spec_fd_done(&fd);
	} else if (add_lent(a, &fd, err) < 0) {
		spec_map_done(&map);
		return -1;
	}
	return add_map(a, &map, err);
}

/* Return: 0, or -1 with @err; *ret_name is the option's name for it. */
static int take(struct restore_args *a, int val, struct fdb_client *c, struct fdb_request *rq,
	const char **ret_name, struct err *err)
{
	*ret_name = NULL;
	switch (val) {
	case 'D':
		a->images = optarg;
		return 0;
	case 'W':
		a->work = optarg;
		return 0;
	case 'd':
		return 0;
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
	case OPT_DEADLINE:
		*ret_name = "--deadline";
		return spec_parse_seconds(optarg, &a->deadline_ms, err);
	case OPT_CARRY_ON:
		a->carry_on = true;
		return 0;
	case OPT_CRIU_OPT:
		return criu_options_raw(c, rq, optarg, err);
	default:
		return criu_options_take(c, rq, val, optarg, err) < 0 ? -1 : 0;
	}
}

/* ---- checks ---- */

static bool is_mapped(const struct restore_args *a, const char *name)
{
	for (size_t i = 0; i < a->n_maps; i++)
		if (!strcmp(a->maps[i].name, name))
			return true;
	return false;
}

static int check(const struct ctl *ctl, const struct restore_args *a)
{
	if (!a->images)
		return out_usage(ctl, WHAT, "which images? -D DIR is missing");
	for (size_t i = 0; i < a->n_maps; i++)
		if (!find_lent(a, a->maps[i].name))
			return out_usage(ctl, WHAT,
				"--map: nothing is lent as '%s'; --fd %s=... is missing",
				a->maps[i].name, a->maps[i].name);
	for (size_t i = 0; i < a->n_lent; i++)
		if (!is_mapped(a, a->lent[i].spec.name))
			return out_usage(ctl, WHAT,
				"--fd: nothing is mapped to '%s'; --map KEY=%s is missing",
				a->lent[i].spec.name, a->lent[i].spec.name);
	for (size_t i = 0; i < a->n_ats; i++)
		if (!find_lent(a, a->ats[i].name))
			return out_usage(
				ctl, WHAT, "--at: nothing is lent as '%s'", a->ats[i].name);
	return 0;
}

int restore_args_parse(struct ctl *ctl, int argc, char **argv, struct fdb_client *c,
	struct fdb_request *rq, struct restore_args *ret)
{
	struct options o;
	int val;

	*ret = (struct restore_args){ .images_fd = -1, .work_fd = -1 };
	options_init(&o, ctl, WHAT, false);
	add_options(&o);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		const char *name;
		struct err err;

		if (val == OPTIONS_HELP)
			return -1;
		if (val == OPTIONS_BAD)
			return CTL_USAGE;
		if (take(ret, val, c, rq, &name, &err) < 0)
			return out_usage(
				ctl, WHAT, "%s%s%s", name ? name : "", name ? ": " : "", err.text);
	}
	if (optind < argc)
		return out_usage(ctl, WHAT, "'%s' is no option", argv[optind]);
	return check(ctl, ret);
}

/* ---- descriptors ---- */

static int refuse(const struct ctl *ctl, const char *text, int sys)
{
	return out_error(ctl, WHAT,
		&(struct out_error){ .exit = CTL_REFUSED, .text = text, .sys = sys }, NULL);
}

static int find_number(const struct ctl *ctl, struct restore_lent *lent)
{
	char text[320];
	int number = lent->spec.number;

	if (standard_was_closed(number) || fcntl(number, F_GETFD) < 0) {
		snprintf(text, sizeof(text),
			"%s: descriptor %d of this command is not open: redirect it (%d>>FILE)",
			lent->spec.name, number, number);
		return refuse(ctl, text, EBADF);
	}
	lent->fd = number;
	return 0;
}

static int open_dir(const struct ctl *ctl, const char *what, const char *path, int *ret)
{
	char text[512];

	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret >= 0)
		return 0;
	snprintf(text, sizeof(text), "cannot open the %s directory '%s': %s", what, path,
		strerrordesc_np(errno));
	return refuse(ctl, text, errno);
}

int restore_args_open(const struct ctl *ctl, struct restore_args *args)
{
	int r;

	for (size_t i = 0; i < args->n_lent; i++)
		if (!args->lent[i].spec.path && (r = find_number(ctl, &args->lent[i])) != 0)
			return r;
	r = open_dir(ctl, "images", args->images, &args->images_fd);
	if (r == 0 && args->work)
		r = open_dir(ctl, "work", args->work, &args->work_fd);
	if (r != 0)
		return r;
	for (size_t i = 0; i < args->n_lent; i++) {
		struct restore_lent *lent = &args->lent[i];
		struct err err;

		if (!lent->spec.path)
			continue;
		lent->fd = lent->opened = spec_open(&lent->spec, &err);
		if (lent->fd < 0)
			return refuse(ctl, err.text, err.sys);
	}
	return 0;
}

/* ---- request ---- */

int restore_args_at(const struct restore_args *args, const char *name)
{
	int number = -1;

	/* The last one counts, as with other options. */
	for (size_t i = 0; i < args->n_ats; i++)
		if (!strcmp(args->ats[i].name, name))
			number = args->ats[i].number;
	return number;
}

int restore_args_fill(const struct restore_args *args, struct fdb_request *rq)
{
	int r = fdb_request_images_dir(rq, args->images_fd);

	if (r == 0 && args->work_fd >= 0)
		r = fdb_request_work_dir(rq, args->work_fd);
	for (size_t i = 0; r == 0 && i < args->n_maps; i++)
		r = fdb_request_map(rq, args->maps[i].key, args->maps[i].name,
			restore_args_at(args, args->maps[i].name));
	fdb_request_deadline_ms(rq, args->deadline_ms);
	fdb_request_when_client_gone(rq, args->carry_on ? FDB_CARRY_ON : FDB_CANCEL);
	return r;
}

void restore_args_done(struct restore_args *args)
{
	for (size_t i = 0; i < args->n_lent; i++) {
		spec_fd_done(&args->lent[i].spec);
		cleanup_fd(&args->lent[i].opened);
	}
	for (size_t i = 0; i < args->n_maps; i++)
		spec_map_done(&args->maps[i]);
	for (size_t i = 0; i < args->n_ats; i++)
		spec_at_done(&args->ats[i]);
	free(args->lent);
	free(args->maps);
	free(args->ats);
	cleanup_fd(&args->images_fd);
	cleanup_fd(&args->work_fd);
	*args = (struct restore_args){ .images_fd = -1, .work_fd = -1 };
}

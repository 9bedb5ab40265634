/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words, descriptors, request: in this order. See restore_args.h; what is lent and mapped is in
 * mapping_args.c.
 */
#include "restore_args.h"

#include "base/cleanup.h"
#include "criu_options.h"
#include "options.h"
#include "output.h"

#define WHAT "restore"

enum { OPT_DEADLINE = OPTIONS_OWN, OPT_CARRY_ON, OPT_DETACH, OPT_WAIT, OPT_CRIU_OPT };

static void add_options(struct options *o)
{
	mapping_args_add(o);
	options_add(o, "work-dir", required_argument, 'W');
	options_add(o, "deadline", required_argument, OPT_DEADLINE);
	options_add(o, "carry-on", no_argument, OPT_CARRY_ON);
	options_add(o, "detach", no_argument, OPT_DETACH);
	options_add(o, "no-wait", no_argument, OPT_DETACH);
	options_add(o, "wait", no_argument, OPT_WAIT);
	options_add(o, "criu-opt", required_argument, OPT_CRIU_OPT);
	/* What a restore by the broker always is: so that a command line of criu's works. */
	options_add(o, "restore-detached", no_argument, 'd');
	criu_options_add(o);
}

/* ---- words ---- */

/* Return: 0, or -1 with @err; *ret_name is the option's name for it. */
static int take(struct restore_args *a, int val, struct fdb_client *c, struct fdb_request *rq,
	const char **ret_name, struct err *err)
{
	int r = mapping_args_take(&a->mapping, val, ret_name, err);

	if (r != 0)
		return r < 0 ? -1 : 0;
	switch (val) {
	case 'W':
		a->work = optarg;
		return 0;
	case 'd':
		return 0;
	case OPT_DEADLINE:
		*ret_name = "--deadline";
		return spec_parse_seconds(optarg, &a->deadline_ms, err);
	case OPT_CARRY_ON:
		a->carry_on = true;
		return 0;
	case OPT_DETACH:
		a->carry_on = a->detach = true;
		return 0;
	case OPT_WAIT:
		a->wait = true;
		return 0;
	case OPT_CRIU_OPT:
		return criu_options_raw(c, rq, optarg, err);
	default:
		return criu_options_take(c, rq, val, optarg, err) < 0 ? -1 : 0;
	}
}

static int check_together(const struct ctl *ctl, struct restore_args *a)
{
	if (a->detach && a->wait)
		return out_usage(ctl, WHAT, "--detach waits for nothing, --wait for everything");
	if (a->detach && ctl->local)
		return out_usage(ctl, WHAT,
			"--detach: a private broker (--local) is gone with this command, and nobody can "
			"ask it");
	return mapping_args_check(ctl, WHAT, &a->mapping);
}

int restore_args_parse(struct ctl *ctl, int argc, char **argv, struct fdb_client *c,
	struct fdb_request *rq, struct restore_args *ret)
{
	struct options o;
	int val;

	*ret = (struct restore_args){ .mapping = MAPPING_ARGS_NONE, .work_fd = -1 };
	options_init(&o, ctl, WHAT, false);
	add_options(&o);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		const char *name = NULL;
		struct err err;

		if (val == OPTIONS_HELP)
			return -1;
		if (val == OPTIONS_BAD)
			return CTL_USAGE;
		if (take(ret, val, c, rq, &name, &err) < 0)
			return out_usage(
				ctl, WHAT, "%s%s%s", name ? name : "", name ? ": " : "", err.text);
	}
	if (options_too_many(&o, argc, argv))
		return CTL_USAGE;
	ctl->hands_on = ret->wait;
	return check_together(ctl, ret);
}

int restore_args_open(const struct ctl *ctl, struct restore_args *args)
{
	int r = mapping_args_open(ctl, WHAT, &args->mapping, false);

	if (r == 0 && args->work)
		r = mapping_args_open_dir(ctl, WHAT, "work", args->work, &args->work_fd);
	return r;
}

static int fill_mapping(
	const struct mapping_args *m, const struct mapping *one, struct fdb_request *rq)
{
	int r = fdb_request_map(rq, one->text, one->name, mapping_args_number(m, one));

	return r == 0 && mapping_args_reopen(m, one) ? fdb_request_reopen(rq) : r;
}

static int fill_risks(const struct mapping_args *m, struct fdb_request *rq)
{
	int r = 0;

	for (int code = 0; r == 0 && code < PLAN_CODES; code++)
		if (m->at_own_risk >> code & 1)
			r = fdb_request_at_own_risk(rq, plan_code_name(code));
	return r;
}

int restore_args_fill(const struct restore_args *args, struct fdb_request *rq)
{
	const struct mapping_args *m = &args->mapping;
	int r = fdb_request_images_dir(rq, m->images_fd);

	if (r == 0 && args->work_fd >= 0)
		r = fdb_request_work_dir(rq, args->work_fd);
	for (size_t i = 0; r == 0 && i < m->n_maps; i++)
		r = fill_mapping(m, &m->maps[i], rq);
	if (r == 0)
		r = fill_risks(m, rq);
	fdb_request_deadline_ms(rq, args->deadline_ms);
	fdb_request_when_client_gone(rq, args->carry_on ? FDB_CARRY_ON : FDB_CANCEL);
	return r;
}

void restore_args_done(struct restore_args *args)
{
	mapping_args_done(&args->mapping);
	cleanup_fd(&args->work_fd);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `plan`: what a restore with these mappings would do, found out without a broker. Nothing is changed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/pids.h"
#include "help.h"
#include "images.h"
#include "mapping_args.h"
#include "output.h"
#include "pager.h"
#include "plan/report_plan.h"
#include "plan/wanted.h"
#include "plan_view.h"

#define WHAT "plan"

struct planning {
	const struct ctl *ctl; /* borrowed */
	struct mapping_args args;
	struct plan_mapping_in *mappings; /* owned */
	struct pid_taken taken[PIDS_MAX_TAKEN];
	struct plan_pid pids[PIDS_MAX_TAKEN]; /* point into taken */
	struct plan_request request;
};

static int no_memory(const struct ctl *ctl)
{
	return out_error(ctl, WHAT,
		&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
}

/* ---- 1. the request ---- */

/* Paths are only looked at: a plan makes and empties no file. */
static int look_at_lent(const struct mapping_lent *lent, struct facts *ret, struct err *err)
{
	if (lent->spec.path)
		return spec_look(&lent->spec, ret, err);
	facts_read(lent->fd, ret);
	return 0;
}

static int fill_mappings(struct planning *p)
{
	const struct mapping_args *a = &p->args;
	struct err err;

	p->mappings = calloc(a->n_maps + 1, sizeof(*p->mappings));
	if (!p->mappings)
		return no_memory(p->ctl);
	for (size_t i = 0; i < a->n_maps; i++) {
		struct plan_mapping_in *in = &p->mappings[i];

		*in = (struct plan_mapping_in){ .target = a->maps[i].target,
			.name = a->maps[i].name,
			.reopen = mapping_args_reopen(a, &a->maps[i]) };
		in->target.number = mapping_args_number(a, &a->maps[i]);
		if (look_at_lent(mapping_args_lent(a, in->name), &in->facts, &err) < 0)
			return out_error(p->ctl, WHAT,
				&(struct out_error){ .exit = CTL_REFUSED, .text = err.text }, NULL);
	}
	p->request = (struct plan_request){ .mappings = p->mappings,
		.n_mappings = a->n_maps,
		.at_own_risk = a->at_own_risk,
		.pids = p->pids };
	if (getrandom(&p->request.nonce, sizeof(p->request.nonce), 0) < 0)
		p->request.nonce = (uint64_t)getpid();
	return 0;
}

/* Without a /proc nothing is said of pids. */
static int find_pids(struct planning *p, const struct graph *g)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0;
	autofree uint32_t *pids = wanted_pids(g, &n);
	int found;

	if (!pids)
		return no_memory(p->ctl);
	found = proc < 0 ? 0 : pids_taken(proc, pids, n, p->taken);
	for (int i = 0; i < found; i++)
		p->pids[i] =
			(struct plan_pid){ p->taken[i].pid, p->taken[i].holder, p->taken[i].what };
	p->request.n_pids = found > 0 ? (size_t)found : 0;
	return 0;
}

/* ---- 2. the plan ---- */

static int print(const struct planning *p, const struct plan *plan)
{
	struct report r = { .put = images_put_json, .pretty = p->ctl->format == CTL_JSON_PRETTY };
	struct screen screen;
	struct pager pager;
	int made;

	pager_begin(&pager, p->ctl, &screen);
	if (p->ctl->format != CTL_TEXT)
		made = report_plan(plan, &p->request, &r);
	else
		made = plan_view_print(plan, &p->request, p->args.images, &screen, stdout);
	pager_end(&pager);
	if (made < 0)
		return no_memory(p->ctl);
	return out_flush(p->ctl, WHAT, plan->n_errors ? CTL_REFUSED : CTL_DONE);
}

static int make_and_print(struct planning *p)
{
	autograph struct graph g = { 0 };
	autoplan struct plan plan = { 0 };
	struct err err;
	int code = mapping_args_open(p->ctl, WHAT, &p->args, true);

	if (code == 0)
		code = fill_mappings(p);
	if (code == 0)
		code = images_load_fd(p->ctl, WHAT, p->args.images_fd, &g);
	if (code == 0)
		code = find_pids(p, &g);
	if (code != 0)
		return code;
	if (plan_make(&g, &p->request, &plan, &err) < 0)
		return images_error(p->ctl, WHAT, &err);
	return print(p, &plan);
}

/* ---- all ---- */

/* Return: 0; CTL_USAGE, which has been told; -1: --help was asked for. */
static int parse(struct ctl *ctl, int argc, char **argv, struct mapping_args *ret)
{
	struct options o;
	int val;

	options_init(&o, ctl, WHAT, false);
	mapping_args_add(&o);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		const char *name = "";
		struct err err;

		if (val == OPTIONS_HELP)
			return -1;
		if (val == OPTIONS_BAD)
			return CTL_USAGE;
		if (mapping_args_take(ret, val, &name, &err) < 0)
			return out_usage(ctl, WHAT, "%s: %s", name, err.text);
	}
	if (options_too_many(&o, argc, argv))
		return CTL_USAGE;
	val = images_offline(ctl, WHAT);
	return val ? val : mapping_args_check(ctl, WHAT, ret);
}

int cmd_plan(struct ctl *ctl, int argc, char **argv)
{
	struct planning p = { .ctl = ctl, .args = MAPPING_ARGS_NONE };
	int code = parse(ctl, argc, argv, &p.args);

	if (code < 0)
		code = help_show(WHAT);
	else if (code == 0)
		code = make_and_print(&p);
	free(p.mappings);
	mapping_args_done(&p.args);
	return code;
}

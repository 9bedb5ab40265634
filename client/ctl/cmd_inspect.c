/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `inspect`: what is in a set of images, read by this program itself. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "help.h"
#include "images.h"
#include "inspect_dot.h"
#include "inspect_tree.h"
#include "needs_view.h"
#include "options.h"
#include "output.h"
#include "pager.h"
#include "plan/report_inspect.h"
#include "spec.h"

#define WHAT "inspect"

enum { OPT_TASK = OPTIONS_OWN, OPT_NEEDS, OPT_DOT, OPT_BRIEF };

struct inspect {
	const char *images;
	const char *task; /* NULL: all */
	bool needs, dot, brief;
};

/* ---- output ---- */

static int print_json(
	const struct ctl *ctl, const struct inspect *in, const struct plan *p, uint32_t task)
{
	struct report r = { .put = images_put_json, .pretty = ctl->format == CTL_JSON_PRETTY };

	return in->needs ? report_needs(p, &r) : report_inspect(p, task, &r);
}

static int print_view(
	const struct inspect *in, const struct plan *p, uint32_t task, const struct screen *screen)
{
	struct view v = { .p = p,
		.images = in->images,
		.screen = screen,
		.out = stdout,
		.only = task,
		.brief = in->brief };
	int r;

	if (in->needs)
		return needs_print(p, screen, stdout);
	r = view_make(&v);
	if (r == 0 && in->dot)
		r = dot_print(&v);
	else if (r == 0)
		r = tree_print(&v);
	view_done(&v);
	return r;
}

static int print(
	const struct ctl *ctl, const struct inspect *in, const struct plan *p, uint32_t task)
{
	struct out_error e = { .exit = CTL_FAILED, .text = "out of memory" };
	struct screen screen;
	struct pager pager;
	int r;

	pager_begin(&pager, ctl, &screen);
	if (ctl->format != CTL_TEXT && !in->dot)
		r = print_json(ctl, in, p, task);
	else
		r = print_view(in, p, task, &screen);
	pager_end(&pager);
	if (r < 0)
		return out_error(ctl, WHAT, &e, NULL);
	return out_flush(ctl, WHAT, CTL_DONE);
}

/* ---- the work ---- */

/* Return: 0, or an exit code; told. *ret: index, NONE: all. */
static int find_task(
	const struct ctl *ctl, const struct inspect *in, const struct graph *g, uint32_t *ret)
{
	char text[160];
	int pid;

	*ret = NONE;
	if (!in->task)
		return 0;
	if (spec_parse_number(in->task, &pid) < 0)
		return out_usage(ctl, WHAT, "--task: '%s' is no pid", in->task);
	*ret = graph_task(g, (uint32_t)pid);
	if (*ret != NONE)
		return 0;
	snprintf(text, sizeof(text), "the images have no task %d; their root is %u", pid,
		g->n_tasks ? g->tasks[0].pid : 0);
	return out_error(ctl, WHAT, &(struct out_error){ .exit = CTL_FAILED, .text = text }, NULL);
}

static int inspect(const struct ctl *ctl, const struct inspect *in)
{
	static const struct plan_request nothing;
	autograph struct graph g = { 0 };
	autoplan struct plan p = { 0 };
	struct err err;
	uint32_t task;
	int code = images_load(ctl, WHAT, in->images, &g);

	if (code == 0)
		code = find_task(ctl, in, &g, &task);
	if (code != 0)
		return code;
	if (plan_make(&g, &nothing, &p, &err) < 0)
		return images_error(ctl, WHAT, &err);
	return print(ctl, in, &p, task);
}

static int check(const struct ctl *ctl, const struct inspect *in)
{
	if (images_offline(ctl, WHAT) != 0)
		return CTL_USAGE;
	if (!in->images)
		return out_usage(ctl, WHAT, "which images? -D DIR is missing");
	if (in->needs && (in->task || in->dot))
		return out_usage(ctl, WHAT, "--needs are of all tasks, and text or JSON");
	return 0;
}

int cmd_inspect(struct ctl *ctl, int argc, char **argv)
{
	struct inspect in = { 0 };
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	options_add(&o, "images-dir", required_argument, 'D');
	options_add(&o, "task", required_argument, OPT_TASK);
	options_add(&o, "needs", no_argument, OPT_NEEDS);
	options_add(&o, "dot", no_argument, OPT_DOT);
	options_add(&o, "brief", no_argument, OPT_BRIEF);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		switch (val) {
		case 'D':
			in.images = optarg;
			break;
		case OPT_TASK:
			in.task = optarg;
			break;
		case OPT_NEEDS:
			in.needs = true;
			break;
		case OPT_DOT:
			in.dot = true;
			break;
		case OPT_BRIEF:
			in.brief = true;
			break;
		case OPTIONS_HELP:
			return help_show(WHAT);
		default:
			return CTL_USAGE;
		}
	}
	if (options_too_many(&o, argc, argv))
		return CTL_USAGE;
	code = check(ctl, &in);
	return code ? code : inspect(ctl, &in);
}

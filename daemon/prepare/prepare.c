/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Before criu. See prepare.h.
 *
 *   planning --no split--> ready --prepare_ask_unchanged()--> the planner looks again
 *       `----split--> layering --^
 */
#include "prepare/prepare.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "processes/discard.h"
#include "plan/plan.h"
#include "processes/sandbox.h"

struct prepare {
	struct event_base *base;               /* borrowed */
	struct reaper *reaper;                 /* borrowed */
	const struct planner_request *request; /* borrowed */
	const struct prepare_ops *ops;         /* borrowed, with arg */
	void *arg;
	struct helper *planner; /* owned; kept for the question */
	struct helper *layerer; /* owned */
	struct planned planned;
	int layer; /* owned; -1: criu sees the client's directory */
};

/* ---- the layer ---- */

/* What the child gets, made by the daemon; beside it: the client's directory, and what the planner has handed back. */
struct layering {
	size_t n_files;
	bool for_all; /* criu is not root */
	struct overlay_file files[];
};

/* In a child. It has the right to mount, so it parses nothing. */
static int make_layer(struct parcel *request, struct err *err)
{
	const struct layering *l = (const struct layering *)request->bytes;
	const struct overlay_layer layer = { l->files, l->n_files, request->fds.fds[1],
		l->for_all };
	enum overlay_kind kind = OVERLAY_MOUNT;
	int fd;

	if (sandbox_mounter(err) < 0)
		return -1;
	fd = overlay_make(request->fds.fds[0], &layer, &kind);
	if (fd < 0)
		return err_set(err, ERR_INTERNAL, -fd, "images_dir",
			"images_dir: its file system cannot be put under a private layer, which splitting an open file needs");
	err->sys = kind;
	return fd;
}

/* A zygote_main. */
static void layer_main(int sock)
{
	static const struct helper_work work = { .run = make_layer };

	helper_serve(sock, &work);
}

static void layer_done(void *arg, int fd, const struct err *err)
{
	struct prepare *p = arg;

	p->layer = fd;
	if (fd >= 0 && err->sys == OVERLAY_BINDS)
		planned_warn(&p->planned, PLAN_BOUND_LAYER,
			"no overlayfs can be put over the images: their files are bound in one by one");
	helper_end(TAKE_PTR(p->layerer));
	p->ops->ready(p->arg, fd < 0 ? err : NULL);
}

static const struct helper_ops layer_ops = { .done = layer_done };

static int start_layer(struct prepare *p, int plan, struct err *err)
{
	const struct planned *planned = &p->planned;
	size_t size = sizeof(struct layering) + planned->n_files * sizeof(planned->files[0]);
	autofree struct layering *layering = calloc(1, size);
	const int fds[] = { p->request->images, plan };
	const struct helper_spec spec = {
		.main = layer_main,
		.request = layering,
		.size = size,
		.fds = fds,
		.n_fds = 2,
		.what = "making a layer over the images",
		.deadline_ms = (unsigned)p->request->config->layer_ms,
	};

	if (!layering)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a layer");
	layering->n_files = planned->n_files;
	layering->for_all = p->request->run_as != NULL;
	memcpy(layering->files, planned->files, planned->n_files * sizeof(planned->files[0]));
	return helper_start(p->base, p->reaper, &spec, &layer_ops, p, &p->layerer, err);
}

/* ---- the plan ---- */

/* Return: 1: nothing more is to be made; 0: a layer is under way; -1 with @err. */
static int take_plan(struct prepare *p, int fd, struct err *err)
{
	autofd int owned = fd;

	if (planner_read(owned, p->request->config->max_plan_bytes, p->request->n_mappings,
		    &p->planned, err) < 0)
		return -1;
	if (p->planned.n_errors || p->planned.n_files == 0)
		return 1;
	return start_layer(p, owned, err);
}

static void planner_done(void *arg, int fd, const struct err *err)
{
	struct prepare *p = arg;
	struct err bad;
	int r;

	if (fd < 0) {
		p->ops->ready(p->arg, err);
		return;
	}
	r = take_plan(p, fd, &bad);
	if (r != 0)
		p->ops->ready(p->arg, r < 0 ? &bad : NULL);
}

static void planner_answered(void *arg, unsigned question, const void *answer, size_t size)
{
	struct prepare *p = arg;
	struct explained explained;
	struct stats stats;

	if (question == PLANNER_UNCHANGED)
		p->ops->unchanged(p->arg, size == 1 && *(const uint8_t *)answer == 1);
	else if (question == PLANNER_EXPLAIN)
		p->ops->explained(
			p->arg, planner_explained(answer, size, &explained) ? &explained : NULL);
	else
		p->ops->statistics(
			p->arg, size == sizeof(stats) ? memcpy(&stats, answer, size) : NULL);
}

static const struct helper_ops planner_ops = { .done = planner_done, .answered = planner_answered };

int prepare_start(struct event_base *base, struct reaper *reaper,
	const struct planner_request *request, const struct prepare_ops *ops, void *arg,
	struct prepare **ret, struct err *err)
{
	struct prepare *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory to plan");
	*p = (struct prepare){ .base = base,
		.reaper = reaper,
		.request = request,
		.ops = ops,
		.arg = arg,
		.layer = -1 };
	if (planner_start(base, reaper, request, &planner_ops, p, &p->planner, err) < 0) {
		prepare_end(p);
		return -1;
	}
	*ret = p;
	return 0;
}

const struct planned *prepare_plan(const struct prepare *p)
{
	return &p->planned;
}

int prepare_images(const struct prepare *p)
{
	return p->layer >= 0 ? p->layer : p->request->images;
}

void prepare_ask_unchanged(struct prepare *p)
{
	/* There is room: each question comes once. */
	(void)helper_ask(
		p->planner, PLANNER_UNCHANGED, -1, (unsigned)p->request->config->unchanged_ms);
}

void prepare_ask_explain(struct prepare *p, int log)
{
	(void)helper_ask(
		p->planner, PLANNER_EXPLAIN, log, (unsigned)p->request->config->explain_ms);
}

void prepare_ask_statistics(struct prepare *p, int work)
{
	(void)helper_ask(
		p->planner, PLANNER_STATISTICS, work, (unsigned)p->request->config->explain_ms);
}

void prepare_end(struct prepare *p)
{
	if (!p)
		return;
	helper_end(p->planner);
	helper_end(p->layerer);
	planned_done(&p->planned);
	discard_fd(p->layer); /* an unmount, which may ask the client's file system */
	free(p);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `restore`: lend, restore, wait. The order matters at its beginning: the caller's descriptors are
 * found before anything is opened.
 *
 * Not here: the command line (restore_args.c), what is said (restore_report.c).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "dial.h"
#include "help.h"
#include "output.h"
#include "restore_args.h"
#include "restore_report.h"
#include "signals.h"

#define WHAT "restore"

/* How long a private broker may take to cancel. A second ^C ends the wait. */
#define CANCEL_WAIT_MS 15000

struct restore {
	struct ctl *ctl;        /* borrowed */
	struct fdb_client *c;   /* owned */
	struct fdb_request *rq; /* owned */
	struct restore_args args;
	struct signals signals;
	uint64_t job;
};

/* ---- 1. lend ---- */

static int lend(struct restore *r)
{
	size_t n = r->args.mapping.n_lent, lent;
	autofree const char **names = calloc(n + 1, sizeof(*names));
	autofree int *fds = calloc(n + 1, sizeof(*fds));

	if (!names || !fds)
		return out_error(r->ctl, WHAT,
			&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
	for (size_t i = 0; i < n; i++) {
		names[i] = r->args.mapping.lent[i].spec.name;
		fds[i] = r->args.mapping.lent[i].fd;
	}
	if (fdb_lend_many(r->c, names, fds, n, CTL_WAIT_MS, &lent) < 0)
		return out_client_error(r->ctl, WHAT, r->c);
	return 0;
}

/* ---- 2. wait for the end ---- */

/* Return: 0: not the end yet; 1: *ret_result, the caller's; a negative errno of the library. */
static int fetch(const struct restore *r, struct fdb_result **ret_result)
{
	struct fdb_event *ev;
	int n;

	while ((n = fdb_next_event(r->c, 0, &ev)) == 0) {
		*ret_result = fdb_event_take_result(ev);
		if (!*ret_result && r->ctl->verbose)
			restore_report_event(ev);
		fdb_event_free(ev);
		if (*ret_result)
			return 1;
	}
	return n == -ETIMEDOUT ? 0 : n;
}

static int interrupt(struct restore *r, int sig)
{
	int code = restore_report_interrupted(r->ctl, &r->args, sig, r->job);

	signals_unwatch(&r->signals);
	(void)fdb_disconnect(r->c, r->args.carry_on ? 0 : CANCEL_WAIT_MS);
	return code;
}

static int wait_end(struct restore *r)
{
	for (;;) {
		struct pollfd p[] = {
			{ .fd = fdb_fd(r->c), .events = fdb_poll_events(r->c) },
			{ .fd = r->signals.fd, .events = POLLIN },
		};
		struct fdb_result *res = NULL;
		int n = fetch(r, &res), sig;

		if (n < 0)
			return out_client_error(r->ctl, WHAT, r->c);
		if (n > 0) {
			int code = restore_report_result(r->ctl, &r->args, res);

			fdb_result_free(res);
			return code;
		}
		(void)poll(p, 2, -1);
		sig = signals_taken(&r->signals);
		if (sig)
			return interrupt(r, sig);
	}
}

/* ---- all of it ---- */

static int restore(struct restore *r)
{
	int code = restore_args_open(r->ctl, &r->args);

	if (code == 0)
		code = dial(r->ctl, WHAT, r->c, false);
	if (code == 0)
		code = lend(r);
	if (code != 0)
		return code;
	if (restore_args_fill(&r->args, r->rq) < 0)
		return out_client_error(r->ctl, WHAT, r->c);
	signals_watch(&r->signals);
	if (fdb_restore(r->c, r->rq, CTL_WAIT_MS, &r->job) < 0)
		return out_client_error(r->ctl, WHAT, r->c);
	return wait_end(r);
}

int cmd_restore(struct ctl *ctl, int argc, char **argv)
{
	struct restore r = { .ctl = ctl, .signals = SIGNALS_NONE };
	int code;

	if (fdb_new(&r.c) < 0 || fdb_request_new(r.c, &r.rq) < 0)
		return out_error(ctl, WHAT,
			&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
	code = restore_args_parse(ctl, argc, argv, r.c, r.rq, &r.args);
	if (code < 0)
		code = help_show(WHAT);
	else if (code == 0)
		code = restore(&r);
	signals_unwatch(&r.signals);
	/* A private broker has nothing left to do: gone when this command is. */
	(void)fdb_disconnect(r.c, CTL_WAIT_MS);
	restore_args_done(&r.args);
	fdb_request_free(r.rq);
	fdb_free(r.c);
	return code;
}

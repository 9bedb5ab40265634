/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `restore`: lend, restore, wait. The order matters at its beginning: the caller's descriptors are
 * found before anything is opened.
 *
 * Not here: the command line (restore_args.c), what is said (restore_report.c), how it waits (restore_wait.c).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dial.h"
#include "help.h"
#include "output.h"
#include "restore_args.h"
#include "restore_report.h"
#include "restore_wait.h"
#include "signals.h"

#define WHAT "restore"

struct restore {
	struct ctl *ctl;        /* borrowed */
	struct fdb_client *c;   /* owned */
	struct fdb_request *rq; /* owned */
	struct restore_args args;
	struct signals signals;
	struct restore_wait wait;
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

/* ---- 2. wait ---- */

/* On the connection that began the restore it came with the result; else it is asked for. */
static int get_log(const struct restore *r, const struct fdb_result *res)
{
	int log = fdb_result_log(res);

	if (log >= 0)
		return fcntl(log, F_DUPFD_CLOEXEC, 3);
	if (!r->wait.anew || fdb_log(r->c, r->wait.job, CTL_WAIT_MS, &log, NULL) < 0)
		return -1; /* criu was never started */
	return log;
}

static int wait_end(struct restore *r, cJSON *json)
{
	struct fdb_job *job;
	int code = restore_wait_end(&r->wait, &job);

	if (code != 0) {
		cJSON_Delete(json);
		return code;
	}
	code = restore_report_end(r->ctl, job, json);
	fdb_job_free(job);
	return code;
}

static int succeeded(struct restore *r, const struct fdb_result *res, int log)
{
	cJSON *json;
	int code = restore_report_success(r->ctl, &r->args, res, log, &json);

	if (r->wait.sig && r->ctl->format == CTL_TEXT)
		out_line(stderr, "SIG%s came too late to cancel it", sigabbrev_np(r->wait.sig));
	return code || !r->args.wait ? code : wait_end(r, json);
}

static int wait_for_it(struct restore *r)
{
	struct fdb_result *res;
	int code = restore_wait_result(&r->wait, &res);
	autofd int log = -1;

	if (code != 0)
		return code;
	log = get_log(r, res);
	if (fdb_result_success(res))
		code = succeeded(r, res, log);
	else if (r->wait.sig && fdb_result_code(res) == FDB_CANCELLED)
		code = restore_report_cancelled(
			r->ctl, &r->args, res, r->wait.sig, r->wait.progress.made);
	else
		code = restore_report_failure(r->ctl, &r->args, res, log);
	fdb_result_free(res);
	return code;
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
	if (fdb_restore(r->c, r->rq, CTL_WAIT_MS, &r->wait.job) < 0)
		return out_client_error(r->ctl, WHAT, r->c);
	return r->args.detach ? restore_report_detached(r->ctl, r->wait.job) : wait_for_it(r);
}

int cmd_restore(struct ctl *ctl, int argc, char **argv)
{
	struct restore r = { .ctl = ctl, .signals = SIGNALS_NONE };
	int code;

	if (fdb_new(&r.c) < 0 || fdb_request_new(r.c, &r.rq) < 0)
		return out_error(ctl, WHAT,
			&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
	r.wait = (struct restore_wait){
		.ctl = ctl, .args = &r.args, .c = r.c, .signals = &r.signals
	};
	code = restore_args_parse(ctl, argc, argv, r.c, r.rq, &r.args);
	if (code < 0)
		code = help_show(WHAT);
	else if (code == 0)
		code = restore(&r);
	signals_unwatch(&r.signals);
	/* A private broker has nothing left to do: gone when this command is. */
	(void)fdb_disconnect(r.c, r.wait.left ? 0 : CTL_WAIT_MS);
	restore_args_done(&r.args);
	fdb_request_free(r.rq);
	fdb_free(r.c);
	return code;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `restore` says: events while it goes on, and how it ended. All functions give the exit code. */
#ifndef FDBROKER_CTL_RESTORE_REPORT_H
#define FDBROKER_CTL_RESTORE_REPORT_H

#include <cjson/cJSON.h>

#include "ctl.h"
#include "fdbroker.h"
#include "restore_args.h"

/* An event as a line to standard error (with -v). */
void restore_report_event(const struct fdb_event *ev);

/**
 * restore_report_success() - the tree runs
 * @res:      borrowed
 * @log:      criu's log, borrowed; -1: none. It is copied to where the user finds it, if that was asked for
 * @ret_json: with --json and --wait: what is to be told with the end of the tree, for restore_report_end(); else
 *            NULL
 */
int restore_report_success(const struct ctl *ctl, const struct restore_args *args,
	const struct fdb_result *res, int log, cJSON **ret_json);

/* Nothing is left. */
int restore_report_failure(const struct ctl *ctl, const struct restore_args *args,
	const struct fdb_result *res, int log);

/* Nor here: it was cancelled, for this signal. tasks: that criu had made; -1: not known. */
int restore_report_cancelled(const struct ctl *ctl, const struct restore_args *args,
	const struct fdb_result *res, int sig, int tasks);

/* With --wait: the tree has ended. json: of restore_report_success(); consumed. */
int restore_report_end(const struct ctl *ctl, const struct fdb_job *job, cJSON *json);

/* With --detach: nothing more is waited for. */
int restore_report_detached(const struct ctl *ctl, uint64_t job);

/* What becomes of a job that a signal has made us leave. */
enum restore_left {
	RESTORE_LEFT_CARRYING_ON, /* as it was asked for */
	RESTORE_LEFT_CANCELLING,  /* the broker has been told */
	RESTORE_LEFT_ALONE,       /* there is no broker */
	RESTORE_LEFT_RUNNING,     /* it is restored */
};

int restore_report_left(const struct ctl *ctl, enum restore_left how, int sig, uint64_t job);

#endif

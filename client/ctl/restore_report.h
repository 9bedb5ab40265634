/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `restore` says: events while it goes on, and how it ended. */
#ifndef FDBROKER_CTL_RESTORE_REPORT_H
#define FDBROKER_CTL_RESTORE_REPORT_H

#include "ctl.h"
#include "fdbroker.h"
#include "restore_args.h"

/* An event as a line to standard error (with -v). */
void restore_report_event(const struct fdb_event *ev);

/**
 * restore_report_result() - say how it ended, and keep criu's log where the user finds it
 * @res: borrowed
 *
 * Return: the exit code.
 */
int restore_report_result(
	const struct ctl *ctl, const struct restore_args *args, const struct fdb_result *res);

/* Interrupted by a signal. Return: the exit code. */
int restore_report_interrupted(
	const struct ctl *ctl, const struct restore_args *args, int sig, uint64_t job);

#endif

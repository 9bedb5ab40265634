/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `restore` waits for: the result of the restore, and the end of the restored tree. */
#ifndef FDBROKER_CTL_RESTORE_WAIT_H
#define FDBROKER_CTL_RESTORE_WAIT_H

#include "ctl.h"
#include "fdbroker.h"
#include "progress.h"
#include "restore_args.h"
#include "signals.h"

struct restore_wait {
	struct ctl *ctl; /* borrowed, as all of these */
	const struct restore_args *args;
	struct fdb_client *c;
	struct signals *signals;
	uint64_t job;

	struct progress progress;
	bool anew; /* the broker has gone: another connection than the one that began it */
	int sig;   /* the signal that has cancelled it; 0: none */
	bool left; /* by the user's wish, before all was known */
	uint64_t show, cancel, end; /* calls that are not answered yet; 0: none */
};

/**
 * restore_wait_result() - until the restore has a result, cancelling it if a signal comes
 * @ret: the result, the caller's
 *
 * If the broker goes, it waits for it to come back and asks for the job by its number: the result then has no
 * descriptors.
 *
 * Return: 0, or an exit code: there is no result, and why has been told.
 */
int restore_wait_result(struct restore_wait *w, struct fdb_result **ret);

/**
 * restore_wait_end() - until the restored tree has ended
 * @ret: the job at its end, the caller's
 *
 * Return: as above; a signal ends the wait, and leaves the tree alone.
 */
int restore_wait_end(struct restore_wait *w, struct fdb_job **ret);

#endif

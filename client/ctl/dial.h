/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To the broker: the one that runs, or a private one. */
#ifndef FDBROKER_CTL_DIAL_H
#define FDBROKER_CTL_DIAL_H

#include <stdbool.h>

#include "ctl.h"
#include "fdbroker.h"
#include "signals.h"

/**
 * dial() - connect as the command line says
 * @what: the command, for errors
 * @fall_back: with neither --socket nor --local: if no broker runs, say so and start a private one
 *
 * Return: 0, or an exit code; the reason has been told.
 */
int dial(struct ctl *ctl, const char *what, struct fdb_client *c, bool fall_back);

/**
 * dial_and() - connect, do something, disconnect
 * @work: what to do. Return: an exit code; told
 *
 * Return: the exit code, also if it never came to that.
 */
int dial_and(struct ctl *ctl, const char *what,
	int (*work)(struct ctl *ctl, struct fdb_client *c, void *arg), void *arg);

/**
 * dial_anew() - to the same broker again, which has gone (-EPIPE) while something was awaited
 *
 * For as long as a broker may take to be started anew: jobs outlive it. A private one comes back never.
 *
 * Return: 0; -EINTR: a signal of @signals has come, which is left there (NULL: none is looked for); or an exit
 *         code, and the reason has been told.
 */
int dial_anew(const struct ctl *ctl, const char *what, struct fdb_client *c,
	const struct signals *signals);

/* Refuse --local and --criu. Return: 0, or CTL_USAGE, which has been told. */
int dial_only_running(const struct ctl *ctl, const char *what);

#endif

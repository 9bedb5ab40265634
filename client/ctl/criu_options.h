/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a restore that are spelled as on criu's own command line: one table. */
#ifndef FDBROKER_CTL_CRIU_OPTIONS_H
#define FDBROKER_CTL_CRIU_OPTIONS_H

#include "base/err.h"
#include "fdbroker.h"
#include "options.h"

/* Add all of them to the options of a command. */
void criu_options_add(struct options *o);

/**
 * criu_options_take() - set the criu_opts field behind an option
 * @c:   whose errors rq sets
 * @val: from options_next()
 * @arg: its argument, or NULL
 *
 * Return: 1: done; 0: val is none of these options; -1 with @err.
 */
int criu_options_take(
	struct fdb_client *c, struct fdb_request *rq, int val, const char *arg, struct err *err);

/* "FIELD=VALUE" of --criu-opt. Return: 0, or -1 with @err. */
int criu_options_raw(
	struct fdb_client *c, struct fdb_request *rq, const char *text, struct err *err);

#endif

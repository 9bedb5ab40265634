/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of `restore`: from words to open descriptors and a request. */
#ifndef FDBROKER_CTL_RESTORE_ARGS_H
#define FDBROKER_CTL_RESTORE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl.h"
#include "fdbroker.h"
#include "mapping_args.h"

struct restore_args {
	struct mapping_args mapping;
	const char *work;     /* path; borrowed from argv; NULL: none */
	uint32_t deadline_ms; /* 0: the broker's default */
	bool carry_on;
	bool detach; /* do not wait for its result; implies carry_on */
	bool wait;   /* for the end of the restored tree, too */
	int work_fd; /* owned, or -1 */
};

/**
 * restore_args_parse() - read the command line, and check that its parts fit each other
 * @rq: gets the options of criu; nothing else yet
 *
 * Return: 0; CTL_USAGE, which has been told; -1: --help was asked for. In every case
 * restore_args_done() ends @ret.
 */
int restore_args_parse(struct ctl *ctl, int argc, char **argv, struct fdb_client *c,
	struct fdb_request *rq, struct restore_args *ret);

/*
 * mapping_args_open(), and the work directory: see there for what comes first. Return: 0, or CTL_REFUSED,
 * which has been told.
 */
int restore_args_open(const struct ctl *ctl, struct restore_args *args);

/*
 * Put directories, mappings, deadline into the request. Return: 0, or a negative errno, set in its
 * client.
 */
int restore_args_fill(const struct restore_args *args, struct fdb_request *rq);

void restore_args_done(struct restore_args *args);

#endif

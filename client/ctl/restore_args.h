/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of `restore`: from words to open descriptors and a request. */
#ifndef FDBROKER_CTL_RESTORE_ARGS_H
#define FDBROKER_CTL_RESTORE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl.h"
#include "fdbroker.h"
#include "spec.h"

/* One descriptor to be lent. */
struct restore_lent {
	struct spec_fd spec;
	int fd;     /* to lend */
	int opened; /* owned; the same if we have opened it, else -1 */
};

struct restore_args {
	const char *images;        /* paths; borrowed from argv */
	const char *work;          /* NULL: none */
	struct restore_lent *lent; /* owned */
	size_t n_lent;
	struct spec_map *maps; /* owned */
	size_t n_maps;
	struct spec_at *ats; /* owned */
	size_t n_ats;
	uint32_t deadline_ms; /* 0: the broker's default */
	bool carry_on;
	int images_fd; /* owned, or -1 */
	int work_fd;   /* owned, or -1 */
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

/**
 * restore_args_open() - find the descriptors that are given by number, open the rest
 *
 * In this order, and to be called before anything else is opened: else a number that the caller has
 * left closed would turn out to be open, as something of ours.
 *
 * Return: 0, or CTL_REFUSED, which has been told.
 */
int restore_args_open(const struct ctl *ctl, struct restore_args *args);

/*
 * Put directories, mappings, deadline into the request. Return: 0, or a negative errno, set in its
 * client.
 */
int restore_args_fill(const struct restore_args *args, struct fdb_request *rq);

/* The agreed number of a name, or -1. */
int restore_args_at(const struct restore_args *args, const char *name);

void restore_args_done(struct restore_args *args);

#endif

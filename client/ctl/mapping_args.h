/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `restore` and `plan` say alike: the images, what is lent, and what it replaces. From words to open
 * descriptors.
 */
#ifndef FDBROKER_CTL_MAPPING_ARGS_H
#define FDBROKER_CTL_MAPPING_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl.h"
#include "options.h"
#include "plan/plan.h"
#include "spec.h"

/* One descriptor to be lent. */
struct mapping_lent {
	struct spec_fd spec;
	int fd;     /* to lend */
	int opened; /* owned; the same if we have opened it, else -1 */
};

/* target <- lent */
struct mapping {
	char *text; /* owned; the target as it was given */
	struct target
		target; /* of text; its number is the agreed one if the target says it, else -1 */
	char *name;     /* owned; of what is lent */
	int number;     /* from a file of mappings; -1: none */
	bool reopen;    /* from a file of mappings; see also mapping_args_reopen() */
};

struct mapping_args {
	const char *images;        /* path; borrowed from argv */
	const char *file;          /* of mappings; borrowed from argv; NULL: none */
	struct mapping_lent *lent; /* owned */
	size_t n_lent;
	struct mapping *maps; /* owned */
	size_t n_maps;
	struct spec_at *ats; /* owned */
	size_t n_ats;
	const char **reopens; /* owned; names, borrowed from argv */
	size_t n_reopens;
	uint64_t at_own_risk; /* bits of plan codes, as in struct plan_request */
	int images_fd;        /* owned, or -1 */
};
#define MAPPING_ARGS_NONE ((struct mapping_args){ .images_fd = -1 })

/* Add the options to a command's. */
void mapping_args_add(struct options *o);

/**
 * mapping_args_take() - one option
 * @val:      what options_next() gave; optarg goes with it
 * @ret_name: on failure the option's name, for the message
 *
 * Return: 1: taken; 0: it is none of ours; -1 with @err.
 */
int mapping_args_take(struct mapping_args *a, int val, const char **ret_name, struct err *err);

/**
 * mapping_args_check() - at the end of the command line: read the file of mappings; does all fit together?
 * @what: the command, for errors
 *
 * Return: 0, or CTL_USAGE, which has been told.
 */
int mapping_args_check(const struct ctl *ctl, const char *what, struct mapping_args *a);

/**
 * mapping_args_open() - find the descriptors that are given by number, open images and the rest
 * @look: paths are not opened: to lend nothing, but to plan
 *
 * In this order, and to be called before anything else is opened: else a number that the caller has
 * left closed would turn out to be open, as something of ours.
 *
 * Return: 0, or CTL_REFUSED, which has been told.
 */
int mapping_args_open(const struct ctl *ctl, const char *what, struct mapping_args *a, bool look);

/* Open a directory, as mapping_args_open() does. Return: 0 or CTL_REFUSED, which has been told. */
int mapping_args_open_dir(
	const struct ctl *ctl, const char *what, const char *role, const char *path, int *ret);

/* The agreed number of a mapping: its own, or that of its name by --at if it is the first mapping of it; -1: none. */
int mapping_args_number(const struct mapping_args *a, const struct mapping *m);

/* Is a new open file to be made of what is lent? */
bool mapping_args_reopen(const struct mapping_args *a, const struct mapping *m);

/* What is lent under a name; NULL: nothing. */
struct mapping_lent *mapping_args_lent(const struct mapping_args *a, const char *name);

/* ---- for files of mappings (mapping_file.c) ---- */

/* Lend one more; consumes spec. Return: 0, or -1 with @err: the name is taken. */
int mapping_args_lend(struct mapping_args *a, struct spec_fd *spec, struct err *err);

/*
 * Map one more; text and name are copied. Return: 0, or -1 with @err: it is no
 * target.
 */
int mapping_args_map(struct mapping_args *a, const char *text, const char *name, int number,
	bool reopen, struct err *err);

void mapping_args_done(struct mapping_args *a);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* getopt_long() for all commands: the options that all take, and errors in our own words. */
#ifndef FDBROKER_CTL_OPTIONS_H
#define FDBROKER_CTL_OPTIONS_H

#include <getopt.h>
#include <stddef.h>

#include "ctl.h"

/*
 * Values of long options. A command's own begin at OPTIONS_OWN, those of mapping_args.c at OPTIONS_MAPPING,
 * CRIU's at OPTIONS_CRIU.
 */
#define OPTIONS_COMMON  256
#define OPTIONS_OWN     300
#define OPTIONS_MAPPING 350
#define OPTIONS_CRIU    400

/* What options_next() returns besides letters and values of the command. */
enum {
	OPTIONS_END = -1,  /* no more */
	OPTIONS_BAD = -2,  /* wrong, and said so */
	OPTIONS_HELP = -3, /* --help */
};

#define OPTIONS_MAX 64 /* long options of one command */

struct options {
	struct ctl *ctl;                      /* borrowed; the common ones are set there */
	const char *command;                  /* borrowed; for errors; "": no command yet */
	char letters[64];                     /* for getopt_long() */
	struct option table[OPTIONS_MAX + 1]; /* ends with a name of NULL */
	size_t n;
};

/**
 * options_init() - begin with the options that every command takes
 * @stop: end at the first argument that is no option, which is the command
 */
void options_init(struct options *o, struct ctl *ctl, const char *command, bool stop);

/**
 * options_add() - one more
 * @name:    borrowed
 * @has_arg: of getopt_long()
 * @val:     a letter, which becomes a short option as well, or a value
 */
void options_add(struct options *o, const char *name, int has_arg, int val);

/* The next option of the command itself: its val, with optarg; or OPTIONS_... */
int options_next(struct options *o, int argc, char **argv);

/**
 * options_too_many() - is there an argument behind the options of a command that takes none?
 *
 * Return: true, and said so.
 */
bool options_too_many(const struct options *o, int argc, char **argv);

/* Is JSON asked for? Known before all else, so that an error in the command line is JSON too. */
void options_find_json(struct ctl *ctl, int argc, char **argv);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one table of what can be set: its rows, and a struct config that has their defaults. */
#ifndef FDBROKER_CONFIG_TABLE_H
#define FDBROKER_CONFIG_TABLE_H

#include <stddef.h>

#include "config/config.h"

/* Which kind of value; in brackets the type of its member in struct config. */
enum config_type {
	CONFIG_NUMBER, /* [uint64_t] decimal, or one of the words */
	CONFIG_SIZE,   /* [uint64_t] bytes: "64K", "2G" */
	CONFIG_TIME, /* [uint64_t] milliseconds: "90", "10min", "1h 30min"; without a unit: seconds */
	CONFIG_BOOL,    /* [uint64_t] yes, no, true, false, on, off, 1, 0 */
	CONFIG_WORD,    /* [uint64_t] one of the words */
	CONFIG_PATH,    /* [char *] absolute, or "none": NULL */
	CONFIG_PROGRAM, /* [char *] absolute path, or a name that is looked for */
	CONFIG_GROUP,   /* [struct config_group] a name of /etc/group, a number, or "none" */
};

struct config_word {
	const char *word; /* NULL ends the list */
	uint64_t value;
};

struct config_option {
	const char *section, *key;
	enum config_type type;
	size_t offset;                   /* of the member */
	uint64_t lowest, highest;        /* of a number that is not a word */
	const struct config_word *words; /* NULL: none */
	bool at_start;                   /* a change takes a restart */
	const char *fallback;            /* the default, as it would be written in a file */
	const char *what;                /* one line for people */
};

extern const struct config_option config_options[];
extern const size_t config_n_options;

/* "number", "size", ... for people and programs. */
const char *config_type_name(enum config_type type);

/* Return: the row, or NULL. Case matters. */
const struct config_option *config_option_find(const char *section, const char *key);

/* Is there such a section? */
bool config_section_known(const char *section);

/* How many restores run criu at one time: config->max_workers, or what the machine has room for. */
unsigned config_workers(const struct config *config);

#endif

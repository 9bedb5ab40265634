/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Configuration files: which there are, in which order, and the struct config that they make. */
#ifndef FDBROKER_CONFIG_FILE_H
#define FDBROKER_CONFIG_FILE_H

#include "config/config_text.h"

/* A setting of the command line. */
struct config_override {
	const char *section, *key;
	const char *text;   /* borrowed */
	const char *origin; /* borrowed; "--deadline" */
};

#define CONFIG_MAX_OVERRIDES 16

/* Where settings come from; the later win. Zeroed but for local: the standard folders. Kept for reloads. */
struct config_source {
	int local;        /* becomes config->local */
	bool no_files;    /* the defaults, and the command line */
	const char *path; /* borrowed; a file or folder instead of the standard ones; NULL */
	const char *const *
		folders; /* borrowed, ends in NULL; instead of the standard ones, for tests; NULL */
	struct config_override overrides[CONFIG_MAX_OVERRIDES];
	size_t n_overrides;
};

/**
 * config_load() - read everything
 * @ret:    on 0; config_done() ends it
 * @faults: on failure all that is wrong; config_faults_done() is due in both cases
 *
 * Of each folder all files NAME.conf, by name, at most 256 of at most 1 MiB; of a name that is in two folders the
 * one in the later. A symbolic link to /dev/null is an empty file. What others may write to is refused. A FIFO or
 * another thing that could hang is never opened for long.
 *
 * Return: 0 or -1.
 */
int config_load(
	const struct config_source *source, struct config *ret, struct config_faults *faults);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of one configuration file -> settings, and everything that is wrong with it. */
#ifndef FDBROKER_CONFIG_TEXT_H
#define FDBROKER_CONFIG_TEXT_H

#include "config/config_table.h"

#define CONFIG_MAX_FAULTS 100

/* What is wrong: "FILE:LINE: text", each one printable line. Zeroed: nothing. */
struct config_faults {
	char *texts[CONFIG_MAX_FAULTS]; /* owned */
	size_t n;
	size_t left_out; /* there were more */
};

/* Adds "WHERE: text". @where: "FILE:LINE", or an option; made printable, as the text is. */
void config_fault(struct config_faults *faults, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void config_faults_done(struct config_faults *faults);

/**
 * config_text_read() - take the settings of a file
 * @name:   of the file, for origins and faults
 * @text:   any bytes
 * @config: of config_init(); what the file sets is overwritten, good settings of a bad file too
 * @faults: all that is wrong with the file is added
 */
void config_text_read(const char *name, const char *text, size_t size, struct config *config,
	struct config_faults *faults);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of settings for people and programs. */
#ifndef FDBROKER_CONFIG_SHOW_H
#define FDBROKER_CONFIG_SHOW_H

#include <stdio.h>

/*
 * One line each: section, key, type, default, range ("-": none), "restart" or "reload" (when a change counts), what it
 * is; with tabs between them. For scripts that make documents.
 */
void config_show_options(FILE *out);

/* A configuration file that says what is so without it, every line a comment. */
void config_show_example(FILE *out);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One value: text <-> its member in struct config. */
#ifndef FDBROKER_CONFIG_VALUE_H
#define FDBROKER_CONFIG_VALUE_H

#include "config/config_table.h"

#define CONFIG_VALUE_MAX 4200 /* longest text of a value, with its zero */

/**
 * config_init() - every setting at its default, config->local -1
 * @ret: zeroed or not, it is written over; config_done() ends it
 *
 * Return: 0 or -ENOMEM.
 */
int config_init(struct config *ret);

/* Zeroed and half-made ones are allowed. */
void config_done(struct config *config);

/**
 * config_value_parse() - set one member
 * @text: empty: the default
 * @why:  on failure why, as the rest of a sentence: "'7x' is no number within 1 .. 1024"; with the
 *         start of @text as it is
 * @size: of why; 256 is enough
 *
 * Looks a group up in /etc/group and nowhere else: what else there is may ask the network, and wait.
 *
 * Return: 0, or -1: nothing was changed.
 */
int config_value_parse(const struct config_option *option, const char *text, struct config *config,
	char *why, size_t size);

/**
 * config_value_text() - a member as it would be written in a file
 * @buf:  at least CONFIG_VALUE_MAX bytes
 *
 * Return: buf. Parsed again it gives the same value.
 */
const char *config_value_text(
	const struct config_option *option, const struct config *config, char *buf, size_t size);

/* The range or the words of an option for people: "1 .. 1024 or auto"; empty: anything of its type. */
const char *config_value_range(const struct config_option *option, char *buf, size_t size);

#endif

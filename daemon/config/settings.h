/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the configuration to those who are limited by it, at the start and while the daemon runs. */
#ifndef FDBROKER_SETTINGS_H
#define FDBROKER_SETTINGS_H

#include "config/config_file.h"
#include "jobs/jobs.h"

/**
 * settings_apply() - from now on these limits hold
 *
 * What is in use beyond a limit that was lowered stays; ended jobs beyond it are forgotten when the loop comes to it.
 */
void settings_apply(const struct config *config, struct users *users, struct jobs *jobs);

/**
 * settings_reload() - read the configuration anew
 * @config: on 0 the new one, at the same place; settings that take a restart stay as they are, and the log says so
 *
 * Return: 0; -1: it is bad, the log says why, and @config stays as it is.
 */
int settings_reload(const struct config_source *source, struct config *config);

/* Every fault of a configuration into the log. */
void settings_log_faults(const struct config_faults *faults);

#endif

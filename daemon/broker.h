/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Owns all parts of the daemon and wires them together. */
#ifndef FDBROKER_BROKER_H
#define FDBROKER_BROKER_H

#include "config/config_file.h"

/**
 * broker_run() - serve until told to stop (SIGTERM, SIGINT), or, with config->local, until that client
 *                has gone and its restores have ended
 * @source: borrowed; where the configuration is read anew from, on SIGHUP
 * @config: borrowed; changed by that
 *
 * Restores under way at the stop are cancelled first; restored trees live on.
 *
 * Return: exit code for main().
 */
int broker_run(const struct config_source *source, struct config *config);

#endif

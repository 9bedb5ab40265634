/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* To the broker: the one that runs, or a private one. */
#ifndef FDBROKER_CTL_DIAL_H
#define FDBROKER_CTL_DIAL_H

#include <stdbool.h>

#include "ctl.h"
#include "fdbroker.h"

/**
 * dial() - connect as the command line says
 * @what: the command, for errors
 * @fall_back: with neither --socket nor --local: if no broker runs, say so and start a private one
 *
 * Return: 0, or an exit code; the reason has been told.
 */
int dial(struct ctl *ctl, const char *what, struct fdb_client *c, bool fall_back);

#endif

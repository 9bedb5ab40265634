/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images read by this program itself, without a broker. */
#ifndef FDBROKER_CTL_IMAGES_H
#define FDBROKER_CTL_IMAGES_H

#include "ctl.h"
#include "plan/plan.h"

/**
 * images_load() - read a directory of images
 * @what: the command, for errors
 * @ret:  zeroed; graph_done() is due in both cases
 *
 * Return: 0, or an exit code; the reason has been told.
 */
int images_load(const struct ctl *ctl, const char *what, const char *path, struct graph *ret);

/* The same for a directory that is open already; borrowed. */
int images_load_fd(const struct ctl *ctl, const char *what, int dir, struct graph *ret);

/* No broker is asked: complain of options that choose one. Return: 0, or CTL_USAGE, which has been told. */
int images_offline(const struct ctl *ctl, const char *what);

/* Tell why planning or reading failed. Return: an exit code. */
int images_error(const struct ctl *ctl, const char *what, const struct err *err);

/* Write pieces of JSON to standard output, made fit for a terminal: for struct report. */
void images_put_json(void *none, const char *text);

#endif

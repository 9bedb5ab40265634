/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does something hold the daemon that restored tasks would inherit for ever? */
#ifndef FDBROKER_CONFINED_H
#define FDBROKER_CONFINED_H

#include <stddef.h>

/**
 * confined_by() - what of our own would leak into every restored tree
 *
 * Return: "NoNewPrivs", "Seccomp" or "mount namespace" (not that of process 1), static; NULL: nothing.
 */
const char *confined_by(void);

#endif

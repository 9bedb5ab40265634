/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What images need from outside, for people: a sentence each, and the option that meets it. */
#ifndef FDBROKER_CTL_NEEDS_VIEW_H
#define FDBROKER_CTL_NEEDS_VIEW_H

#include <stdio.h>

#include "plan/plan.h"
#include "screen.h"

/* Write the needs of a plan; nothing if there are none. Return: 0 or -ENOMEM. */
int needs_print(const struct plan *p, const struct screen *screen, FILE *out);

#endif

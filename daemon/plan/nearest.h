/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may have been meant by a target that names nothing. */
#ifndef FDBROKER_PLAN_NEAREST_H
#define FDBROKER_PLAN_NEAREST_H

#include "plan/graph.h"
#include "plan/target.h"

/**
 * nearest_text() - the end of a sentence: "no ... ; did you mean 'pipe:[5]'?"
 * @t:   resolved to nothing
 * @buf: receives a text that begins with "; " or ": ", or nothing if there is nothing to propose
 *
 * Looks at no more than a few thousand keys.
 */
const char *nearest_text(const struct graph *g, const struct target *t, char *buf, size_t size);

#endif

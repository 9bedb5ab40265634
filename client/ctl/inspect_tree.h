/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tree of tasks with all they have, for people. */
#ifndef FDBROKER_CTL_INSPECT_TREE_H
#define FDBROKER_CTL_INSPECT_TREE_H

#include "inspect_view.h"

/* All of the view: how much there is, the tree, the needs. Return: 0 or -ENOMEM. */
int tree_print(const struct view *v);

#endif

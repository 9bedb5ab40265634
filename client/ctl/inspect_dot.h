/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graph of the images as a drawing for Graphviz. */
#ifndef FDBROKER_CTL_INSPECT_DOT_H
#define FDBROKER_CTL_INSPECT_DOT_H

#include "inspect_view.h"

/* Write a digraph of the view, for "dot -Tsvg". Return: 0 or -ENOMEM. */
int dot_print(const struct view *v);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last step of loading: the references between open files, and the ways back to their users. */
#ifndef FDBROKER_PLAN_LINK_H
#define FDBROKER_PLAN_LINK_H

#include "base/err.h"
#include "plan/graph.h"

/**
 * link_graph() - finish a graph whose arrays are filled
 * @g:   files[].path is the id of the record with the path, or NONE; files[].resource of ttys and
 *       memfds is the number in the images: they become indexes here
 * @err: BAD_IMAGES or INTERNAL
 *
 * Return: 0 or -1.
 */
int link_graph(struct graph *g, struct err *err);

#endif

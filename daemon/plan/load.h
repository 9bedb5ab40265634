/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a directory of images to the graph of graph.h. */
#ifndef FDBROKER_PLAN_LOAD_H
#define FDBROKER_PLAN_LOAD_H

#include "base/err.h"
#include "plan/graph.h"

/**
 * load_graph() - read all images that tell about tasks and their open files
 * @dir: directory, open for reading; borrowed until the graph ends
 * @ret: zeroed; graph_done() is due in both cases
 * @err: BAD_IMAGES, LIMIT (image.h lists the limits) or INTERNAL (no memory); field is file and
 *       record: "files.img[12]"
 *
 * Linear in the size of the images, in time and memory. What is said twice, what refers to something
 * that is not there and what cannot be (a task before its parent, so also a cycle) is an error.
 * Memory contents are not read.
 *
 * Return: 0 or -1.
 */
int load_graph(int dir, struct graph *ret, struct err *err);

#endif

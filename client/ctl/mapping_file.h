/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file of mappings: JSON, a list of objects or an object that has it as "mappings". `inspect --needs
 * --json` writes one that wants filling in. docs/inspect.md has the members.
 */
#ifndef FDBROKER_CTL_MAPPING_FILE_H
#define FDBROKER_CTL_MAPPING_FILE_H

#include "mapping_args.h"

/**
 * mapping_file_read() - add the mappings of a file
 * @path: "-": standard input
 * @err:  BAD_REQUEST; field is the member at fault: "mappings[2].fd"
 *
 * Opens nothing for longer than this call: the descriptors that it names are found later.
 *
 * Return: 0 or -1.
 */
int mapping_file_read(const char *path, struct mapping_args *a, struct err *err);

/* The same for its text. */
int mapping_file_parse(const char *text, size_t n, struct mapping_args *a, struct err *err);

#endif

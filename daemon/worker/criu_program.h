/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which criu is run, and what this machine makes it need. */
#ifndef FDBROKER_CRIU_PROGRAM_H
#define FDBROKER_CRIU_PROGRAM_H

#include <stddef.h>

/**
 * criu_program_find() - the absolute path of the criu to run
 * @name: a path (made absolute), a bare name (looked for in the directories of a fixed PATH, never in
 *        the environment's), NULL: "criu"
 * @ret:  where nothing is found, the path at which it was expected
 * @size: PATH_MAX
 */
void criu_program_find(const char *name, char *ret, size_t size);

/**
 * criu_program_fault() - the CRIU_FAULT that criu needs on this machine
 *
 * criu before 4.2 does not notice that hardware breakpoints do not fire and then hangs for ever, unless
 * fault 130 stops it from using them (kerndat.c of 4.2 looks by itself).
 *
 * Return: "130" or NULL; static.
 */
const char *criu_program_fault(void);

#endif

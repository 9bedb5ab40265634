/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The policy as a table: for the man page, and for administrators who want to know what their version does. */
#ifndef FDBROKER_POLICY_PRINT_H
#define FDBROKER_POLICY_PRINT_H

#include <stdio.h>

/**
 * policy_print() - every field of criu_opts, a line each, after a line of headings
 *
 * Columns, with a tab between them: name, number, what class full may, what class own may ("yes", "no", or
 * "false": only its default), and what it is for, or why nobody may. Errors are left in @out for ferror().
 */
void policy_print(FILE *out);

#endif

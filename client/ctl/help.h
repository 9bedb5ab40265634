/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts of --help. */
#ifndef FDBROKER_CTL_HELP_H
#define FDBROKER_CTL_HELP_H

/* Print the help of a command, "" for that of the program. Return: CTL_DONE. */
int help_show(const char *command);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of commands about jobs that exist: numbers of jobs. */
#ifndef FDBROKER_CTL_JOB_ARG_H
#define FDBROKER_CTL_JOB_ARG_H

#include <stddef.h>
#include <stdint.h>

#include "ctl.h"

/* Of one command line. */
#define JOB_ARG_MAX 4096

/**
 * job_arg_read() - what stands behind the options
 * @argv:  from optind on, and so to the end
 * @most:  so many may be there
 * @ret:   room for @most
 *
 * Refuses --local as well.
 *
 * Return: 0, or CTL_USAGE, which has been told. *ret_n is how many there are.
 */
int job_arg_read(const struct ctl *ctl, const char *what, int argc, char **argv, size_t most,
	uint64_t *ret, size_t *ret_n);

/* The same where just one job must be named. */
int job_arg_one(const struct ctl *ctl, const char *what, int argc, char **argv, uint64_t *ret);

#endif

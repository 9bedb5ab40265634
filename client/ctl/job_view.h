/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything about one job, as a page. */
#ifndef FDBROKER_CTL_JOB_VIEW_H
#define FDBROKER_CTL_JOB_VIEW_H

#include <stdio.h>

#include "fdbroker.h"
#include "screen.h"

/* Return: 0, or -ENOMEM: it is not whole. */
int job_view_print(const struct fdb_job *job, const struct screen *screen, FILE *f);

#endif

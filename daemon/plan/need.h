/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of planning that finds the needs; plan.h has what others may call. */
#ifndef FDBROKER_PLAN_NEED_H
#define FDBROKER_PLAN_NEED_H

#include "plan/plan.h"

/* Fills p->needs in; p->owners is complete. Return: 0 or -ENOMEM. */
int need_find(struct plan *p);

#endif

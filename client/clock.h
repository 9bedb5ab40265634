/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* wait_ms, as everywhere in fdbroker.h, and the moment at which it is over. */
#ifndef FDBROKER_CLOCK_H
#define FDBROKER_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER (-1)

/* When a wait that begins now is over, milliseconds on CLOCK_MONOTONIC; CLOCK_NEVER for -1. */
int64_t clock_end_ms(int wait_ms);

/* What is left of a wait, in the form of wait_ms: 0 .. INT_MAX, or -1 for CLOCK_NEVER. */
int clock_left_ms(int64_t end_ms);

#endif

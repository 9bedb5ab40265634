/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moments on CLOCK_MONOTONIC. See clock.h. */
#include "clock.h"

#include <limits.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_end_ms(int wait_ms)
{
	/* One more: now_ms() has cut off a part of a millisecond, and no wait may be too short. */
	return wait_ms < 0 ? CLOCK_NEVER : now_ms() + wait_ms + (wait_ms > 0);
}

int clock_left_ms(int64_t end_ms)
{
	int64_t left;

	if (end_ms == CLOCK_NEVER)
		return -1;
	left = end_ms - now_ms();
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

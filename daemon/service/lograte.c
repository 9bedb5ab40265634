/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fixed table, for what is kept must not grow with the users. See lograte.h. */
#include "service/lograte.h"

enum lograte_says lograte_ask(
	struct lograte *rate, uid_t user, uint64_t now_ms, unsigned *ret_left_out)
{
	unsigned i = user % LOGRATE_BUCKETS;

	*ret_left_out = 0;
	if (!rate->buckets[i].since_ms || now_ms - rate->buckets[i].since_ms >= LOGRATE_MS) {
		*ret_left_out = rate->buckets[i].left_out;
		rate->buckets[i].since_ms = now_ms;
		rate->buckets[i].lines = rate->buckets[i].left_out = 0;
	}
	if (++rate->buckets[i].lines < LOGRATE_LINES)
		return LOGRATE_WRITE;
	if (rate->buckets[i].lines == LOGRATE_LINES)
		return LOGRATE_LAST;
	rate->buckets[i].left_out++;
	return LOGRATE_LEAVE_OUT;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has asked, for lines of the log: a part of the text, and fields of messages.h. */
#ifndef FDBROKER_CALLS_WHO_H
#define FDBROKER_CALLS_WHO_H

#include "policy/policy.h"

struct who {
	char text
		[192]; /* "pid 54, fdbroker-ctl; class own: AllowOwn is on"; the uid goes before it */
	char uid[32], pid[32], comm[40], class[32];
};

void who_is(const struct policy_peer *peer, struct who *ret);

#endif

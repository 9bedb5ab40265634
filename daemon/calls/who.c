/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has asked. See who.h. */
#include "calls/who.h"

#include <stdio.h>

void who_is(const struct policy_peer *peer, struct who *ret)
{
	const char *rule, *class = policy_class_name(policy_class(peer, &rule));

	snprintf(ret->text, sizeof(ret->text), "pid %d%s%s; class %s: %s", (int)peer->pid,
		peer->program[0] ? ", " : "", peer->program, class, rule);
	snprintf(ret->uid, sizeof(ret->uid), "FDBROKER_UID=%u", (unsigned)peer->uid);
	snprintf(ret->pid, sizeof(ret->pid), "FDBROKER_PEER_PID=%d", (int)peer->pid);
	snprintf(ret->comm, sizeof(ret->comm), "FDBROKER_PEER_COMM=%s", peer->program);
	snprintf(ret->class, sizeof(ret->class), "FDBROKER_CLASS=%s", class);
}

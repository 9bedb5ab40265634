/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks a Restore field by field, before anything is started. */
#ifndef FDBROKER_CALLS_RESTORE_CHECK_H
#define FDBROKER_CALLS_RESTORE_CHECK_H

#include "calls/handlers.h"
#include "jobs/job.h"

struct restore_checked {
	struct job_spec
		spec; /* mappings and opts are owned; descriptors borrowed from the packet and the session */
	bool carry_on; /* when the client is gone */
};

/**
 * restore_check() - is this request good?
 * @ret: on 0 what to start; the directories are taken out of the packet
 *
 * Looks at descriptors only by calls that cannot block, for a lent directory may be anything.
 *
 * Return: 0, or -1 with @err naming the field.
 */
int restore_check(const struct call *call, struct restore_checked *ret, struct err *err);

/**
 * restore_check_directory() - is the index of a packet's descriptor a directory opened for reading?
 * @field: its name in the call
 *
 * Return: 0, or -1 with @err.
 */
int restore_check_directory(
	const struct call *call, const char *field, uint32_t index, struct err *err);

void restore_checked_done(struct restore_checked *checked);
#define autorestore __attribute__((cleanup(restore_checked_done)))

#endif

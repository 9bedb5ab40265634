/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What criu counted in a restore, as it leaves it in its work directory: the image "stats-restore". */
#ifndef FDBROKER_STATS_H
#define FDBROKER_STATS_H

#include <stdbool.h>
#include <stdint.h>

/* Of criu's images/stats.proto. */
struct stats {
	uint64_t pages_compared;    /* with pages that are shared already */
	uint64_t pages_skipped_cow; /* of those: the same, so they stay shared */
	uint64_t pages_restored;
	bool has_pages_restored; /* old criu did not count them */
	uint32_t forking_us; /* making the tasks; mostly 0: criu measures it only within one task */
	uint32_t restore_us; /* all of it, up to where the tasks are let go */
};

/**
 * stats_read() - the statistics of a restore that has succeeded
 * @work_dir: borrowed. In the daemon itself only one that we have made (scratch.h), in memory: reading there
 *            does not wait. A client's own may hang
 * @ret:      filled in on success only
 *
 * Return: 0; -ENOENT: criu has written none; -EBADMSG: that is not such an image; other -errno.
 */
int stats_read(int work_dir, struct stats *ret);

#endif

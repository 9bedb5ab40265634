/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures -> OpenMetrics 1.0 text, the format that Prometheus and others read. Pure. What each metric means to an
 * administrator: docs/operations.md.
 */
#ifndef FDBROKER_METRICS_TEXT_H
#define FDBROKER_METRICS_TEXT_H

#include "service/metrics.h"

/* What the protocol promises. The longest text that there can be fits with room (tests/unit/test_metrics_text.c). */
#define METRICS_TEXT_MAX (128 * 1024)

/* What there is at the moment of asking. Strings are borrowed; any UTF-8. */
struct metrics_now {
	const char *version;
	const char *criu, *fault; /* the criu of restores, and its CRIU_FAULT; "": none */
	uint64_t started_us;      /* CLOCK_REALTIME of the daemon's start */
	int64_t open_fds;         /* of the daemon, what is lent too; -1: not known */
	uint64_t max_fds;         /* it may have */
	uint64_t under_way, under_way_allowed;
	uint64_t planners_waited_for, planners_in_use, planners_allowed;
	uint64_t workers_waited_for, workers_in_use, workers_allowed;
	uint64_t reports, reports_allowed;
	uint64_t trees;
	uint64_t sessions, sessions_allowed;
	uint64_t lent_to_sessions, lent_to_restores, lent_allowed;
	uint64_t kept_jobs, kept_jobs_allowed;
	uint64_t log_bytes, log_bytes_allowed;
	uint64_t draining, criu_usable; /* 0 or 1 */
	uint64_t warnings;
	const struct metrics_users *users; /* sorted */
};

/* Return: the text, the caller's (free(3)); NULL: no memory. */
char *metrics_text(const struct metrics *m, const struct metrics_now *now);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an administrator can set, as the daemon uses it, and the limits that nobody can. Names, defaults and
 * ranges: config_table.c, the one place.
 */
#ifndef FDBROKER_CONFIG_H
#define FDBROKER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Of the protocol, or needed for safety. A client that meets one gets an error that names it. */
#define CONFIG_MAX_OPTS_BYTES    65536        /* of criu_opts */
#define CONFIG_MAX_KEY_BYTES     4095         /* of a key: a path */
#define CONFIG_MAX_PROBLEM_BYTES (256 * 1024) /* of the problems in a result, a part of a packet */
#define CONFIG_PACKETS_A_TURN    16    /* of one session, before the others have their turn */
#define CONFIG_MAX_PIDS          65536 /* of a tree, that the planner child tells */
#define CONFIG_EXPLAIN_BYTES                                                                       \
	(16l * 1024 * 1024) /* of criu's log that it reads: first and last halves */

#define CONFIG_MAX_OPTIONS 64 /* rows of the table */

#define CONFIG_FAULT_AUTO UINT64_MAX /* fault: find out */

struct config_group {
	char *name; /* owned; as it was given; NULL: none */
	gid_t gid;
};

/* Numbers are within the ranges of the table. Not documented here what is there. */
struct config {
	int local; /* number of an inherited connected socket; -1: none. Of the command line alone */

	/* [Broker] */
	char *criu;            /* owned; path or name */
	uint64_t fault;        /* CRIU_FAULT; 0: none; CONFIG_FAULT_AUTO */
	char *state_dir;       /* owned; NULL: none, nothing outlives the daemon */
	char *socket_path;     /* owned; NULL: none */
	uint64_t deadline_ms;  /* not over max_deadline_ms */
	uint64_t idle_exit_ms; /* 0: never */

	/* [Policy] */
	struct config_group group;
	uint64_t allow_own; /* 0 or 1 */

	/* [Log] */
	uint64_t log_level; /* LOG_ERR .. LOG_DEBUG */

	/* [Limits] */
	uint64_t max_sessions;
	uint64_t max_lent; /* of a session */
	uint64_t reserved_fds;
	uint64_t max_mappings;
	uint64_t max_waiting; /* calls of a session */
	uint64_t max_queue_bytes, max_queue_fds, max_watch_bytes;
	uint64_t max_restores;
	uint64_t max_workers; /* 0: as many as the machine has room for, config_workers() */
	uint64_t max_planners;
	uint64_t max_reports;
	uint64_t max_deadline_ms;
	uint64_t planner_ms, layer_ms, unchanged_ms, explain_ms;
	uint64_t planner_memory, max_plan_bytes;
	uint64_t max_kept, max_log_bytes, max_job_log_bytes, max_growing_log_bytes;

	/* [UserLimits] */
	uint64_t user_sessions, user_lent, user_restores, user_kept;
	uint64_t user_log_bytes, user_queue_bytes;
	uint64_t own_workers, own_restores, own_trees; /* of class own */

	/* owned; of each row of the table: "FILE:LINE" or an option of the command line; NULL: the default */
	char *origins[CONFIG_MAX_OPTIONS];
};

#endif

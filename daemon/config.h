/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every limit of the daemon, by name, and what its command line can change. */
#ifndef FDBROKER_CONFIG_H
#define FDBROKER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Limits. A client that meets one gets an error that names it. */
#define CONFIG_MAX_SESSIONS      1024  /* connections at one time */
#define CONFIG_MAX_LENT          8192  /* lent descriptors of one session */
#define CONFIG_RESERVED_FDS      256   /* kept free below RLIMIT_NOFILE for the daemon itself */
#define CONFIG_MAX_MAPPINGS      8192  /* of one restore */
#define CONFIG_MAX_OPTS_BYTES    65536 /* of criu_opts */
#define CONFIG_MAX_KEY_BYTES     4095  /* of a key: a path */
#define CONFIG_MAX_QUEUE_BYTES   (4 * 1024 * 1024) /* of messages that a client has not read yet */
#define CONFIG_MAX_QUEUE_FDS     512               /* of descriptors in them */
#define CONFIG_MAX_DEADLINE_MS   86400000u         /* a day */
#define CONFIG_DEADLINE_MS       600000u           /* where the client names none: ten minutes */
#define CONFIG_PLANNER_MS        10000             /* for reading the images and planning */
#define CONFIG_PLANNER_MEMORY    (2048ul * 1024 * 1024) /* address space of the child that does it */
#define CONFIG_PLANNER_BYTES     (512l * 1024 * 1024)   /* of the plan that it hands back */
#define CONFIG_MAX_WATCH_BYTES   (256 * 1024) /* of messages not read yet: then events are dropped */
#define CONFIG_MAX_WAITING       256          /* calls of one session that wait for jobs to end */
#define CONFIG_MAX_PROBLEM_BYTES (256 * 1024) /* of the problems in a result */
#define CONFIG_MAX_REPORTS       16           /* plans and inspections under way, of all sessions */
#define CONFIG_LAYER_MS          10000        /* for putting new images over a client's directory */
#define CONFIG_PACKETS_A_TURN    16 /* of one session, before the others have their turn */

#define CONFIG_STATE_DIR      "/run/criu-fdbroker/state"
#define CONFIG_MAX_QUEUED     512  /* restores that have no result yet, of all users */
#define CONFIG_PLANNERS       16   /* images being read at one time */
#define CONFIG_MAX_KEPT       1024 /* jobs that have ended and can still be asked for */
#define CONFIG_MAX_LOG_BYTES  (256ull * 1024 * 1024) /* of criu's logs that are kept, in all */
#define CONFIG_JOB_LOG_BYTES  (4ull * 1024 * 1024)   /* of one: more is cut out of its middle */
#define CONFIG_GROWING_LOG    (64ull * 1024 * 1024)  /* of one that criu still writes */
#define CONFIG_USER_SESSIONS  512                    /* connections of one user */
#define CONFIG_USER_LENT      16384                  /* descriptors that one user lends */
#define CONFIG_USER_JOBS      256                    /* restores without a result, of one user */
#define CONFIG_USER_KEPT      512                    /* ended jobs of one user that are kept */
#define CONFIG_USER_LOG_BYTES (128ull * 1024 * 1024) /* of their logs */
#define CONFIG_USER_QUEUE_BYTES                                                                    \
	(16ull * 1024 * 1024) /* of messages that one user has not read yet */

/* The planner child, when it is asked something after its plan. */
#define CONFIG_UNCHANGED_MS 10000 /* have the images changed? */
#define CONFIG_EXPLAIN_MS   2000  /* why did criu fail, by its log? */
#define CONFIG_EXPLAIN_BYTES                                                                       \
	(16l * 1024 * 1024)   /* of the log that are read: first and last halves */
#define CONFIG_MAX_PIDS 65536 /* of a tree, that it tells */

struct config {
	const char *socket_path; /* NULL: none given */
	int local;               /* number of an inherited connected socket; -1: none */
	const char *criu;        /* path or name; NULL: look for "criu" */
	const char *fault;       /* CRIU_FAULT; "": none, NULL: find out */
	uint32_t deadline_ms;    /* default of a restore */
	unsigned workers;        /* restores that run criu at one time */
	const char *state_dir;   /* NULL: none, nothing outlives the daemon */
	unsigned
		idle_s; /* end after so long without work, if systemd would start us again; 0: never */
	const gid_t *group; /* whose members may restore as root may; NULL: none */
	bool allow_own;     /* everybody else may restore as themselves */
};

#endif

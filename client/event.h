/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the opaque types for things that came from the broker are made of. */
#ifndef FDBROKER_EVENT_H
#define FDBROKER_EVENT_H

#include <stdbool.h>

#include "base/err.h"
#include "fdbroker.h"

/* What the broker says besides an error. A value, as struct err is; a text that is longer is cut. */
struct advice {
	char reason[64]; /* a stable word, or "" */
	char hint[512];  /* one line for people, UTF-8, or "" */
};

struct fdb_event {
	struct fdb_event *next; /* in arrived */
	enum fdb_event_kind kind;
	int stage;
	uint64_t job;
	uint64_t at_us;
	char *notification;        /* owned, or NULL */
	int descriptor;            /* owned, or -1 */
	struct fdb_result *result; /* owned; FDB_EVENT_RESULT, until taken */
	struct fdb_job *report_of; /* owned; FDB_EVENT_JOB, or an answer about a job, until taken */
	uint64_t lost;             /* FDB_EVENT_JOB: dropped right before it */

	/* FDB_EVENT_ANSWER */
	uint64_t call;
	int status;                /* 0 or -errno */
	struct err err;            /* if that is negative */
	struct advice advice;      /* and with it */
	struct fdb_report *report; /* owned; the answer to Status, until taken */
	struct fdb_job_list *list; /* owned; the answer to List, until taken */
	struct fdb_config *config; /* owned; the answer to GetConfig, until taken */
	char *metrics;             /* owned; the answer to Metrics, until taken */
	bool log_complete;         /* Log */
	bool draining;             /* Drain */
	uint32_t jobs_left;        /* Drain */
};

struct problem {
	char *code, *text; /* owned */
	bool error;
	int mapping; /* -1: none */
};

struct fdb_result {
	uint64_t job;
	bool success;
	struct err err; /* without success */
	struct advice advice;
	enum fdb_cleanup cleanup;
	pid_t pid;
	int pidfd;    /* owned, or -1 */
	int log;      /* owned, or -1 */
	int *numbers; /* owned */
	size_t n_numbers;
	struct fdb_event **stages; /* owned, each of them too */
	size_t n_stages;
	uint64_t total_us;
	struct problem *problems; /* owned */
	size_t n_problems;
	uint32_t problems_left_out;
	bool has_statistics;
	uint64_t pages_compared, pages_skipped_cow, pages_restored, forking_us, restore_us;
};

struct transition {
	enum fdb_job_state state;
	uint64_t at_us;
};

struct fdb_job {
	uint64_t number;
	enum fdb_job_state state;
	uid_t uid;
	pid_t client_pid;
	uint64_t accepted_us, age_us;
	uint32_t deadline_ms;
	enum fdb_gone gone;
	uint32_t position;     /* 0: not queued */
	int tasks, tasks_made; /* -1: not known */
	bool has_log;
	uint64_t log_bytes;
	bool recovered;
	struct fdb_result *result;      /* owned, or NULL; until taken */
	struct transition *transitions; /* owned */
	size_t n_transitions;
	enum fdb_job_end end;
	int exit_code; /* -1: FDB_END_EXITED is not its end */
	int signal;    /* 0: FDB_END_SIGNAL is not */
	bool core_dumped;
	bool has_usage;
	uint64_t user_us, system_us, max_rss_kib, minor_faults, major_faults;
};

struct fdb_job_list {
	struct fdb_job **jobs; /* owned, each of them too */
	size_t n;
	bool more;
};

struct setting {
	char *section, *key, *value, *fallback; /* owned */
	char *origin;                           /* owned, or NULL */
};

struct fdb_config {
	struct setting *settings; /* owned */
	size_t n;
};

struct fdb_report {
	char *version;    /* owned */
	char *criu_path;  /* owned */
	char *criu_fault; /* owned, or NULL */
	char *cgroup;     /* owned, or NULL */
	char *state_dir;  /* owned, or NULL */
	char **warnings;  /* owned, each of them too */
	size_t n_warnings;
	pid_t pid;
	bool criu_usable;
	bool draining;
	uint32_t sessions, lent, jobs_running, trees, jobs_queued, max_workers, jobs_kept;
	uint64_t jobs_done, jobs_failed, uptime_ms, log_bytes;
};

#endif

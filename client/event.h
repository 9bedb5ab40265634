/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the opaque types for things that came from the broker are made of. */
#ifndef FDBROKER_EVENT_H
#define FDBROKER_EVENT_H

#include <stdbool.h>

#include "base/err.h"
#include "fdbroker.h"

struct fdb_event {
	struct fdb_event *next; /* in arrived */
	enum fdb_event_kind kind;
	int stage;
	uint64_t job;
	uint64_t at_us;
	char *notification;        /* owned, or NULL */
	int descriptor;            /* owned, or -1 */
	struct fdb_result *result; /* owned; FDB_EVENT_RESULT, until taken */

	/* FDB_EVENT_ANSWER */
	uint64_t call;
	int status;                /* 0 or -errno */
	struct err err;            /* if that is negative */
	struct fdb_report *report; /* owned; the answer to Status, until taken */
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
};

struct fdb_report {
	char *version;    /* owned */
	char *criu_path;  /* owned */
	char *criu_fault; /* owned, or NULL */
	char *cgroup;     /* owned, or NULL */
	char **warnings;  /* owned, each of them too */
	size_t n_warnings;
	pid_t pid;
	bool criu_usable;
	uint32_t sessions, lent, jobs_running, trees;
	uint64_t jobs_done, jobs_failed, uptime_ms;
};

#endif

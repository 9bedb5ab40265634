/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of a job, and stays known when it has ended or the daemon was started anew. Plain data:
 * job.c fills it in, kept.c carries it over a crash, the calls show it.
 */
#ifndef FDBROKER_RECORD_H
#define FDBROKER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"
#include "worker/stats.h"

/* The numbers are those of fdbroker.v1.JobState. The picture: job.c. */
enum job_state {
	JOB_ACCEPTED = 1,
	JOB_PLANNED = 2,
	JOB_QUEUED = 3,
	JOB_STARTING = 4,
	JOB_RESTORING = 5,
	JOB_ENDING = 6,
	JOB_RUNNING = 7,
	JOB_ENDED = 8,
};
#define JOB_N_STATES 9

/* criu sends at most nine notifications; more are passed on, not recorded. */
#define JOB_MAX_STAGES 32

enum job_stage_kind {
	JOB_STAGE_PLANNED,  /* nothing speaks against the mappings */
	JOB_STAGE_QUEUED,   /* waits for its turn */
	JOB_STAGE_STARTING, /* its turn has come */
	JOB_STAGE_STARTED,  /* criu runs and has been asked to restore */
	JOB_STAGE_NOTIFIED, /* criu has reached one of its notifications */
};

struct job_stage {
	enum job_stage_kind kind;
	char name[64];  /* JOB_STAGE_NOTIFIED: criu's name of the notification */
	uint64_t at_us; /* microseconds since it was accepted */
};

/* The numbers are those of fdbroker.v1.Cleanup. */
enum job_cleanup {
	JOB_CLEANUP_NONE = 0,    /* criu was never started, or the restore succeeded */
	JOB_CRIU_CLEANED_UP = 1, /* criu ended its tasks and itself */
	JOB_TREE_KILLED = 2,     /* we killed criu and what it had made */
};

struct record_problem {
	char *code;  /* owned */
	bool error;  /* else a warning */
	int mapping; /* index; -1: about none */
	char *text;  /* owned */
};

/* A task, in a way that survives us: a number can be another's by then. */
struct record_task {
	pid_t pid;           /* 0: none */
	uint64_t start_time; /* clock ticks since boot; 0: not known */
	uint64_t inode;      /* rootwatch_inode(); 0: not known */
};

struct record {
	uint64_t id;
	uid_t uid;            /* of the client */
	pid_t client;         /* its pid when it connected */
	uint64_t accepted_us; /* CLOCK_REALTIME */
	uint64_t started_us;  /* the same moment on CLOCK_MONOTONIC */
	uint32_t deadline_ms;
	bool carry_on;
	bool own;       /* criu works as its client, who is not as good as root */
	bool recovered; /* by a daemon that was started later */
	enum job_state state;
	uint64_t at_us[JOB_N_STATES]; /* when it entered each state, since accepted_us; 0: never */
	struct job_stage stages[JOB_MAX_STAGES];
	size_t n_stages;
	uint32_t tasks; /* in the images; 0: not known yet */

	/* Where its tasks are. */
	char cgroup[320]; /* path below the root of cgroup v2; "": none */
	struct record_task criu, root;

	/* From JOB_RUNNING on, or with failure on JOB_ENDED. */
	bool has_result, success;
	struct err err;  /* without success */
	char reason[32]; /* of docs/errors.md, or "" */
	char hint[400];  /* or "" */
	enum job_cleanup cleanup;
	uint64_t total_us; /* from acceptance to the result */
	int *numbers;      /* owned; one for each mapping, once criu was started; else none */
	size_t n_numbers;
	struct record_problem *problems; /* owned */
	size_t n_problems;
	bool has_stats;
	struct stats stats;

	/* JOB_ENDED with success. */
	bool end_known;
	int end_status; /* as waitpid(2) gives it */
	bool has_usage;
	struct rusage usage;

	bool has_log;
	uint64_t log_bytes; /* of the log when criu had ended */
};

/**
 * record_add_problem() - @code and @text are copied
 *
 * Return: 0 or -ENOMEM.
 */
int record_add_problem(
	struct record *r, const char *code, bool error, int mapping, const char *text);

/* Frees what it owns. */
void record_done(struct record *r);

/* "accepted", "planned" ... as fdbroker-ctl spells them; "unknown". Static. */
const char *record_state_name(enum job_state state);

#endif

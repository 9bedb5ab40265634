/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One criu, from exec to its end: its descriptors, its environment, its RPC. What a notification or an
 * answer means for the job is job.c's business.
 */
#ifndef FDBROKER_WORKER_H
#define FDBROKER_WORKER_H

#include <stdbool.h>

#include "base/err.h"
#include "processes/reap.h"
#include "processes/spawn.h"
#include "worker/swrk.h"

struct worker;

struct worker_mapping {
	const char *key; /* borrowed */
	int fd;          /* borrowed; lent descriptor */
	int number;      /* in: agreed number or NUMBERS_NONE; out: number in criu's table */
};

struct worker_spec {
	const char *criu;  /* absolute path */
	const char *fault; /* CRIU_FAULT for criu, NULL: none */
	int images;        /* borrowed; directory of the images */
	int work;          /* borrowed; directory that criu may write to */
	int log;           /* borrowed; becomes criu's descriptors 1 and 2 */
	int cgroup;        /* borrowed; or -1 */
	int highest;       /* highest number in criu's table, from numbers_highest() */
	struct worker_mapping *mappings; /* borrowed; number is filled in */
	size_t n_mappings;
	const uint8_t *opts; /* borrowed; the client's options after the policy's check */
	size_t n_opts;
	const struct credentials *run_as; /* borrowed; whose rights criu gets; NULL: ours */
};

enum worker_answer {
	WORKER_GO_ON,
	WORKER_GIVE_UP, /* criu takes it until post-restore; after that it goes on all the same */
	WORKER_WAIT,    /* worker_answer() will say */
};

/* All called from the loop, never from inside a call of ours. */
struct worker_ops {
	/* A notification. fd: consumed by the callee; a descriptor that came with it, or -1. */
	enum worker_answer (*notified)(void *arg, const char *script, pid_t pid, int fd);
	/* criu has answered. It will end by itself; ended() follows. */
	void (*replied)(void *arg, const struct swrk_reply *reply);
	/* criu hung up (@err NULL) or sent garbage before an answer. It may still run. */
	void (*broke)(void *arg, const struct err *err);
	/* criu has ended and is reaped. Always the last call; the worker is freed after it. */
	void (*ended)(void *arg, int status, const struct spawn_report *report);
};

/**
 * worker_start() - start criu and ask it to restore
 * @spec: borrowed for this call
 * @ops:  borrowed, with @arg, until ended()
 *
 * Return: 0, or -1 with @err: nothing runs.
 */
int worker_start(const struct worker_spec *spec, struct event_base *base, struct reaper *reaper,
	const struct worker_ops *ops, void *arg, struct worker **ret, struct err *err);

/**
 * worker_hang_up() - close criu's RPC socket
 *
 * Until post-restore is acknowledged, that makes criu give up and end all tasks that it has made, at
 * its next notification (measured, reference criu.md 4.3). No callback but ended() comes after it.
 */
void worker_hang_up(struct worker *w);

/* Answer a notification for which notified() said WORKER_WAIT. */
void worker_answer(struct worker *w, bool go_on);

/* SIGKILL to criu alone; the tasks that it made stay. ended() follows. */
void worker_kill(struct worker *w);

pid_t worker_pid(const struct worker *w);

/* Our end of criu's socket, borrowed; -1: the conversation is over. */
int worker_rpc(const struct worker *w);

/* Forget a worker that still runs: at the daemon's own end only. Its socket is closed. */
void worker_abandon(struct worker *w);

#endif

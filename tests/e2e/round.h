/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One restore in which something bad happens at one exact moment, and the proof afterwards: its outcome is the
 * right one and is not lost, the tree runs just if it says so, and nothing is left. For tools/stages.c.
 */
#ifndef FDBROKER_TESTS_ROUND_H
#define FDBROKER_TESTS_ROUND_H

#include "ask.h"
#include "hold.h"
#include "manager.h"
#include "quiet.h"

/* When. */
enum place {
	AT_ACCEPTED, /* the broker has just accepted it, and plans */
	AT_QUEUED,   /* another restore has its place */
	AT_STARTED,  /* criu is a process, which has not begun */
	AT_MOMENT,   /* criu has said or heard something */
	AT_RANDOM,   /* criu is anywhere before its post-restore */
};

struct stage {
	const char *name;
	enum place place;
	struct moment moment; /* AT_MOMENT */
};

/* What. */
enum action {
	KILL_CRIU,
	STOP_CRIU,    /* by SIGSTOP; its deadline ends it */
	STOP_CANCEL,  /* the same; Cancel ends it */
	CANCEL,       /* Cancel, criu works on */
	KILL_CLIENT,  /* its restore shall be cancelled */
	CARRY_ON,     /* its restore shall go on */
	KILL_BROKER,  /* and start it again when criu has ended */
	KILL_STOPPED, /* and criu is stopped while it is started again */
	STOP_BROKER,  /* by SIGTERM, and start it again */
	N_ACTIONS,
};

struct world {
	struct manager manager;
	struct quiet quiet;
	struct broker broker; /* as rawclient.h wants it: where the socket and the images are */
	const char *criu;     /* the real one */
	const char
		*key; /* of what the tree writes to: a log is lent for it; NULL: nothing is lent */
	const char *root; /* criu's --root; NULL: none */
	unsigned tasks;   /* of the tree */
	bool init;        /* its root is the init of a pid namespace: only SIGKILL ends it */
	unsigned calls;   /* system calls of criu until its post-restore */
	uint64_t last_job;
	unsigned n[N_ACTIONS]; /* rounds */
	unsigned early;        /* of those at AT_ACCEPTED: that were still being planned */
	unsigned wrote; /* restores without success whose tasks have run, if only for a moment */
	unsigned again; /* rounds where the deadline came first */
};

/* Which round it is, for people. */
void round_name(const char *stage, const char *action, unsigned n);
const char *round_where(void);

/* Fails the test. */
_Noreturn void round_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Write the program that stops itself before it is criu, and start the broker. */
void world_begin(struct world *w);
void world_end(struct world *w);

/* One round. @what: what is possible at this stage */
void round_run(struct world *w, const struct stage *stage, enum action what, unsigned n);

/* Count the system calls of criu (world.calls). */
void round_measure(struct world *w);

/* ---- parts, for other tests ---- */

/* A connection, by which a log is lent if there is one to lend. */
int round_connect(struct world *w);

/* Ask for a restore; nothing is awaited. @criu_stops: before it begins */
void round_send(struct world *w, int sock, uint32_t deadline_ms, bool carry_on, bool criu_stops);

/* Both. */
int round_start(struct world *w, uint32_t deadline_ms, bool carry_on, bool criu_stops);

/* It is accepted. Return: its number, which is a new one. */
uint64_t round_accepted(struct world *w, int sock);

/* The tree is whole and runs; end it, hear the truth from Wait, and end what is left of it. */
void round_end_tree(struct world *w, uint64_t job, const struct seen *seen, unsigned n);

/* Its root ends by a signal, which depends on @n and is returned. */
int round_end_root(const struct world *w, pid_t root, unsigned n);

/* End all that is no part of the world. */
void round_end_others(struct world *w);

/* Until there are as many processes as the tree has tasks. */
void round_await_tree(struct world *w);

/* Nothing is left. */
void round_quiet(struct world *w);

/* Does the kernel tell how a task that is not our child has ended? */
bool round_ends_are_known(void);

#endif

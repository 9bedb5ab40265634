/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A broker, the images of one tree, and who asks for it to be restored; and the proof that nothing is left of it.
 * For tools/stages.c, in a world of its own (lib.sh). Every function fails the running test where something does
 * not work.
 */
#ifndef FDBROKER_TESTS_WORLD_H
#define FDBROKER_TESTS_WORLD_H

#include "ask.h"
#include "manager.h"
#include "quiet.h"

#define WORLD_LONG_MS 60000 /* a deadline that does not come */

struct world {
	struct manager manager;
	struct quiet quiet;
	struct broker broker; /* as rawclient.h wants it: where the socket and the images are */
	const char *criu;     /* the real one */
	const char *target;   /* what the tree writes to: lent is a log; NULL: nothing is */
	const char *root; /* criu's --root: its root task is the init of a namespace; NULL: none */
	unsigned tasks;   /* of the tree */
	uid_t uid;        /* of who asks: not 0: in class own */
	bool refused;     /* the tree is one that its client may not have */
	uint64_t last_job;
};

/* What is being done, for people. */
void world_name(const char *stage, const char *action, unsigned n);
const char *world_where(void);

/* Fails the test. */
_Noreturn void world_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Write the program that can stop itself before it becomes criu, and start the broker with it. */
void world_begin(struct world *w);
void world_end(struct world *w);

/* Nothing is left. */
void world_quiet(struct world *w);

/* Does the kernel tell how a task that is not our child has ended? */
bool world_ends_are_known(void);

/* ---- the client ---- */

/* A connection, by which a log is lent if there is one to lend. */
int world_connect(struct world *w);

/* Ask for a restore; nothing is awaited. @criu_stops: before it begins */
void world_send(struct world *w, int sock, uint32_t deadline_ms, bool carry_on, bool criu_stops);

/* Both. */
int world_start(struct world *w, uint32_t deadline_ms, bool carry_on, bool criu_stops);

/* It is accepted. Return: its number, which is a new one. */
uint64_t world_accepted(struct world *w, int sock);

/* A client that is a process, to be killed, with a restore that is accepted. */
pid_t world_fork_client(struct world *w, bool carry_on, bool criu_stops, uint64_t *job);

/* ---- the tree ---- */

/* Until there are as many processes as the tree has tasks. */
void world_await_tree(struct world *w);

/* Its root ends by a signal, which depends on @n and is returned. */
int world_end_root(const struct world *w, pid_t root, unsigned n);

/* End all that is no part of the world. */
void world_end_others(struct world *w);

/* The tree is whole and runs; end it, hear the truth from Wait, and end what is left of it. */
void world_end_tree(struct world *w, uint64_t job, const struct seen *seen, unsigned n);

/* Bytes in the log that is lent: more of them mean that the tree has run. */
off_t world_log_size(void);

#endif

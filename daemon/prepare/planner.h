/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads and plans in a child: a lent directory can hang, and images are hostile bytes. The plan itself
 * is made by plan/; here it is carried from the child to the daemon.
 */
#ifndef FDBROKER_PLANNER_H
#define FDBROKER_PLANNER_H

#include "processes/helper.h"
#include "prepare/overlay.h"
#include "plan/explain.h"
#include "prepare/planning.h"

struct planner_problem {
	const char *code; /* static: its name in the protocol */
	bool error;
	int mapping; /* -1: about none */
	const char *text;
};

/* A plan as the daemon needs it. Pointers are into message, but for what is owned. */
struct planned {
	struct planner_problem *problems; /* owned */
	size_t n_problems, n_errors;
	const char *const *keys;    /* one for each mapping, if there are no errors */
	struct overlay_file *files; /* owned; none: criu sees the client's directory itself */
	size_t n_files;
	uint32_t n_tasks; /* that will live */
	const uint32_t *
		pids; /* of tasks and threads that criu makes; none in a pid namespace of their own */
	size_t n_pids; /* at most CONFIG_MAX_PIDS: then there may be more */
	void *message; /* owned */
};

/**
 * planner_start() - plan in a child
 * @request: borrowed for the call: the child has its copy, and duplicates of the descriptors
 *
 * ops->done() gets a descriptor: see enum planner_output. After PLANNER_FOR_CRIU helper_ask() may ask what
 * enum planner_question has.
 *
 * Return: 0, or -1 with @err.
 */
int planner_start(struct event_base *base, struct reaper *reaper,
	const struct planner_request *request, const struct helper_ops *ops, void *arg,
	struct helper **ret, struct err *err);

/*
 * Is it memory that nobody can change any more? What a child hands back that has read hostile bytes could be
 * anything, and hang its reader.
 */
bool planner_is_memory(int fd);

/**
 * planner_read() - read what the child has handed back
 * @fd:         borrowed; what planned.files says is in it
 * @max_bytes:  of the plan; what is longer is none
 * @n_mappings: of the request
 * @ret:        zeroed; planned_done() is due in both cases
 *
 * Return: 0, or -1 with @err.
 */
int planner_read(
	int fd, uint64_t max_bytes, size_t n_mappings, struct planned *ret, struct err *err);

/**
 * planner_explained() - read the answer to PLANNER_EXPLAIN
 * @answer: as the child gave it: nothing of it is believed. NULL is allowed
 *
 * Return: true: @ret is filled in, its texts are one printable line each; false: the child found nothing.
 */
bool planner_explained(const void *answer, size_t size, struct explained *ret);

/* Add a warning that the daemon itself has; @text is static. Without memory it is left out. */
void planned_warn(struct planned *p, int code, const char *text);

void planned_done(struct planned *p);

#endif

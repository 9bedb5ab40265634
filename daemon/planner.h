/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads and plans in a child: a lent directory can hang, and images are hostile bytes. The plan itself
 * is made by plan/; here it is carried from the child to the daemon.
 */
#ifndef FDBROKER_PLANNER_H
#define FDBROKER_PLANNER_H

#include "helper.h"
#include "overlay.h"

/* One mapping of a request. */
struct planner_mapping {
	const char *target; /* borrowed; a text of plan/target.h, or a key if is_key */
	bool is_key;
	const char *lent; /* borrowed; name of the lent descriptor, for texts */
	int fd;           /* borrowed; the lent descriptor */
	bool reopen;
};

/* What the child hands back. */
enum planner_output {
	PLANNER_FOR_CRIU, /* for planner_read() */
	PLANNER_PLAN,     /* the plan as JSON, for people and programs (plan/report_plan.h) */
	PLANNER_INSPECT,  /* what is in the images as JSON (plan/report_inspect.h) */
};

struct planner_request {
	enum planner_output output;
	int images; /* borrowed */
	const struct planner_mapping *mappings;
	size_t n_mappings;
	uint64_t at_own_risk; /* mask of 1 << enum plan_code */
};

struct planner_problem {
	const char *code; /* static: its name in the protocol */
	bool error;
	int mapping; /* -1: about none */
	const char *text;
};

/* A plan as the daemon needs it. All pointers into message. */
struct planned {
	struct planner_problem *problems; /* owned */
	size_t n_problems, n_errors;
	const char *const *keys;    /* one for each mapping, if there are no errors */
	struct overlay_file *files; /* owned; none: criu sees the client's directory itself */
	size_t n_files;
	void *message; /* owned */
};

/**
 * planner_start() - plan in a child
 * @request: borrowed for the call: the child has its copy, and duplicates of the descriptors
 *
 * ops->done() gets a descriptor: see enum planner_output. After PLANNER_FOR_CRIU helper_ask() asks whether all images are
 * still what they were when they were read: device, inode, size, mtime, ctime of every file.
 *
 * Return: 0, or -1 with @err.
 */
int planner_start(struct event_base *base, struct reaper *reaper,
	const struct planner_request *request, const struct helper_ops *ops, void *arg,
	struct helper **ret, struct err *err);

/* Is it a memfd? What a child hands back that has read hostile bytes could be anything, and hang its reader. */
bool planner_is_memory(int fd);

/**
 * planner_read() - read what the child has handed back
 * @fd:         consumed
 * @n_mappings: of the request
 * @ret:        zeroed; planned_done() is due in both cases
 *
 * Return: 0, or -1 with @err.
 */
int planner_read(int fd, size_t n_mappings, struct planned *ret, struct err *err);

/* Add a warning that the daemon itself has; @text is static. Without memory it is left out. */
void planned_warn(struct planned *p, int code, const char *text);

void planned_done(struct planned *p);

#endif

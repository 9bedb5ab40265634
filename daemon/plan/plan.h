/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a set of mappings will do to a set of images, and all that speaks against it: the header of
 * libplan.a for others.
 *
 *   load_graph()   images -> graph           (load.h)
 *   target_parse() text -> target            (target.h)
 *   plan_make()    graph + mappings -> plan
 *   plan_split()   plan -> the image files that criu must see in place of the client's
 */
#ifndef FDBROKER_PLAN_PLAN_H
#define FDBROKER_PLAN_PLAN_H

#include "base/err.h"
#include "base/facts.h"
#include "plan/graph.h"
#include "plan/load.h"
#include "plan/split.h"
#include "plan/target.h"

/*
 * What can be said about a mapping. Numbers and names (plan_code_name()) are stable: never reused.
 * Errors refuse the restore; those marked (risk) become warnings where the client accepts the code.
 */
enum plan_code {
	/* errors */
	PLAN_NO_MATCH = 1,     /* the target names nothing */
	PLAN_MAPPED_TWICE = 2, /* two mappings want one open file */
	PLAN_LENT_CLOSED = 3,  /* the lent descriptor cannot be looked at */
	PLAN_WRONG_KIND = 4,   /* (risk) a pipe for a directory, a socket for an eventfd */
	PLAN_WRONG_ACCESS = 5, /* (risk) the task writes, what is lent is open for reading only */
	PLAN_EXE_REPLACED = 6, /* (risk) a program is replaced: criu maps other code */
	PLAN_MAPPING_REPLACED = 7, /* (risk) a mapped file is replaced */
	PLAN_ROOT_REPLACED = 8,    /* (risk) a root directory is replaced */
	PLAN_CANNOT_REOPEN = 9,    /* what is lent cannot be opened again: a socket, an eventfd */
	PLAN_NOT_POLLABLE =
		10, /* an epoll of the tree watches it, and what is lent cannot be watched */
	PLAN_PID_TAKEN = 11,    /* (risk) a pid of the tree is in use */
	PLAN_NUMBER_TWICE = 12, /* two mappings have one agreed number */
	PLAN_PTY_NUMBER =
		13, /* (risk) the lent pty has the number that a pty of the images needs */
	/* warnings */
	PLAN_KIND_DIFFERS = 32,     /* close enough: a file or terminal for a pipe */
	PLAN_POSITION_DIFFERS = 33, /* the task will find another position than it left */
	PLAN_APPEND_DIFFERS = 34,
	PLAN_NONBLOCK_DIFFERS = 35,
	PLAN_SHARED_BY_TASKS = 36, /* more than one task gets it */
	PLAN_DATA_LOST = 37,       /* what waits in the pipe or socket is dropped */
	PLAN_SEVERAL_FILES = 38,   /* the key is of several open files: all become one */
	PLAN_SHARED_WITH_LENDER =
		39, /* position and flags are those of the lender's own descriptor */
	PLAN_CWD_REPLACED = 40,
	PLAN_PEER_CUT = 41,   /* the other end stays and will see the end */
	PLAN_OVERWRITES = 42, /* reopened at its start and not for appending */
	PLAN_BOUND_LAYER =
		43, /* the daemon's: no overlayfs over these images, their files are bound one by one */
	PLAN_CODES = 64, /* one more than any code: they are bits of a mask */
};

enum plan_level {
	PLAN_ERROR,
	PLAN_WARNING,
};

/* How the tasks get what is lent. */
enum plan_how {
	PLAN_DUP,    /* the lent open file itself */
	PLAN_REOPEN, /* a new open file on what is lent, with the flags of the images */
};

/* What these images cannot be restored without, or not as they were. */
enum plan_need_code {
	NEED_PIPE_END = 1,    /* a pipe with no reader or no writer in the tree */
	NEED_SOCKET_PEER = 2, /* a unix socket that is connected to one outside */
	NEED_EXTERNAL = 3,    /* a file that criu was told to leave out (--external) */
	NEED_TERMINAL = 4,    /* a terminal outside of the tree */
	NEED_PLUGIN = 5,      /* an open file that a plugin of criu restores */
	NEED_NAMESPACE = 6,   /* a namespace that criu was told to leave out */
};

struct plan_need {
	enum plan_need_code code;
	uint32_t file; /* which to map: plan_need_target(); NEED_NAMESPACE: index in g->spaces */
};

/* One mapping as it is asked for. All pointers are borrowed until the plan ends. */
struct plan_mapping_in {
	struct target target;
	const char *name;   /* of the lent descriptor; for texts */
	struct facts facts; /* of the lent descriptor */
	bool reopen; /* a new open file with the images' flags and position, not the lent one itself */
};

/* Who has a pid or a process group or session of that number. The daemon looks, for plan/ does not. */
struct plan_pid {
	uint32_t pid;
	uint32_t holder;  /* a process of which it is the pid, group or session */
	const char *what; /* "a process", "a zombie", "the group of a process", ...: borrowed */
};

struct plan_request {
	const struct plan_mapping_in *mappings;
	size_t n_mappings;
	uint64_t at_own_risk;        /* bit 1 << enum plan_code: accepted */
	uint64_t nonce;              /* drawn at random: makes the keys of split open files */
	const struct plan_pid *pids; /* taken pids among those of the tree, as far as they matter */
	size_t n_pids;
};

struct plan_problem {
	enum plan_code code;
	enum plan_level level;
	uint32_t mapping; /* index, NONE if it is not about one */
	const char *text; /* the plan's; one printable line */
};

struct plan_mapping {
	struct target_files
		files; /* the open files that change; their descriptors and tasks: graph.h */
	const char *
		key; /* the plan's or target's; what criu is to be given. NULL if nothing matches */
	char split_name[48]; /* if split: the name that the open files get in the images */
	bool split;          /* the key is one of ours, and plan_split() makes it match */
	enum plan_how how;
	uint32_t n_tasks, n_descs; /* that change */
	uint32_t stays
		[8]; /* other open files on the same resource, which do not change: the first */
	uint32_t n_stays; /* how many of them, up to 9: then there are more */
};

struct plan {
	const struct graph *g;         /* borrowed */
	struct plan_mapping *mappings; /* owned; as in the request */
	struct plan_problem *problems; /* owned */
	struct split *splits;          /* owned; for split_make() */
	struct plan_need *needs;       /* owned; those that no mapping meets */
	size_t n_mappings, n_problems, n_splits, n_needs;
	size_t n_errors;        /* problems of level PLAN_ERROR: 0: it may be restored */
	uint32_t *owners;       /* owned; by open file: the mapping that has it, or NONE */
	uint32_t *space_owners; /* owned; by g->spaces: the same */
	struct texts texts;
	size_t max_problems, max_splits, max_needs; /* allocated */
};
#define autoplan __attribute__((cleanup(plan_done)))

/**
 * plan_make() - plan
 * @g:   borrowed until plan_done()
 * @ret: zeroed; plan_done() is due in both cases. n_errors > 0: refused, problems[] says why
 * @err: INTERNAL: no memory
 *
 * A target that is a task's descriptor or an id is one open file and gets the lent open file itself; if
 * its key would hit more, or would not give the lent open file itself (pipes), or would make criu hang
 * (connected sockets), it is split. A key or path is all that CRIU's key hits, done in CRIU's own way
 * (pipes are reopened) wherever that works.
 *
 * Return: 0 or -1.
 */
int plan_make(
	const struct graph *g, const struct plan_request *r, struct plan *ret, struct err *err);

/* The new image files of a plan without errors: split_make() for its splits. */
int plan_split(const struct plan *p, struct split_images *ret, struct err *err);

void plan_done(struct plan *p);

/* "no-match", "wrong-kind", ...; NULL for a number that is no code. */
const char *plan_code_name(int code);
/* The number of a code's name, or -1. */
int plan_code_of(const char *name);
/* May a client accept it? */
bool plan_code_acceptable(enum plan_code code);

/* "pipe-end", ...; never NULL. */
const char *plan_need_name(enum plan_need_code code);
/* A target that meets it: "key:pipe:[5]" or "17.4". Return: buf. */
const char *plan_need_target(
	const struct graph *g, const struct plan_need *need, char *buf, size_t size);
/* One sentence about a need. Return: buf. */
const char *plan_need_text(
	const struct graph *g, const struct plan_need *need, char *buf, size_t size);

#endif

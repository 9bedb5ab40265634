/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts one program with exactly the descriptors it shall have, at exactly the numbers agreed on.
 * Where those numbers come from is worker.c's business; in which order they are copied is place.c's.
 */
#ifndef FDBROKER_SPAWN_H
#define FDBROKER_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "policy/credentials.h"
#include "worker/place.h"

/* How far a child came that ended before its program ran. */
enum spawn_stage {
	SPAWN_DONE = 0, /* the program was executed (or the child was killed from outside) */
	SPAWN_RIGHTS,
	SPAWN_CWD,
	SPAWN_IMAGES,
	SPAWN_LIMITS,
	SPAWN_PLACE,
	SPAWN_EXEC,
};

/* Written by the child, in memory shared with it, and valid once it has ended. */
struct spawn_report {
	enum spawn_stage stage;
	int sys; /* errno */
};

struct spawn_spec {
	const char *path; /* program; absolute */
	char *const *argv;
	char *const *envp;              /* the whole environment */
	const struct place_want *wants; /* everything it gets, 0..2 included; all else is closed */
	size_t n_wants;
	int cwd;    /* borrowed; directory that becomes the working directory */
	int images; /* borrowed; directory that must hold inventory.img, or -1 */
	int cgroup; /* borrowed; cgroup v2 directory to be born into, or -1 */
	const struct credentials *run_as; /* borrowed; see credentials_become(); NULL: as we are */
	uint64_t caps;                    /* with run_as: what stays */
};

struct spawned {
	pid_t pid;
	int pidfd; /* owned; from birth, so that no pid is ever signalled by number alone */
	struct spawn_report *report; /* owned; spawn_report_free() */
};

/**
 * spawn_start() - start the program, in a child that comes from a zygote
 *
 * The child becomes a session leader (a ^C at a terminal must not kill criu at the wrong moment), with
 * every signal at its default and none blocked, the soft RLIMIT_NOFILE raised to the hard one. It
 * becomes spec->run_as before it touches anything. It looks for the images itself, for a lent directory may hang and the caller must not. Nothing here
 * waits for it: see spawn_report once it has ended.
 *
 * All descriptors are borrowed; the child has its own duplicates, on their way to it, when this returns. It
 * does not die with the daemon, unless that happens before it has them.
 *
 * Return: 0, or -1 with @err.
 */
int spawn_start(const struct spawn_spec *spec, struct spawned *ret, struct err *err);

void spawn_report_free(struct spawn_report *report);

#endif

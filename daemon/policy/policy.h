/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may restore, and with which of criu's options. Pure: facts in, a decision out.
 *
 * Images are programs for root: whoever may choose the images of a criu that runs as root is as
 * good as root. So the line is drawn at who asks, not at what the images hold: whoever is not as good as root
 * gets a criu that is not root, and then the kernel is the judge.
 */
#ifndef FDBROKER_POLICY_H
#define FDBROKER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "policy/credentials.h"
#include "criu/opts.h"

/* What a peer may, from nothing to everything. */
enum policy_class {
	POLICY_NONE, /* say hello, and ask how the broker is */
	POLICY_OWN,  /* restore as the user that it is, with that user's rights and no more */
	POLICY_FULL, /* restore as root */
};

/* Who is at the other end of a connection. */
struct policy_peer {
	uid_t uid; /* SO_PEERCRED at accept: what the peer becomes later does not count */
	gid_t gid;
	pid_t pid;        /* 0: of another pid namespace */
	char program[16]; /* its name, for people: letters, digits, ".", "_", "-"; "": not known */
	gid_t *groups; /* SO_PEERGROUPS; owned by whoever peer_read() was called by, until peer_done() */
	size_t n_groups;
	bool in_group;  /* of those who may restore as root, see config.h */
	bool local;     /* the broker inherited the connection from whoever started it */
	bool allow_own; /* the administrator lets everybody restore as who they are */
	/* The broker's own, by getresuid(); read if local. */
	struct {
		uid_t real, effective, saved;
	} own;
};

/**
 * policy_class() - what may this peer?
 * @rule: NULL, or receives why: static, the end of a sentence "CLASS: ..."
 *
 * None: uid 65534, which may stand for several users that this user namespace has no number for.
 *
 * Full: uid 0; members of the group that the administrator has named, which makes them as good as root;
 * and on an inherited connection a peer with exactly the rights that the broker has (one uid, real, effective
 * and saved: nothing is gained by asking).
 *
 * Own: everybody else, if the administrator allows it.
 */
enum policy_class policy_class(const struct policy_peer *peer, const char **rule);

/* "none", "own", "full". Static. */
const char *policy_class_name(enum policy_class which);

/**
 * policy_may_call() - may this peer make a call that needs this class?
 * @call: its name
 *
 * Return: 0, or -1 with @err (PERMISSION, the text names the uid, the class and the rule).
 */
int policy_may_call(
	const struct policy_peer *peer, enum policy_class needs, const char *call, struct err *err);

/* May this peer see, wait for and cancel jobs of this user? Its own; all, if it is of class full. */
bool policy_may_see(const struct policy_peer *peer, uid_t uid);

/*
 * Whom criu is to run as, and the images to be read as, for this peer: @ret filled in, its groups borrowed from the
 * peer; false: as root. Of a peer that may restore.
 */
bool policy_runs_as(const struct policy_peer *peer, struct credentials *ret);

/* What becomes of a field of criu_opts. */
enum policy_says {
	POLICY_REFUSES,
	POLICY_TAKES_FALSE, /* for it is what criu does anyway; nothing is passed on */
	POLICY_ALLOWS,
};

/* The table of options, by class; what is no flag is refused or allowed. */
enum policy_says policy_option(enum policy_class which, const struct opts_field *f);

/**
 * policy_options() - check a client's options, field by field, and encode anew what is allowed
 * @opts: the client's encoded criu_opts; NULL and 0: none
 * @ret:  on success the options for criu, owned by the caller (free()), in the order in which they
 *        came; made from the checked values, never the client's bytes. NULL if there are none.
 *        A flag that the peer may not set is left out if it is false
 *
 * Return: 0, or -1 with @err:
 *         FORBIDDEN_OPTION, field "criu_opts.NAME" (or the number, of a field that CRIU did not
 *         have when the table was made: a newer criu would give it a meaning);
 *         BAD_REQUEST, field "criu_opts" (over CONFIG_MAX_OPTS_BYTES, or no protobuf message) or
 *         "criu_opts.NAME" (a value of another type or out of range, given twice, a zero byte in a
 *         string);
 *         INTERNAL (no memory).
 */
int policy_options(const struct policy_peer *peer, const uint8_t *opts, size_t size, uint8_t **ret,
	size_t *ret_size, struct err *err);

#endif

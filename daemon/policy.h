/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may restore, and with which of criu's options. Pure: facts in, a decision out.
 *
 * Images are programs for root: whoever may choose the images of a criu that runs as root is as
 * good as root. So the line is drawn at who asks, not at what the images hold.
 */
#ifndef FDBROKER_POLICY_H
#define FDBROKER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Who is at the other end of a connection. */
struct policy_peer {
	uid_t uid; /* SO_PEERCRED at accept: what the peer becomes later does not count */
	gid_t gid;
	pid_t pid;
	bool in_group; /* of those who may restore, see config.h */
	bool local;    /* the broker inherited the connection from whoever started it */
	/* The broker's own, by getresuid(); read if local. */
	struct {
		uid_t real, effective, saved;
	} own;
};

/**
 * policy_peer() - may this peer restore at all?
 *
 * Yes: uid 0; members of the group that the administrator has named, which makes them as good as root;
 * and on an inherited connection a peer with exactly the rights that the broker has
 * (one uid, real, effective and saved: nothing is gained by asking). Never uid 65534, which may
 * stand for a user that this user namespace has no number for.
 *
 * Return: 0, or -1 with @err (PERMISSION, the text names the uid).
 */
int policy_peer(const struct policy_peer *peer, struct err *err);

/* May this peer see, wait for and cancel jobs of this user? Its own; all, if it may restore. */
bool policy_may_see(const struct policy_peer *peer, uid_t uid);

/**
 * policy_options() - check a client's options, field by field, and encode anew what is allowed
 * @opts: the client's encoded criu_opts; NULL and 0: none
 * @ret:  on success the options for criu, owned by the caller (free()), in the order in which they
 *        came; made from the checked values, never the client's bytes. NULL if there are none
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The credentials of a connection. See peer.h. */
#include "policy/peer.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef SO_PEERPIDFD /* Linux 6.5; Debian 12 has older headers */
#define SO_PEERPIDFD 77
#endif

/* Is the process still there that has connected? Then its number is still its own. */
static bool is_there(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* By its number, which is another's if it has gone: it must be there afterwards. */
static void read_program(int fd, struct policy_peer *ret)
{
	autofd int pidfd = -1, file = -1;
	socklen_t size = sizeof(pidfd);
	char path[32], name[sizeof(ret->program)] = "";

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)ret->pid);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0)
		return;
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || read(file, name, sizeof(name) - 1) < 0 || !is_there(pidfd))
		return;
	name[strcspn(name, "\n")] = 0;
	for (char *c = name; *c; c++)
		if (!isascii(*c) || (!isalnum(*c) && !strchr("._-", *c)))
			*c = '?';
	memcpy(ret->program, name, sizeof(name));
}

static int read_groups(int fd, struct policy_peer *ret)
{
	autofree gid_t *groups = NULL;
	socklen_t size = 0;

	gid_t none;

	/* Too small at first, for the kernel to tell the size. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &size) < 0 && errno != ERANGE)
		return -errno;
	if (size == 0)
		return 0;
	groups = malloc(size);
	if (!groups)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
		return -errno;
	ret->n_groups = size / sizeof(*groups);
	ret->groups = TAKE_PTR(groups);
	return 0;
}

static bool is_member(const struct policy_peer *peer, gid_t group)
{
	bool is = peer->gid == group;

	for (size_t i = 0; i < peer->n_groups; i++)
		is |= peer->groups[i] == group;
	return is;
}

int peer_read(int fd, const struct config *config, struct policy_peer *ret)
{
	struct policy_peer peer = { .local = config->local >= 0, .allow_own = config->allow_own };
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	peer.uid = cred.uid;
	peer.gid = cred.gid;
	peer.pid = cred.pid;
	if (getresuid(&peer.own.real, &peer.own.effective, &peer.own.saved) < 0)
		return -errno;
	read_program(fd, &peer);
	r = read_groups(fd, &peer);
	if (r < 0)
		return r;
	peer.in_group = config->group.name && is_member(&peer, config->group.gid);
	*ret = peer;
	return 0;
}

void peer_done(struct policy_peer *peer)
{
	free(peer->groups);
	*peer = (struct policy_peer){ 0 };
}

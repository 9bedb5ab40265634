/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The credentials of a connection. See peer.h. */
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Return: 1, 0 or -errno. */
static int is_member(int fd, gid_t group)
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
	for (size_t i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == group)
			return 1;
	return 0;
}

int peer_read(int fd, const gid_t *group, bool local, struct policy_peer *ret)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int r = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	*ret = (struct policy_peer){
		.uid = cred.uid, .gid = cred.gid, .pid = cred.pid, .local = local
	};
	if (getresuid(&ret->own.real, &ret->own.effective, &ret->own.saved) < 0)
		return -errno;
	if (group)
		r = cred.gid == *group ? 1 : is_member(fd, *group);
	if (r < 0)
		return r;
	ret->in_group = r;
	return 0;
}

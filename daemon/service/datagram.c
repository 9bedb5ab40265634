/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Datagrams that wait for nobody. See datagram.h; the flags: unix(7), send(2). */
#include "service/datagram.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

/* Return: bytes of @ret that count, or -errno. */
static int address(const char *path, struct sockaddr_un *ret)
{
	size_t n = strlen(path);

	if ((path[0] != '/' && path[0] != '@') || n >= sizeof(ret->sun_path))
		return -EINVAL;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, path, n);
	if (path[0] == '@')
		ret->sun_path[0] = 0;
	return (int)(offsetof(struct sockaddr_un, sun_path) + n);
}

int datagram_send(int *sock, const char *path, const void *bytes, size_t size, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (void *)bytes, size };
	struct sockaddr_un addr;
	struct msghdr msg = { .msg_name = &addr, .msg_iov = &iov, .msg_iovlen = 1 };
	int n = address(path, &addr);

	if (n < 0)
		return n;
	if (*sock < 0)
		*sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*sock < 0)
		return -errno;
	msg.msg_namelen = (socklen_t)n;
	if (fd >= 0) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		*c = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
	}
	return sendmsg(*sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

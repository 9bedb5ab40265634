/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets on a SEQPACKET socket. See wire.h. */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* One more than may come: the kernel then has room to show us that a packet breaks the limit. */
#define CONTROL_BYTES CMSG_SPACE(sizeof(int) * (WIRE_MAX_FDS + 1))

void packet_done(struct packet *p)
{
	free(p->data);
	fdset_done(&p->fds);
	*p = (struct packet){ 0 };
}

/*
 * Collects what came by SCM_RIGHTS, all of it even if some cannot be kept: a control message that was
 * cut (MSG_CTRUNC) still delivers some descriptors, and they are ours to close.
 */
static int take_fds(struct msghdr *msg, struct fdset *fds)
{
	int r = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (fdset_add(fds, fd) < 0)
				r = -ENOMEM;
		}
	}
	return r;
}

static int recv_sized(int sock, size_t size, struct packet *ret, struct err *err)
{
	autopacket struct packet p = { .data = malloc(size), .size = size };
	char control[CONTROL_BYTES] __attribute__((aligned(__alignof__(struct cmsghdr))));
	struct iovec iov = { .iov_base = p.data, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	if (!p.data)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL,
			"no memory for a packet of %zu bytes", size);
	n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	/* As in peek_size(): the peer may have closed between the two. */
	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0 && errno == EINTR)
		return -EAGAIN;
	if (n < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot receive");
	if (take_fds(&msg, &p.fds) < 0)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL,
			"no memory for the descriptors of a packet");
	if (msg.msg_flags & MSG_CTRUNC)
		return err_set(err, ERR_PROTOCOL, 0, NULL,
			"the descriptors of a packet were cut: more than %d, or no room in the table; all are closed",
			WIRE_MAX_FDS);
	if (msg.msg_flags & MSG_TRUNC || (size_t)n != size)
		return err_set(err, ERR_PROTOCOL, 0, NULL, "a packet was cut");
	*ret = p;
	p = (struct packet){ 0 };
	return 1;
}

/* Peeking at one byte tells the packet's true length, and takes no descriptors. Bytes or -errno. */
static ssize_t peek_size(int sock)
{
	char first;
	ssize_t size = recv(sock, &first, 1, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

	/*
	 * A peer that closed with packets of ours unread makes this once, before what it had sent: its
	 * last words (why it closed) come with the next call.
	 */
	if (size < 0 && errno == ECONNRESET)
		size = recv(sock, &first, 1, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	return size < 0 ? -errno : size;
}

/* Tells the end of the connection from an empty packet, for recv() returns 0 for both. */
static bool peer_closed(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLRDHUP };

	return poll(&p, 1, 0) != 0;
}

int wire_recv(int sock, struct packet *ret, struct err *err)
{
	ssize_t size = peek_size(sock);

	if (size == -EAGAIN || size == -EINTR)
		return -EAGAIN;
	if (size == -ECONNRESET || (size == 0 && peer_closed(sock)))
		return 0;
	if (size == 0)
		return err_set(err, ERR_PROTOCOL, 0, NULL, "an empty packet");
	if (size < 0)
		return err_set(err, ERR_INTERNAL, (int)-size, NULL, "cannot receive");
	if (size > WIRE_MAX_BYTES)
		return err_set(err, ERR_PROTOCOL, 0, NULL,
			"a packet of %zd bytes is over the limit of %d", size, WIRE_MAX_BYTES);
	return recv_sized(sock, (size_t)size, ret, err);
}

int wire_send(int sock, const void *data, size_t size, const int *fds, size_t n_fds)
{
	char control[CMSG_SPACE(sizeof(int) * WIRE_MAX_FDS)]
		__attribute__((aligned(__alignof__(struct cmsghdr)))) = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (n_fds > WIRE_MAX_FDS)
		return -EINVAL;
	if (size > WIRE_MAX_BYTES)
		return -EMSGSIZE;
	if (n_fds) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

void wire_tune(int sock)
{
	int bytes = WIRE_MAX_BYTES + 64 * 1024; /* and the kernel's own share of a packet */

	if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

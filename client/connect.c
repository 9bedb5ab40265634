/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to a broker that runs already, and the end of any. A private broker: local.c. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "client.h"
#include "clock.h"
#include "local.h"
#include "wire.h"

/*
 * connect(2) on a Unix socket waits while the listener's queue is full, as long as SO_SNDTIMEO
 * says; a non-blocking one cannot be polled for. The option is void again before the first packet.
 */
static int connect_within(int sock, const struct sockaddr_un *addr, int64_t end_ms)
{
	for (;;) {
		int left_ms = clock_left_ms(end_ms);
		/* 0 would mean no limit: then at once, or not. */
		struct timeval limit = { .tv_sec = left_ms / 1000,
			.tv_usec = left_ms ? left_ms % 1000 * 1000 : 1 };

		if (left_ms < 0)
			limit = (struct timeval){ 0 };
		if (setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
			return -errno;
		if (connect(sock, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
			return 0;
		if (errno == EAGAIN)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

int fdb_connect(struct fdb_client *c, const char *path, int wait_ms)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	autofd int sock = -1;
	int r;

	if (c->sock >= 0)
		return client_fail(c, -EISCONN, NULL, "connected already");
	if (!path)
		path = FDB_DEFAULT_SOCKET;
	if (!path[0] || strlen(path) >= sizeof(addr.sun_path))
		return client_fail_sys(
			c, path[0] ? -ENAMETOOLONG : -ENOENT, "cannot connect to '%s'", path);
	memcpy(addr.sun_path, path, strlen(path));
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return client_fail_sys(c, -errno, "cannot make a socket");
	r = connect_within(sock, &addr, clock_end_ms(wait_ms));
	if (r < 0)
		return client_fail_sys(c, r, "cannot connect to '%s'", path);
	return fdb_open_fd(c, TAKE_FD(sock));
}

/* Return: 0 or -errno: it is no SEQPACKET Unix socket. */
static int check_socket(int fd)
{
	int domain, type;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
		return -errno;
	len = sizeof(type);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return -errno;
	return domain == AF_UNIX && type == SOCK_SEQPACKET ? 0 : -EPROTOTYPE;
}

int fdb_open_fd(struct fdb_client *c, int fd)
{
	autofd int owned = fd;
	int r = check_socket(fd);

	if (c->sock >= 0)
		return client_fail(c, -EISCONN, NULL, "connected already");
	if (r < 0)
		return client_fail_sys(c, r, "descriptor %d is no connection to a broker", fd);
	if (fcntl(owned, F_SETFD, FD_CLOEXEC) < 0)
		return client_fail_sys(c, -errno, "descriptor %d", fd);
	wire_tune(owned);
	c->sock = TAKE_FD(owned);
	return 0;
}

int fdb_disconnect(struct fdb_client *c, int wait_ms)
{
	int r;

	cleanup_fd(&c->sock);
	client_calls_done(c);
	arrived_done(&c->arrived);
	c->n_jobs = 0;
	c->hung_up = false;
	c->gone = false;
	c->words = (struct err){ 0 };
	c->words_advice = (struct advice){ 0 };
	r = local_end(TAKE_FD(c->broker), wait_ms);
	return r < 0 ? client_fail(c, r, NULL, "the private broker is still busy") : 0;
}

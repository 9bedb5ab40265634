/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Listening and accepting. See listen.h. */
#include "sessions/listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "service/log.h"

#define BACKLOG 128
#define PAUSE_MS                                                                                   \
	100 /* after running out of descriptors or memory: time for others to give some back */
#define ACCEPTS_A_TURN 16
#define BIND_TRIES     50
#define BIND_PAUSE_MS  20

struct listener {
	int fd;                      /* owned */
	char *path;                  /* owned, or NULL */
	struct event *on_connection; /* owned */
	struct event *on_pause_over; /* owned */
	void (*accepted)(void *arg, int fd);
	void *arg;
};

/* A socket file that refuses connections was left behind by somebody who was killed. */
static bool is_dead(const struct sockaddr_un *addr, socklen_t size)
{
	autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)addr, size) < 0 &&
	       errno == ECONNREFUSED;
}

/* As RuntimeDirectory= would do it for a unit; what cannot be made shows itself in bind(). */
static void make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = 0;
	(void)mkdir(folder, 0755);
}

/*
 * A child of a broker that was just killed may hold its socket until it executes its program, and looks like
 * somebody who listens: so more than once. Return: 0, or -1 with errno.
 */
static int bind_path(int fd, const struct sockaddr_un *addr, socklen_t size)
{
	for (int left = BIND_TRIES;; left--) {
		mode_t mask;
		int r, saved;

		if (is_dead(addr, size))
			(void)unlink(addr->sun_path);
		mask = umask(0177);
		r = bind(fd, (const struct sockaddr *)addr, size);
		saved = errno;
		umask(mask);
		errno = saved;
		if (r == 0 || saved != EADDRINUSE || left == 1)
			return r;
		(void)usleep(BIND_PAUSE_MS * 1000);
	}
}

int listen_make(const char *path, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
	autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot make a socket");
	if (!path[0] || strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, ERR_BAD_REQUEST, 0, NULL,
			"a socket's path has 1 to %zu bytes: %s", sizeof(addr.sun_path) - 1, path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	make_folder(path);
	if (bind_path(fd, &addr, size) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot bind %s", path);
	if (listen(fd, BACKLOG) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot listen on %s", path);
	return TAKE_FD(fd);
}

static void pause_accepting(struct listener *l, int sys)
{
	struct timeval tv = { .tv_usec = PAUSE_MS * 1000 };

	log_line(LOG_WARNING, NULL, "cannot accept a connection (%s); trying again in %d ms",
		strerrordesc_np(sys), PAUSE_MS);
	(void)event_del(l->on_connection);
	(void)event_add(l->on_pause_over, &tv);
}

static void pause_over(evutil_socket_t none, short what, void *arg)
{
	struct listener *l = arg;

	(void)none, (void)what;
	(void)event_add(l->on_connection, NULL);
}

static void connection(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int got = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (got >= 0) {
			l->accepted(l->arg, got);
			continue;
		}
		/* Anything else is that connection's own end (ECONNABORTED ...), or there is none. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_accepting(l, errno);
		return;
	}
}

static bool is_listening(int fd)
{
	int type = 0, accepting = 0;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) == 0 && accepting;
}

int listen_new(struct event_base *base, int fd, const char *path,
	void (*accepted)(void *arg, int fd), void *arg, struct listener **ret)
{
	autofd int owned = fd;
	struct listener *l;

	if (!is_listening(fd))
		return -EINVAL;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->fd = TAKE_FD(owned);
	l->accepted = accepted;
	l->arg = arg;
	l->path = path ? strdup(path) : NULL;
	(void)evutil_make_socket_nonblocking(fd);
	l->on_connection = event_new(base, fd, EV_READ | EV_PERSIST, connection, l);
	l->on_pause_over = evtimer_new(base, pause_over, l);
	if ((path && !l->path) || !l->on_connection || !l->on_pause_over ||
		event_add(l->on_connection, NULL) < 0) {
		listen_free(l);
		return -ENOMEM;
	}
	*ret = l;
	return 0;
}

void listen_free(struct listener *l)
{
	if (!l)
		return;
	if (l->on_connection)
		event_free(l->on_connection);
	if (l->on_pause_over)
		event_free(l->on_pause_over);
	if (l->path)
		(void)unlink(l->path);
	free(l->path);
	cleanup_fd(&l->fd);
	free(l);
}

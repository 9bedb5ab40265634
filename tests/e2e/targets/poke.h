/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a target shows what its descriptors are worth: at each SIGUSR1 it reads from all that have something
 * to read, then writes 8 bytes ("fd 0004\n" through descriptor 4) to all that take it, and reports in a file
 * that it opens for that moment only. One line each, in order of the numbers:
 *
 *	4 read=TEXT|end|none|ERRNO wrote=8|none|ERRNO
 *
 * TEXT is what was read, up to 128 bytes, with '.' for what cannot be printed. Instead of reading it accepts
 * from a listening socket ("read=accepted"), and asks an epoll for its events ("read=3,4": the numbers that
 * it was given for them). Of a unix socket it takes one packet; a descriptor that comes in it is
 * kept, at the lowest free number ("read=TEXT+8").
 */
#ifndef FDBROKER_TARGETS_POKE_H
#define FDBROKER_TARGETS_POKE_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ready.h"

#define POKE_FIRST 3
#define POKE_END   32

/* What was read, for people. */
struct poked {
	char text[160];
};

static inline void poke_say_error(struct poked *p)
{
	snprintf(p->text, sizeof(p->text), "%s", strerrorname_np(errno));
}

static inline void poke_say_bytes(struct poked *p, const char *bytes, ssize_t n)
{
	if (n <= 0) {
		strcpy(p->text, "end");
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		p->text[i] = bytes[i] > ' ' && bytes[i] < 127 ? bytes[i] : '.';
	p->text[n] = 0;
}

static inline void poke_packet(int fd, struct poked *p)
{
	char bytes[64], control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
	struct cmsghdr *c;
	int got;

	if (n < 0) {
		poke_say_error(p);
		return;
	}
	poke_say_bytes(p, bytes, n);
	c = CMSG_FIRSTHDR(&m);
	if (!c)
		return;
	memcpy(&got, CMSG_DATA(c), sizeof(got));
	snprintf(p->text + strlen(p->text), 16, "+%d", got);
}

static inline void poke_socket(int fd, struct poked *p)
{
	int listens = 0;
	socklen_t n = sizeof(listens);

	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n);
	if (!listens)
		poke_packet(fd, p);
	else if (accept4(fd, NULL, NULL, SOCK_NONBLOCK) < 0)
		poke_say_error(p);
	else
		strcpy(p->text, "accepted");
}

/* Events by number, lowest first: the kernel gives them in the order in which they came. */
static inline void poke_epoll(struct epoll_event *events, int n, struct poked *p)
{
	for (uint32_t fd = 0; fd < POKE_END; fd++)
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 == fd)
				snprintf(p->text + strlen(p->text), 8, "%s%u",
					p->text[0] ? "," : "", fd);
}

static inline void poke_read(int fd, struct poked *p)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	struct epoll_event events[POKE_END];
	char bytes[128]; /* of a signalfd nothing less can be read */
	int type;
	socklen_t size = sizeof(type);
	ssize_t n;

	p->text[0] = 0;
	if (poll(&readable, 1, 0) < 1) {
		strcpy(p->text, "none");
		return;
	}
	n = epoll_wait(fd, events, POKE_END, 0);
	if (n > 0) {
		poke_epoll(events, (int)n, p);
	} else if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size)) {
		poke_socket(fd, p);
	} else {
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0)
			poke_say_error(p);
		else
			poke_say_bytes(p, bytes, n);
	}
}

static inline void poke_write(int fd, struct poked *p)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	char line[16];

	snprintf(line, sizeof(line), "fd %04d\n", fd);
	/* POLLERR: a pipe without a reader. */
	if (poll(&writable, 1, 0) < 1 || !(writable.revents & (POLLOUT | POLLERR)))
		strcpy(p->text, "none");
	else if (write(fd, line, 8) != 8)
		poke_say_error(p);
	else
		strcpy(p->text, "8");
}

/* Renamed when it is whole, so that the test never sees half of it. */
static inline void poke(const char *report)
{
	static struct poked reads[POKE_END];
	bool open_before[POKE_END];
	char new[4096 + sizeof(".new")];
	FILE *out;

	for (int fd = POKE_FIRST; fd < POKE_END; fd++)
		open_before[fd] = fcntl(fd, F_GETFD) >= 0;
	for (int fd = POKE_FIRST; fd < POKE_END; fd++)
		if (open_before[fd])
			poke_read(fd, &reads[fd]);
	snprintf(new, sizeof(new), "%s.new", report);
	out = fopen(new, "we");
	if (!out)
		die(new);
	for (int fd = POKE_FIRST; fd < POKE_END; fd++) {
		struct poked wrote;

		if (!open_before[fd])
			continue;
		poke_write(fd, &wrote);
		fprintf(out, "%d read=%s wrote=%s\n", fd, reads[fd].text, wrote.text);
	}
	if (fclose(out) != 0 || rename(new, report) < 0)
		die(report);
}

/* Before anything is forked: the signals that are waited for or must not kill. */
static inline void poke_prepare(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static inline void poke_wait(void)
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (sigwait(&set, &number) != 0)
		;
}

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: sharer LOG REPORT
 *
 * One log in every way in which it can be held. Three tasks, pids in this order where nobody else forks:
 *
 *	first	3 LOG, opened for reading and writing
 *		4 LOG, opened once more
 *		5 a duplicate of 3
 *		6 7 a pair of stream sockets; descriptor 3 is in a packet "sent" in the queue of 7
 *	second	a child with all of that
 *	third	a child that shares the first one's table (CLONE_FILES)
 *
 * The first has one page of LOG, which is made that long, mapped (MAP_SHARED) through 3. At SIGUSR1 it writes
 * "mapped" to the mapping and does what poke.h says: so the one in the queue becomes 8.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "poke.h"

#define PAGE_BYTES 4096

static int open_log(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0644);

	if (fd < 0)
		die(path);
	return fd;
}

/* Puts descriptor fd into the queue of the other end. */
static void send_descriptor(int socket, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (char[]){ "sent" }, 4 };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(socket, &m, 0) < 0)
		die("sendmsg");
}

/* Like fork(), but for the table. */
static pid_t fork_with_table(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
}

static void wait_in(pid_t pid, const char *what)
{
	if (pid < 0)
		die(what);
	while (pid == 0)
		pause();
}

int main(int argc, char **argv)
{
	int log, pair[2];
	char *page;

	if (argc != 3)
		return 2;
	poke_prepare();
	log = open_log(argv[1]);
	open_log(argv[1]);
	if (dup(log) < 0 || ftruncate(log, PAGE_BYTES) < 0)
		die(argv[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		die("socketpair");
	send_descriptor(pair[0], log);
	page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, log, 0);
	if (page == MAP_FAILED)
		die("mmap");
	wait_in(fork(), "fork");
	wait_in(fork_with_table(), "clone");
	ready();
	for (;;) {
		poke_wait();
		memcpy(page, "mapped\n", 7);
		poke(argv[2]);
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree that holds one open file of every kind that criu can dump, at known descriptor numbers:
 *
 *   zoo DIR
 *
 * Files are made in DIR. When everything stands, the file DIR/ready appears with the pids: the root, a
 * child by fork (shares every open file), a child by CLONE_FILES (shares the table),
 * a zombie. The root has a second thread. All wait for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES (64 * 1024)

static void must(long r, const char *what)
{
	if (r >= 0)
		return;
	perror(what);
	exit(1);
}

/* Moves a descriptor to its number in the list below. */
static void at(int number, int fd)
{
	must(fd, "open");
	if (fd == number)
		return;
	must(dup2(fd, number), "dup2");
	close(fd);
}

static struct sockaddr_un name_of(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", name);
	return a;
}

/* 10 log, appended to; 11 the same, opened again; 12 a dup of 10; 13 a file without a name; 39, 40. */
static void files(void)
{
	void *map;
	int fd;

	at(10, open("log", O_WRONLY | O_APPEND | O_CREAT, 0644));
	must(write(10, "first line\n", 11), "write");
	at(11, open("log", O_RDWR));
	must(lseek(11, 6, SEEK_SET), "lseek");
	must(dup2(10, 12), "dup2");
	at(13, open("gone", O_RDWR | O_CREAT, 0600));
	must(write(13, "ghost", 5), "write");
	must(unlink("gone"), "unlink");
	fd = open("log", O_RDWR);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(map == MAP_FAILED ? -1 : 0, "mmap");
	close(fd);
	at(39, open(".", O_RDONLY | O_DIRECTORY));
	at(40, open("/dev/zero", O_RDWR));
}

/* 14, 15 a pipe with data; 16, 17 a FIFO, both ways and reading; 41, 42 a pipe in one direction. */
static void pipes(void)
{
	int p[2];

	must(pipe(p), "pipe");
	at(14, p[0]);
	at(15, p[1]);
	must(write(15, "hello", 5), "write");
	must(mkfifo("fifo", 0600), "mkfifo");
	at(16, open("fifo", O_RDWR));
	at(17, open("fifo", O_RDONLY | O_NONBLOCK));
	must(write(16, "fifo data", 9), "write");
	must(pipe2(p, O_NONBLOCK), "pipe");
	at(41, p[0]);
	at(42, p[1]);
}

/* 18, 19 one memfd opened twice; 20 another of the same name; 43 one that is mapped. */
static void memfds(void)
{
	void *map;

	at(18, memfd_create("same", 0));
	must(write(18, "memory", 6), "write");
	at(19, open("/proc/self/fd/18", O_RDONLY));
	at(20, memfd_create("same", 0));
	at(43, memfd_create("mapped", 0));
	must(ftruncate(43, 4096), "ftruncate");
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 43, 0);
	must(map == MAP_FAILED ? -1 : 0, "mmap");
}

/* Sends a descriptor and closes it: what it was of is in the queue alone. */
static void send_away(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	must(fd, "open");
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	must(sendmsg(sock, &msg, 0), "sendmsg");
	close(fd);
}

/*
 * 21, 22 a stream pair with data, and in flight to 21 the log and the writing end of a pipe, 44 its
 * other end; 23, 24 a datagram pair; 33 listening, 34 connected to it and not accepted, 35, 36
 * connected and accepted; 37, 38 a datagram server and a client that is connected to it.
 */
static void sockets(void)
{
	struct sockaddr_un listening = name_of("listening"), server = name_of("server");
	int p[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p), "socketpair");
	at(21, p[0]);
	at(22, p[1]);
	must(write(22, "queued", 6), "write");
	send_away(22, open("log", O_RDONLY));
	must(pipe(p), "pipe");
	at(44, p[0]);
	send_away(22, p[1]);
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, p), "socketpair");
	at(23, p[0]);
	at(24, p[1]);
	must(write(24, "datagram", 8), "write");
	at(33, socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(33, (struct sockaddr *)&listening, sizeof(listening)), "bind");
	must(listen(33, 8), "listen");
	at(36, socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(36, (struct sockaddr *)&listening, sizeof(listening)), "connect");
	at(35, accept(33, NULL, NULL));
	at(34, socket(AF_UNIX, SOCK_STREAM, 0));
	if (!getenv("ZOO_NO_PENDING"))
		must(connect(34, (struct sockaddr *)&listening, sizeof(listening)), "connect");
	at(37, socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(37, (struct sockaddr *)&server, sizeof(server)), "bind");
	at(38, socket(AF_UNIX, SOCK_DGRAM, 0));
	must(connect(38, (struct sockaddr *)&server, sizeof(server)), "connect");
}

/* 25, 26 both sides of a pty. */
static void ptys(void)
{
	at(25, posix_openpt(O_RDWR | O_NOCTTY));
	must(grantpt(25), "grantpt");
	must(unlockpt(25), "unlockpt");
	at(26, open(ptsname(25), O_RDWR | O_NOCTTY));
}

/* 27 eventfd, 28 timerfd, 29 epoll of 14 and 27, 30 signalfd, 31 inotify. */
static void others(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	sigset_t set;

	at(27, eventfd(3, 0));
	at(28, timerfd_create(CLOCK_MONOTONIC, 0));
	at(29, epoll_create1(0));
	e.data.fd = 14;
	must(epoll_ctl(29, EPOLL_CTL_ADD, 14, &e), "epoll_ctl");
	e.data.fd = 27;
	must(epoll_ctl(29, EPOLL_CTL_ADD, 27, &e), "epoll_ctl");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	at(30, signalfd(-1, &set, 0));
	at(31, inotify_init1(0));
	must(inotify_add_watch(31, ".", IN_CREATE), "inotify");
}

static void *thread(void *none)
{
	(void)none;
	for (;;)
		pause();
	return NULL;
}

static int sharer(void *none)
{
	(void)none;
	for (;;)
		pause();
	return 0;
}

static void report(pid_t forked, pid_t sharing, pid_t zombie)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "%d %d %d %d\n", getpid(), forked, sharing, zombie);
	int fd = open("ready.new", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd, "ready");
	must(write(fd, text, (size_t)n), "ready");
	close(fd);
	must(rename("ready.new", "ready"), "ready");
	must(prctl(PR_SET_NAME, "ready"), "prctl");
}

int main(int argc, char **argv)
{
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	pid_t forked, sharing, zombie;
	siginfo_t info;
	pthread_t t;

	if (argc != 2 || chdir(argv[1]) < 0) {
		fprintf(stderr, "usage: zoo DIR\n");
		return 2;
	}
	files();
	pipes();
	memfds();
	sockets();
	ptys();
	others();
	forked = fork();
	must(forked, "fork");
	if (forked == 0)
		return sharer(NULL);
	if (!getenv("ZOO_NO_PIDFD"))
		at(32, (int)syscall(SYS_pidfd_open, forked, 0));
	zombie = fork();
	must(zombie, "fork");
	if (zombie == 0)
		_exit(7);
	must(waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT), "waitid");
	sharing = clone(sharer, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL);
	must(sharing, "clone");
	errno = pthread_create(&t, NULL, thread, NULL);
	must(errno ? -1 : 0, "pthread_create");
	report(forked, sharing, zombie);
	return sharer(NULL);
}

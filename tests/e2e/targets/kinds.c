/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: kinds KIND DIR
 *
 * Holds open files of one kind, from descriptor 3 on, with what shows that the others stay whole when one
 * of them is replaced. A child (fork) inherits all of it. Files are made in DIR; at SIGUSR1 it
 * writes DIR/report (poke.h).
 *
 *	regular		3 4 DIR/file opened twice, 5 a duplicate of 3
 *	ghost		the same, of a file that has been removed
 *	linked		the same, of a file that has another name (DIR/kept); dump it with --link-remap
 *	fifo		3 DIR/fifo for reading and writing, 4 for writing; "queued" waits
 *	pipe		3 a pipe's reading end, 4 its writing end, 5 a duplicate of 4; "queued" waits
 *	empty-pipe	the same without "queued"
 *	outside		3 4 the pipe that its standard output was, opened twice
 *	memfd		3 a memfd "one", 4 another of that name, 5 that of 3 opened once more; 3 is mapped
 *	stream dgram seqpacket	3 4 a pair of unix sockets; "to-3" waits at 3, "to-4" at 4
 *	listening	3 a unix socket that listens on DIR/socket, 4 is connected to 5, accepted from it
 *	pending		3 the same, 4 is connected and has not been accepted
 *	server		3 a datagram socket named DIR/socket, 4 5 connected to it; "to-3" waits
 *	client		3 a unix socket that is connected to DIR/stream, which somebody else has made
 *	pty		3 the master of a pseudoterminal, 4 its slave
 *	tty		3 the terminal DIR/tty, a link to a slave whose master is elsewhere
 *	eventfd		3 an epoll that watches 4 and 5, eventfds with counters 0 and 5
 *	timerfd		3 one that has expired, 4 one that is not armed
 *	signalfd	3 4 two for SIGUSR2
 *	inotify		3 4 two that watch DIR
 *	pidfd		3 of the task itself, 4 of its child, 5 of that once more
 *	tcp		3 listens on 127.0.0.1, 4 is connected to 5
 *	udp		3 4 two that are bound
 *	netlink		3 4 two
 *	device		3 4 /dev/zero opened twice
 *	directory	3 4 DIR opened twice, and the working directory
 *	program		3 4 its own program opened twice
 */
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#include "poke.h"

#define MODE 0644

static const char *dir;

static const char *in_dir(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* Descriptors must get the numbers that are promised above. */
static int expect(int fd, int number, const char *what)
{
	if (fd < 0)
		die(what);
	if (fd != number) {
		fprintf(stderr, "%s is %d, not %d\n", what, fd, number);
		exit(1);
	}
	return fd;
}

static void check(int r, const char *what)
{
	if (r < 0)
		die(what);
}

static void put(int fd, const char *text)
{
	ssize_t n = (ssize_t)strlen(text);

	if (write(fd, text, (size_t)n) != n)
		die("write");
}

static void hold_twice(const char *path, int flags)
{
	expect(open(path, flags, MODE), 3, path);
	expect(open(path, flags, MODE), 4, path);
}

static void hold_regular(void)
{
	hold_twice(in_dir("file"), O_RDWR | O_CREAT);
	put(3, "content");
	expect(dup(3), 5, "dup");
}

static void hold_ghost(void)
{
	hold_regular();
	check(unlink(in_dir("file")), "unlink");
}

static void hold_linked(void)
{
	char file[4096];

	hold_regular();
	snprintf(file, sizeof(file), "%s", in_dir("file"));
	check(link(file, in_dir("kept")), "link");
	check(unlink(file), "unlink");
}

static void hold_fifo(void)
{
	check(mkfifo(in_dir("fifo"), MODE), "mkfifo");
	expect(open(in_dir("fifo"), O_RDWR), 3, "fifo");
	expect(open(in_dir("fifo"), O_WRONLY), 4, "fifo");
	put(4, "queued");
}

static void hold_empty_pipe(void)
{
	int ends[2];

	check(pipe(ends), "pipe");
	expect(ends[0], 3, "reading end");
	expect(dup(expect(ends[1], 4, "writing end")), 5, "dup");
}

static void hold_pipe(void)
{
	hold_empty_pipe();
	put(4, "queued");
}

static void hold_outside(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	check(null, "/dev/null");
	expect(dup3(1, 4, O_CLOEXEC), 4, "dup");
	check(dup2(null, 1), "dup");
	check(close(null), "close");
	expect(open("/proc/self/fd/4", O_WRONLY), 3, "pipe");
	expect(open("/proc/self/fd/4", O_WRONLY), 5, "pipe");
	expect(dup2(5, 4), 4, "dup");
	check(close(5), "close");
}

static void hold_memfd(void)
{
	expect(memfd_create("one", 0), 3, "memfd");
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0) == MAP_FAILED)
		die("mmap");
	expect(memfd_create("one", 0), 4, "memfd");
	expect(open("/proc/self/fd/3", O_RDWR), 5, "memfd");
}

static void hold_pair(int type)
{
	int ends[2];

	check(socketpair(AF_UNIX, type, 0, ends), "socketpair");
	expect(ends[0], 3, "socket");
	expect(ends[1], 4, "socket");
	put(4, "to-3");
	put(3, "to-4");
}

static void hold_stream(void)
{
	hold_pair(SOCK_STREAM);
}

static void hold_dgram(void)
{
	hold_pair(SOCK_DGRAM);
}

static void hold_seqpacket(void)
{
	hold_pair(SOCK_SEQPACKET);
}

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%.90s", in_dir(name));
	return a;
}

static void hold_connected(int type, int number, const char *name)
{
	struct sockaddr_un a = address(name);

	expect(socket(AF_UNIX, type, 0), number, "socket");
	check(connect(number, (struct sockaddr *)&a, sizeof(a)), "connect");
}

static void hold_named(int type)
{
	struct sockaddr_un a = address("socket");

	expect(socket(AF_UNIX, type, 0), 3, "socket");
	check(bind(3, (struct sockaddr *)&a, sizeof(a)), "bind");
}

static void hold_pending(void)
{
	hold_named(SOCK_STREAM);
	check(listen(3, 4), "listen");
	hold_connected(SOCK_STREAM, 4, "socket");
}

static void hold_server(void)
{
	hold_named(SOCK_DGRAM);
	hold_connected(SOCK_DGRAM, 4, "socket");
	hold_connected(SOCK_DGRAM, 5, "socket");
	put(4, "to-3");
}

static void hold_client(void)
{
	hold_connected(SOCK_STREAM, 3, "stream");
}

static void hold_listening(void)
{
	hold_pending();
	expect(accept(3, NULL, NULL), 5, "accept");
}

static void hold_pty(void)
{
	expect(posix_openpt(O_RDWR | O_NOCTTY), 3, "master");
	check(unlockpt(3), "unlockpt");
	expect(open(ptsname(3), O_RDWR | O_NOCTTY), 4, "slave");
}

static void hold_tty(void)
{
	expect(open(in_dir("tty"), O_RDWR | O_NOCTTY), 3, "tty");
}

static void hold_eventfd(void)
{
	struct epoll_event e = { .events = EPOLLIN };

	expect(epoll_create1(0), 3, "epoll");
	expect(eventfd(0, 0), 4, "eventfd");
	expect(eventfd(5, 0), 5, "eventfd");
	for (int fd = 4; fd < 6; fd++) {
		e.data.u32 = (uint32_t)fd;
		check(epoll_ctl(3, EPOLL_CTL_ADD, fd, &e), "epoll_ctl");
	}
}

static void hold_timerfd(void)
{
	struct itimerspec soon = { .it_value = { .tv_nsec = 1 } };

	expect(timerfd_create(CLOCK_MONOTONIC, 0), 3, "timerfd");
	expect(timerfd_create(CLOCK_MONOTONIC, 0), 4, "timerfd");
	check(timerfd_settime(3, 0, &soon, NULL), "timerfd_settime");
}

static void hold_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	check(sigprocmask(SIG_BLOCK, &set, NULL), "sigprocmask");
	expect(signalfd(-1, &set, 0), 3, "signalfd");
	expect(signalfd(-1, &set, 0), 4, "signalfd");
}

static void hold_inotify(void)
{
	for (int fd = 3; fd < 5; fd++) {
		expect(inotify_init1(0), fd, "inotify");
		check(inotify_add_watch(fd, dir, IN_CREATE), "inotify_add_watch");
	}
}

static void hold_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);

	expect(socket(AF_INET, SOCK_STREAM, 0), 3, "socket");
	check(bind(3, (struct sockaddr *)&a, n), "bind");
	check(listen(3, 4), "listen");
	check(getsockname(3, (struct sockaddr *)&a, &n), "getsockname");
	expect(socket(AF_INET, SOCK_STREAM, 0), 4, "socket");
	check(connect(4, (struct sockaddr *)&a, n), "connect");
	expect(accept(3, NULL, NULL), 5, "accept");
}

static void hold_udp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	for (int fd = 3; fd < 5; fd++) {
		expect(socket(AF_INET, SOCK_DGRAM, 0), fd, "socket");
		check(bind(fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	}
}

static void hold_netlink(void)
{
	expect(socket(AF_NETLINK, SOCK_RAW, 0), 3, "netlink");
	expect(socket(AF_NETLINK, SOCK_RAW, 0), 4, "netlink");
}

static void hold_device(void)
{
	hold_twice("/dev/zero", O_RDWR);
}

static void hold_directory(void)
{
	hold_twice(dir, O_RDONLY | O_DIRECTORY);
	check(chdir(dir), dir);
}

static void hold_program(void)
{
	hold_twice("/proc/self/exe", O_RDONLY);
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* The one kind that needs the child first. */
static void hold_pidfd(pid_t child)
{
	expect(pidfd_of(getpid()), 3, "pidfd");
	expect(pidfd_of(child), 4, "pidfd");
	expect(pidfd_of(child), 5, "pidfd");
}

static const struct {
	const char *name;
	void (*hold)(void);
} kinds[] = {
	{ "regular", hold_regular },
	{ "ghost", hold_ghost },
	{ "linked", hold_linked },
	{ "fifo", hold_fifo },
	{ "pipe", hold_pipe },
	{ "empty-pipe", hold_empty_pipe },
	{ "outside", hold_outside },
	{ "memfd", hold_memfd },
	{ "stream", hold_stream },
	{ "dgram", hold_dgram },
	{ "seqpacket", hold_seqpacket },
	{ "listening", hold_listening },
	{ "pending", hold_pending },
	{ "server", hold_server },
	{ "client", hold_client },
	{ "pty", hold_pty },
	{ "tty", hold_tty },
	{ "eventfd", hold_eventfd },
	{ "timerfd", hold_timerfd },
	{ "signalfd", hold_signalfd },
	{ "inotify", hold_inotify },
	{ "pidfd", NULL },
	{ "tcp", hold_tcp },
	{ "udp", hold_udp },
	{ "netlink", hold_netlink },
	{ "device", hold_device },
	{ "directory", hold_directory },
	{ "program", hold_program },
};

static void hold(const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kind, kinds[i].name) != 0)
			continue;
		if (kinds[i].hold)
			kinds[i].hold();
		return;
	}
	fprintf(stderr, "no kind %s\n", kind);
	exit(2);
}

int main(int argc, char **argv)
{
	char report[4096];
	pid_t child;

	if (argc != 3)
		return 2;
	dir = argv[2];
	snprintf(report, sizeof(report), "%s", in_dir("report"));
	poke_prepare();
	hold(argv[1]);
	child = fork();
	check(child, "fork");
	while (child == 0)
		pause();
	if (!strcmp(argv[1], "pidfd"))
		hold_pidfd(child);
	ready();
	for (;;) {
		poke_wait();
		poke(report);
	}
}

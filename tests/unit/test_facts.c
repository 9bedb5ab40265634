/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is seen of each kind of descriptor, and that looking changes nothing. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/facts.h"
#include "fixture.h"

static int make_pipe(void)
{
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	close(p[0]);
	return p[1];
}

static int make_fifo(void)
{
	char path[] = "/tmp/fdbroker-facts-XXXXXX";
	int fd;

	assert_non_null(mkdtemp(path));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(unlink(path), 0);
	return fd;
}

static int make_file(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "12345", 5), 5);
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	return fd;
}

static int make_memfd(void)
{
	return memfd_create("facts", MFD_CLOEXEC);
}

static int make_stream(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int make_listening(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int make_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

static int make_epoll(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

static int make_timerfd(void)
{
	return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
}

static int make_signalfd(void)
{
	sigset_t set;

	sigemptyset(&set);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int make_inotify(void)
{
	return inotify_init1(IN_CLOEXEC);
}

static int make_pidfd(void)
{
	return (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static int make_namespace(void)
{
	return open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
}

static int make_directory(void)
{
	return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int make_null(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int make_terminal(void)
{
	return posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static int make_path(void)
{
	return open("/", O_PATH | O_CLOEXEC);
}

static void number_of_a_pty(void **state)
{
	int master = make_terminal(), null = make_null();
	struct facts facts;

	(void)state;
	facts_read(master, &facts);
	assert_int_equal(facts.pty_index, atoi(ptsname(master) + strlen("/dev/pts/")));
	facts_read(null, &facts);
	assert_int_equal(facts.pty_index, -1);
	close(master);
	close(null);
}

struct row {
	const char *name;
	int (*make)(void);
	struct facts want; /* kind, access mode, and what is not 0 */
};

static void seen(void **state)
{
	const struct row *r = *state;
	struct facts f;
	int fd = r->make(), flags = fcntl(fd, F_GETFL), fd_flags = fcntl(fd, F_GETFD);
	struct stat st;

	assert_true(fd >= 0);
	facts_read(fd, &f);
	assert_int_equal(f.kind, r->want.kind);
	assert_int_equal(f.error, 0);
	assert_int_equal(f.flags & O_ACCMODE, r->want.flags & O_ACCMODE);
	assert_int_equal(f.flags, flags);
	assert_int_equal(f.sock_domain, r->want.sock_domain);
	assert_int_equal(f.sock_type, r->want.sock_type);
	assert_int_equal(f.sock_listening, r->want.sock_listening);
	assert_int_equal(f.pos, r->want.pos);
	assert_int_equal(f.size, r->want.kind == FACTS_REGULAR ? 5 : f.size);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(f.ino == st.st_ino && f.dev == st.st_dev && f.rdev == st.st_rdev &&
		    f.mode == st.st_mode);
	assert_int_equal(fcntl(fd, F_GETFL), flags);
	assert_int_equal(fcntl(fd, F_GETFD), fd_flags);
	close(fd);
}

static void closed(void **state)
{
	struct facts f;

	(void)state;
	facts_read(-1, &f);
	assert_int_equal(f.kind, FACTS_CLOSED);
	assert_int_equal(f.error, EBADF);
}

int main(void)
{
	static struct row rows[] = {
		{ "regular file", make_file, { .kind = FACTS_REGULAR, .flags = O_RDWR, .pos = 3 } },
		{ "directory", make_directory, { .kind = FACTS_DIRECTORY } },
		{ "character device", make_null, { .kind = FACTS_CHAR, .flags = O_RDWR } },
		{ "terminal", make_terminal, { .kind = FACTS_TERMINAL, .flags = O_RDWR } },
		{ "pipe", make_pipe, { .kind = FACTS_PIPE, .flags = O_WRONLY } },
		{ "FIFO", make_fifo, { .kind = FACTS_FIFO, .flags = O_RDWR } },
		{ "unix socket", make_stream,
			{ .kind = FACTS_SOCKET,
				.flags = O_RDWR,
				.sock_domain = AF_UNIX,
				.sock_type = SOCK_STREAM } },
		{ "listening socket", make_listening,
			{ .kind = FACTS_SOCKET,
				.flags = O_RDWR,
				.sock_domain = AF_INET,
				.sock_type = SOCK_STREAM,
				.sock_listening = true } },
		{ "memfd", make_memfd, { .kind = FACTS_MEMFD, .flags = O_RDWR } },
		{ "eventfd", make_eventfd, { .kind = FACTS_EVENTFD, .flags = O_RDWR } },
		{ "epoll", make_epoll, { .kind = FACTS_EPOLL, .flags = O_RDWR } },
		{ "timerfd", make_timerfd, { .kind = FACTS_TIMERFD, .flags = O_RDWR } },
		{ "signalfd", make_signalfd, { .kind = FACTS_SIGNALFD, .flags = O_RDWR } },
		{ "inotify", make_inotify, { .kind = FACTS_INOTIFY } },
		{ "pidfd", make_pidfd, { .kind = FACTS_PIDFD, .flags = O_RDWR } },
		{ "namespace", make_namespace, { .kind = FACTS_NAMESPACE } },
		{ "O_PATH", make_path, { .kind = FACTS_DIRECTORY } },
	};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[N + 2] = { cmocka_unit_test(closed),
		cmocka_unit_test(number_of_a_pty) };

	for (size_t i = 0; i < N; i++)
		tests[2 + i] = (struct CMUnitTest){ rows[i].name, seen, NULL, NULL, &rows[i] };
	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire: packets on real socket pairs. That no descriptor is left open on any way out is seen to by
 * the fixture, which looks at the table before and after each test.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire.h"

struct pair {
	int ours, theirs;
};

static struct pair pair_open(void)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	return (struct pair){ sv[0], sv[1] };
}

static void pair_close(struct pair *p)
{
	cleanup_fd(&p->ours);
	cleanup_fd(&p->theirs);
}

#define autopair __attribute__((cleanup(pair_close)))

static void expect_error(int sock, enum err_code code, const char *says)
{
	struct packet packet = { 0 };
	struct err err = { 0 };

	assert_int_equal(wire_recv(sock, &packet, &err), -1);
	assert_string_equal(err_code_name((int)err.code), err_code_name((int)code));
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
	assert_true(!packet.data && !packet.fds.fds); /* untouched */
}

static void expect_end(int sock)
{
	struct packet packet = { 0 };
	struct err err = { 0 };

	assert_int_equal(wire_recv(sock, &packet, &err), 0);
	assert_int_equal(err.code, ERR_NONE);
}

static void expect_packet(int sock, const void *data, size_t size, size_t n_fds, struct packet *ret)
{
	struct err err = { 0 };

	if (wire_recv(sock, ret, &err) != 1)
		fail_msg("no packet: %s", err.text);
	assert_int_equal(ret->size, size);
	assert_memory_equal(ret->data, data, size);
	assert_int_equal(ret->fds.n, n_fds);
}

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* n memfds, each an inode of its own. */
static void open_many(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fds[i] = memfd_create("wire", MFD_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
}

static void close_many(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

/* ---- what works ----------------------------------------------------------------------------- */

static void test_bytes(void **state)
{
	autopair struct pair p = pair_open();
	autopacket struct packet first = { 0 }, second = { 0 };

	(void)state;
	assert_int_equal(wire_send(p.theirs, "a\0b", 3, NULL, 0), 0);
	assert_int_equal(wire_send(p.theirs, "next", 4, NULL, 0), 0);
	expect_packet(p.ours, "a\0b", 3, 0, &first);
	expect_packet(p.ours, "next", 4, 0, &second);
}

static void test_nothing_there(void **state)
{
	autopair struct pair p = pair_open();
	struct packet packet = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(wire_recv(p.ours, &packet, &err), -EAGAIN);
	assert_int_equal(err.code, ERR_NONE);
}

static void send_and_compare(size_t n)
{
	autopair struct pair p = pair_open();
	autopacket struct packet packet = { 0 };
	int fds[WIRE_MAX_FDS];
	ino_t inodes[WIRE_MAX_FDS];

	open_many(fds, n);
	assert_int_equal(wire_send(p.theirs, "x", 1, fds, n), 0);
	for (size_t i = 0; i < n; i++)
		inodes[i] = inode(fds[i]);
	close_many(fds, n); /* what arrives are duplicates */
	expect_packet(p.ours, "x", 1, n, &packet);
	for (size_t i = 0; i < n; i++) {
		assert_true(inode(packet.fds.fds[i]) == inodes[i]);
		assert_int_equal(fcntl(packet.fds.fds[i], F_GETFD), FD_CLOEXEC);
	}
}

static void test_descriptors(void **state)
{
	(void)state;
	send_and_compare(1);
	send_and_compare(2);
	send_and_compare(WIRE_MAX_FDS - 1);
	send_and_compare(WIRE_MAX_FDS);
}

static void test_the_kernel_s_limit_is_ours(void **state)
{
	autopair struct pair p = pair_open();
	int fds[WIRE_MAX_FDS + 1];
	char control[CMSG_SPACE(sizeof(fds))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { .iov_base = (char *)"x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	(void)state;
	open_many(fds, WIRE_MAX_FDS + 1);
	assert_int_equal(wire_send(p.theirs, "x", 1, fds, WIRE_MAX_FDS + 1), -EINVAL);
	/* Nobody else can send more either. */
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	assert_int_equal(sendmsg(p.theirs, &msg, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EINVAL);
	close_many(fds, WIRE_MAX_FDS + 1);
}

static void test_taken_and_left(void **state)
{
	autopair struct pair p = pair_open();
	struct packet packet = { 0 };
	int fds[3], kept;

	(void)state;
	open_many(fds, 3);
	assert_int_equal(wire_send(p.theirs, "x", 1, fds, 3), 0);
	expect_packet(p.ours, "x", 1, 3, &packet);
	kept = fdset_take(&packet.fds, 1);
	packet_done(&packet); /* the two that nobody took are closed */
	assert_true(inode(kept) == inode(fds[1]));
	assert_true(!packet.data && !packet.fds.n);
	packet_done(&packet); /* twice is fine */
	close(kept);
	close_many(fds, 3);
}

/* Other control messages (with SO_PASSCRED there is one in every packet) are no descriptors. */
static void test_credentials_beside_descriptors(void **state)
{
	autopair struct pair p = pair_open();
	autopacket struct packet packet = { 0 };
	int on = 1, fds[2];

	(void)state;
	assert_int_equal(setsockopt(p.ours, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	open_many(fds, 2);
	assert_int_equal(wire_send(p.theirs, "x", 1, fds, 2), 0);
	expect_packet(p.ours, "x", 1, 2, &packet);
	close_many(fds, 2);
}

/* ---- sizes ---------------------------------------------------------------------------------- */

static bool has_room(int sock)
{
	int bytes = 2 * WIRE_MAX_BYTES, got = 0;
	socklen_t size = sizeof(got);

	(void)setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	(void)getsockopt(sock, SOL_SOCKET, SO_SNDBUF, &got, &size);
	return got >= bytes;
}

/* Room for more than a packet may have takes CAP_NET_ADMIN. Before anything is opened: skip() jumps. */
static void skip_without_room(void)
{
	struct pair p = pair_open();
	bool room = has_room(p.theirs);

	pair_close(&p);
	if (!room) {
		print_message(
			"cannot make packets over the limit without CAP_NET_ADMIN: not tested\n");
		skip();
	}
}

/* Called where a test needs it and has skipped without it. */
static void make_room(int sock)
{
	assert_true(has_room(sock));
}

static void over_the_limit(void)
{
	autopair struct pair p = pair_open();
	autofree char *data = calloc(1, WIRE_MAX_BYTES + 1);

	assert_non_null(data);
	assert_int_equal(wire_send(p.theirs, data, WIRE_MAX_BYTES + 1, NULL, 0), -EMSGSIZE);
	make_room(p.theirs);
	assert_int_equal(
		send(p.theirs, data, WIRE_MAX_BYTES + 1, MSG_DONTWAIT), WIRE_MAX_BYTES + 1);
	expect_error(
		p.ours, ERR_PROTOCOL, "a packet of 1048577 bytes is over the limit of 1048576");
}

static void test_over_the_limit(void **state)
{
	(void)state;
	skip_without_room();
	over_the_limit();
}

static void at_the_limit(void)
{
	autopair struct pair p = pair_open();
	autopacket struct packet packet = { 0 };
	autofree char *data = malloc(WIRE_MAX_BYTES);

	assert_non_null(data);
	for (int i = 0; i < WIRE_MAX_BYTES; i++)
		data[i] = (char)(i % 251);
	wire_tune(p.theirs);
	assert_int_equal(wire_send(p.theirs, data, WIRE_MAX_BYTES, NULL, 0), 0);
	expect_packet(p.ours, data, WIRE_MAX_BYTES, 0, &packet);
}

static void test_at_the_limit(void **state)
{
	(void)state;
	skip_without_room();
	at_the_limit();
}

static void test_over_the_buffer(void **state)
{
	autopair struct pair p = pair_open();
	autofree char *data = calloc(1, WIRE_MAX_BYTES);
	int small = 8192;

	(void)state;
	assert_non_null(data);
	assert_int_equal(setsockopt(p.theirs, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	assert_int_equal(wire_send(p.theirs, data, WIRE_MAX_BYTES, NULL, 0), -EMSGSIZE);
	/* Nothing of it arrived, and the socket works. */
	assert_int_equal(wire_send(p.theirs, "x", 1, NULL, 0), 0);
	{
		autopacket struct packet packet = { 0 };

		expect_packet(p.ours, "x", 1, 0, &packet);
	}
}

static void test_full(void **state)
{
	autopair struct pair p = pair_open();
	int r, sent = 0, fd = memfd_create("wire", MFD_CLOEXEC);

	(void)state;
	while ((r = wire_send(p.theirs, "x", 1, &fd, 1)) == 0)
		sent++;
	assert_int_equal(r, -EAGAIN);
	assert_true(sent > 0);
	for (int i = 0; i < sent; i++) {
		autopacket struct packet packet = { 0 };

		expect_packet(p.ours, "x", 1, 1, &packet);
	}
	assert_int_equal(wire_send(p.theirs, "x", 1, &fd, 1), 0);
	close(fd);
}

/* ---- what ends a session -------------------------------------------------------------------- */

static void test_empty_packet(void **state)
{
	autopair struct pair p = pair_open();
	int fd = memfd_create("wire", MFD_CLOEXEC);

	(void)state;
	/* With descriptors too: those go with the socket, the fixture sees that none came to us. */
	assert_int_equal(wire_send(p.theirs, "", 0, NULL, 0), 0);
	expect_error(p.ours, ERR_PROTOCOL, "an empty packet");
	assert_int_equal(wire_send(p.theirs, "", 0, &fd, 1), 0);
	expect_error(p.ours, ERR_PROTOCOL, "an empty packet");
	close(fd);
}

static void test_peer_closed(void **state)
{
	autopair struct pair p = pair_open();

	(void)state;
	assert_int_equal(wire_send(p.theirs, "bye", 3, NULL, 0), 0);
	cleanup_fd(&p.theirs);
	{
		autopacket struct packet packet = { 0 };

		expect_packet(p.ours, "bye", 3, 0, &packet);
	}
	expect_end(p.ours);
	expect_end(p.ours);
	assert_int_equal(wire_send(p.ours, "x", 1, NULL, 0), -EPIPE); /* and no SIGPIPE */
}

/* One that closed without having read all makes ECONNRESET here, once. Its last words count. */
static void test_peer_closed_with_packets_unread(void **state)
{
	autopair struct pair p = pair_open();

	(void)state;
	assert_int_equal(wire_send(p.ours, "unread", 6, NULL, 0), 0);
	assert_int_equal(wire_send(p.theirs, "bye", 3, NULL, 0), 0);
	cleanup_fd(&p.theirs);
	{
		autopacket struct packet packet = { 0 };

		expect_packet(p.ours, "bye", 3, 0, &packet);
	}
	expect_end(p.ours);
}

static void test_peer_closed_and_said_nothing(void **state)
{
	autopair struct pair p = pair_open();

	(void)state;
	assert_int_equal(wire_send(p.ours, "unread", 6, NULL, 0), 0);
	cleanup_fd(&p.theirs);
	expect_end(p.ours);
	expect_end(p.ours);
}

static void test_peer_shut_its_sending_side(void **state)
{
	autopair struct pair p = pair_open();

	(void)state;
	assert_int_equal(shutdown(p.theirs, SHUT_WR), 0);
	expect_end(p.ours);
}

/* ---- cut descriptors ------------------------------------------------------------------------ */

static size_t count_open(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Room for some of the descriptors only: those that came must be closed again, none may stay. */
static void recv_with_room_for(rlim_t room)
{
	autopair struct pair p = pair_open();
	struct rlimit before, less;
	size_t n_open;
	int fds[60];

	open_many(fds, 60);
	assert_int_equal(wire_send(p.theirs, "x", 1, fds, 60), 0);
	close_many(fds, 60);
	n_open = count_open();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	less = before;
	less.rlim_cur = (rlim_t)fds[0] +
			room; /* the lowest that is free, for memfds were opened in a row */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &less), 0);
	expect_error(p.ours, ERR_PROTOCOL, "the descriptors of a packet were cut");
	assert_int_equal(count_open(), n_open);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void test_no_room_in_the_table(void **state)
{
	(void)state;
	recv_with_room_for(0);
	recv_with_room_for(1);
	recv_with_room_for(43);
	recv_with_room_for(59);
}

/* ---- our own mistakes ----------------------------------------------------------------------- */

static void test_bad_sockets(void **state)
{
	autopair struct pair p = pair_open();
	int pipes[2], closed;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	expect_error(pipes[0], ERR_INTERNAL, "Socket operation on non-socket");
	close(pipes[0]);
	close(pipes[1]);
	closed = pipes[0];
	expect_error(closed, ERR_INTERNAL, "Bad file descriptor");
	assert_int_equal(wire_send(closed, "x", 1, NULL, 0), -EBADF);
	assert_int_equal(wire_send(p.ours, "x", 1, &closed, 1), -EBADF);
	wire_tune(closed); /* best effort, and no more */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_the_kernel_s_limit_is_ours),
		cmocka_unit_test(test_taken_and_left),
		cmocka_unit_test(test_credentials_beside_descriptors),
		cmocka_unit_test(test_over_the_limit),
		cmocka_unit_test(test_at_the_limit),
		cmocka_unit_test(test_over_the_buffer),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_empty_packet),
		cmocka_unit_test(test_peer_closed),
		cmocka_unit_test(test_peer_closed_with_packets_unread),
		cmocka_unit_test(test_peer_closed_and_said_nothing),
		cmocka_unit_test(test_peer_shut_its_sending_side),
		cmocka_unit_test(test_no_room_in_the_table),
		cmocka_unit_test(test_bad_sockets),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}

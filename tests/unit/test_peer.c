/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is at the other end: a child that connects, and lives or has gone by the time that it is asked. */
#include "policy/peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define UID 4242
#define GID 4243

static struct sockaddr_un addr = { .sun_family = AF_UNIX };
static int listening, conn;
static pid_t client;

static _Noreturn void connect_and_stay(void)
{
	static const gid_t groups[] = { 7, 9 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "b)\xff -1.x_y");
	if (getuid() == 0 && (syscall(SYS_setgroups, 2, groups) < 0 ||
				     syscall(SYS_setresgid, GID, GID, GID) < 0 ||
				     syscall(SYS_setresuid, UID, UID, UID) < 0))
		_exit(2);
	/* The address is abstract: nothing is asked of a file system. */
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		_exit(3);
	_exit(read(fd, &byte, 1) == 1 ? 0 : 4);
}

static int setup(void **state)
{
	(void)state;
	snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "fdbroker-test-peer-%d", getpid());
	listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(listening, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(listening, 1) < 0)
		return -1;
	client = fork();
	if (client == 0)
		connect_and_stay();
	conn = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	return conn < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	close(conn);
	close(listening);
	return waitpid(client, NULL, 0) == client ? 0 : -1;
}

static void end_client(void)
{
	siginfo_t si;

	assert_int_equal(write(conn, "", 1), 1);
	assert_int_equal(waitid(P_PID, (id_t)client, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(si.si_code, CLD_EXITED);
	assert_int_equal(si.si_status, 0);
}

static bool kernel_has_peerpidfd(void)
{
	int pidfd = -1;
	socklen_t size = sizeof(pidfd);

	if (getsockopt(conn, SOL_SOCKET, 77, &pidfd, &size) < 0)
		return false;
	close(pidfd);
	return true;
}

static void it_lives(void **state)
{
	struct config config = { .local = -1, .group = { (char *)"9", 9 } };
	struct policy_peer peer;

	(void)state;
	assert_int_equal(peer_read(conn, &config, &peer), 0);
	assert_int_equal(peer.pid, client);
	assert_string_equal(peer.program, kernel_has_peerpidfd() ? "b?"
								   "?"
								   "?-1.x_y"
								 : "");
	if (getuid() == 0) {
		assert_int_equal(peer.uid, UID);
		assert_int_equal(peer.gid, GID);
		assert_int_equal(peer.n_groups, 2);
		assert_int_equal(peer.groups[0], 7);
		assert_true(peer.in_group);
	}
	peer_done(&peer);
	end_client();
}

/* Its number still has its name, for nobody has waited for it; but it could be anybody's by now. */
static void it_has_gone(void **state)
{
	struct config config = { .local = -1 };
	struct policy_peer peer;

	(void)state;
	end_client();
	assert_int_equal(peer_read(conn, &config, &peer), 0);
	assert_int_equal(peer.pid, client);
	assert_string_equal(peer.program, "");
	assert_false(peer.in_group);
	peer_done(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_lives, setup, teardown),
		cmocka_unit_test_setup_teardown(it_has_gone, setup, teardown),
	};

	return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whoever the daemon tells something, and who does not listen, holds up nobody: a pipe or a journal that takes no
 * lines, a systemd that is frozen. And no client fills the log.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "service/lograte.h"
#include "rawclient.h"

#define JOURNAL "/run/systemd/journal/socket"
#define NOTIFY  "/run/notify"
#define MANY    200 /* lines: more than a page holds, and fewer than a user may cause */
#define OTHER   65534

static struct broker broker;

/* The broker's standard error is this descriptor, which is used up. */
static void start(int err)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	assert_true(saved >= 0 && err >= 0);
	assert_int_equal(dup2(err, STDERR_FILENO), STDERR_FILENO);
	close(err);
	assert_int_equal(setenv("RAW_VERBOSE", "1", 1), 0);
	broker_start(&broker, "ok");
	assert_int_equal(unsetenv("RAW_VERBOSE"), 0);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
}

/* Each is answered, and costs the broker a line. */
static void be_refused(int n)
{
	for (int i = 0; i < n; i++) {
		int sock = raw_connect(&broker);

		assert_int_equal(raw_send_bytes(sock, "\xff\xff", 2, NULL, 0), 0);
		raw_expect_error(sock, ERR_PROTOCOL, NULL);
		close(sock);
	}
}

/* A socket on which datagrams come, as many as nobody has read. */
static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_true(sock >= 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return sock;
}

static void fill(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	while (sendto(sock, "x", 1, 0, (struct sockaddr *)&addr, sizeof(addr)) == 1)
		;
	close(sock);
}

/* Reads until a datagram has this in it, for 5 s. */
static void await_text(int sock, const char *text)
{
	char got[32768];

	for (int i = 0; i < 500; i++) {
		ssize_t n = recv(sock, got, sizeof(got), 0);

		if (n > 0 && memmem(got, (size_t)n, text, strlen(text)))
			return;
		if (n < 0)
			usleep(10000);
	}
	fail_msg("nothing has '%s' in it", text);
}

static void pipe_is_not_read(void **state)
{
	char text[65536 + 1];
	int ends[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
	start(ends[1]);
	be_refused(MANY);
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	be_refused(1);
	assert_true(text[n - 1] == '\n'); /* no line is cut */
	n = read(ends[0], text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = 0;
	assert_non_null(strstr(text, "lines were left out, for nobody took them"));
	close(ends[0]);
	broker_stop(&broker);
}

static void journal_hangs(void **state)
{
	int journal = listen_at(JOURNAL), err = memfd_create("err", MFD_CLOEXEC);
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(err, &st), 0);
	snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)st.st_dev,
		(unsigned long)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	start(err);
	assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
	await_text(journal, "FDBROKER_VERSION\n");
	fill(JOURNAL);
	be_refused(MANY);
	await_text(journal, "x");
	while (recv(journal, stream, sizeof(stream), 0) > 0)
		;
	be_refused(1);
	await_text(journal, "lines were left out");
	await_text(journal, "FDBROKER_SESSION\n");
	close(journal);
	assert_int_equal(unlink(JOURNAL), 0);
	broker_kill(&broker);
}

static void systemd_is_frozen(void **state)
{
	int notify = listen_at(NOTIFY);

	(void)state;
	fill(NOTIFY);
	assert_int_equal(setenv("NOTIFY_SOCKET", NOTIFY, 1), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "300000", 1), 0);
	start(open("/dev/null", O_WRONLY | O_CLOEXEC));
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
	assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
	/* Now it is not READY=1 alone that it wants to say. */
	usleep(500000);
	be_refused(1);
	while (recv(notify, &(char){ 0 }, 1, 0) > 0)
		;
	await_text(notify, "READY=1");
	await_text(notify, "STATUS=");
	await_text(notify, "WATCHDOG=1");
	close(notify);
	assert_int_equal(unlink(NOTIFY), 0);
	broker_stop(&broker);
}

/* One user is refused without end; the log has a bound, and the lines of others. */
static void nobody_fills_the_log(void **state)
{
	int err = memfd_create("err", MFD_CLOEXEC), sock;
	int log = fcntl(err, F_DUPFD_CLOEXEC, 3);
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Drain drain = FDBROKER__V1__DRAIN__INIT;
	unsigned lines = 0, of_root = 0;
	autofree char *text = NULL;
	struct stat st;

	(void)state;
	start(err);
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_DRAIN;
	message.drain = &drain;
	sock = raw_connect_as(&broker, OTHER, OTHER);
	for (int i = 0; i < 2 * LOGRATE_LINES; i++) {
		raw_send(sock, &message, NULL, 0);
		raw_expect_error(sock, ERR_PERMISSION, NULL);
	}
	close(sock);
	be_refused(1);
	assert_int_equal(fstat(log, &st), 0);
	text = calloc(1, (size_t)st.st_size + 1);
	assert_int_equal(pread(log, text, (size_t)st.st_size, 0), st.st_size);
	close(log);
	for (char *p = text; (p = strstr(p, "refused Drain to user 65534")); p++)
		lines++;
	for (char *p = text; (p = strstr(p, "refused a connection to user 0")); p++)
		of_root++;
	assert_int_equal(lines, LOGRATE_LINES);
	assert_int_equal(of_root, 1);
	assert_non_null(strstr(text, "user 65534 has caused 1000 lines in less than 30 s"));
	broker_stop(&broker);
}

/* A /run of our own, where a journal and a systemd may be. */
static int setup(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("test", "/run", "tmpfs", 0, "mode=755") < 0)
		return -1;
	return mkdir("/run/systemd", 0755) < 0 || mkdir("/run/systemd/journal", 0755) < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pipe_is_not_read),
		cmocka_unit_test(journal_hangs),
		cmocka_unit_test(systemd_is_frozen),
		cmocka_unit_test(nobody_fills_the_log),
	};

	return cmocka_run_group_tests_name("steady", tests, setup, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running out of descriptors, memory, room in the state directory, and pids: whoever asks for more gets an error
 * that says so, the others are served, the daemon waits without spinning, and all is well when it is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "rawclient.h"
#include "wire.h"

static struct broker broker;

static void ask_restore(int sock)
{
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;

	restore.has_deadline_ms = true;
	restore.deadline_ms = 20000;
	raw_restore(sock, &broker, &restore, -1);
}

/* Return: the root task, which is the caller's to end. */
static pid_t restore_well(int sock)
{
	struct answer a;
	pid_t root;

	ask_restore(sock);
	a = raw_await_result(sock);
	if (!a.message->result->success)
		print_message("%s\n", a.message->result->error->text);
	assert_true(a.message->result->success);
	root = a.message->result->pid;
	raw_done(&a);
	return root;
}

/* The next message, an event or not, is an error or a failed result, and says so. */
static void expect_refusal(int sock, int code, const char *telling)
{
	const Fdbroker__V1__Error *error = NULL;
	struct answer a = { 0 };

	while (!error) {
		raw_done(&a);
		a = raw_recv(sock);
		assert_non_null(a.message);
		if (a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR)
			error = a.message->error;
		else if (a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT)
			error = a.message->result->error;
	}
	print_message("# %s\n", error->text);
	assert_int_equal(error->code, code);
	assert_non_null(strstr(error->text, telling));
	raw_done(&a);
}

static uint64_t cpu_us(void)
{
	char path[64];
	unsigned long ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", broker.pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &ns), 1);
	fclose(f);
	return ns / 1000;
}

/* ---- descriptors ---- */

static void allow_descriptors(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(prlimit(broker.pid, RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(prlimit(broker.pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

/* The lowest number that the broker has not used. */
static int next_descriptor(void)
{
	char path[64];
	int n = 0;

	do
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", broker.pid, n++);
	while (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	return n - 1;
}

static bool is_answered(int sock)
{
	return poll(&(struct pollfd){ .fd = sock, .events = POLLIN }, 1, 500) == 1;
}

static void descriptors(void **state)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Hello hello = FDBROKER__V1__HELLO__INIT;
	struct rlimit before;
	int socks[20], sock;
	uint64_t cpu;

	(void)state;
	broker_start(&broker, "ok");
	assert_int_equal(prlimit(broker.pid, RLIMIT_NOFILE, NULL, &before), 0);
	sock = raw_connect(&broker);
	(void)raw_sessions(sock);

	/* The images of the restore have room, what reads them has not. */
	allow_descriptors((rlim_t)next_descriptor() + 1);
	ask_restore(sock);
	expect_refusal(sock, ERR_INTERNAL, "Too many open files");

	/* One connection more, and the others wait. */
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_HELLO;
	message.hello = &hello;
	for (int i = 0; i < 20; i++) {
		socks[i] = raw_connect(&broker);
		raw_send(socks[i], &message, NULL, 0);
	}
	assert_true(is_answered(socks[0]));
	assert_false(is_answered(socks[1]));
	cpu = cpu_us();
	sleep(2);
	cpu = cpu_us() - cpu;
	print_message("# %lu us of processor time in 2 s in which it could not accept\n",
		(unsigned long)cpu);
	assert_true(cpu < 100000);
	(void)raw_sessions(sock);

	/* What is lent has no room: the one who lends is told, and ended. */
	ask_restore(sock);
	raw_expect_error(sock, ERR_PROTOCOL, NULL);
	raw_expect_end(sock);
	close(sock);

	allow_descriptors(before.rlim_cur);
	for (int i = 0; i < 20; i++) {
		assert_true(is_answered(socks[i]));
		close(socks[i]);
	}
	sock = raw_connect(&broker);
	assert_int_equal(kill(restore_well(sock), SIGKILL), 0);
	close(sock);
	broker_stop(&broker);
}

/* ---- memory ---- */

static rlim_t address_space(void)
{
	unsigned long pages = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", broker.pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static struct answer lend_long_names(int sock, unsigned turn)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Lend body = FDBROKER__V1__LEND__INIT;
	static char names[WIRE_MAX_FDS][256];
	char *list[WIRE_MAX_FDS];
	int fds[WIRE_MAX_FDS], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct answer a;

	for (size_t i = 0; i < WIRE_MAX_FDS; i++) {
		snprintf(names[i], sizeof(names[i]), "%0200u-%zu", turn, i);
		list[i] = names[i];
		fds[i] = null;
	}
	body.n_names = WIRE_MAX_FDS;
	body.names = list;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	message.lend = &body;
	a = raw_call(sock, &message, fds, WIRE_MAX_FDS);
	close(null);
	return a;
}

/*
 * One that lends and lends until there is no memory for it. What there is no memory for may be the message itself
 * or its answer: then its session ends.
 */
static void memory(void **state)
{
	struct rlimit before, low;
	unsigned turns = 0;
	struct answer a;
	int greedy, sock;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	print_message("AddressSanitizer ends a program that has no memory\n");
	skip();
#endif
	broker_start(&broker, "ok");
	sock = raw_connect(&broker);
	greedy = raw_connect(&broker);
	(void)raw_sessions(greedy);
	assert_int_equal(prlimit(broker.pid, RLIMIT_AS, NULL, &before), 0);
	low = (struct rlimit){ address_space() + 256 * 1024, before.rlim_max };
	assert_int_equal(prlimit(broker.pid, RLIMIT_AS, &low, NULL), 0);
	for (bool over = false; !over && turns < 32; turns++) {
		a = lend_long_names(greedy, turns);
		over = !a.message ||
		       a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR;
		if (over)
			print_message("# after %u lent: %s\n", turns * WIRE_MAX_FDS,
				a.message ? a.message->error->text : "the session is ended");
		if (over && a.message)
			assert_int_equal(a.message->error->code, ERR_INTERNAL);
		raw_done(&a);
	}
	assert_true(turns < 32);
	close(greedy);
	assert_int_equal(prlimit(broker.pid, RLIMIT_AS, &before, NULL), 0);
	assert_int_equal(kill(restore_well(sock), SIGKILL), 0);
	close(sock);
	broker_stop(&broker);
}

/* ---- the state directory ---- */

static void fill(void)
{
	static const char zeros[4096];
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/ballast", broker.state);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

static void empty(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/ballast", broker.state);
	assert_int_equal(unlink(path), 0);
}

static void room(void **state)
{
	struct answer a;
	int sock;
	pid_t root;

	(void)state;
	broker_prepare(&broker, "ok");
	assert_int_equal(mount("state", broker.state, "tmpfs", 0, "size=256k,mode=0700"), 0);
	broker_launch(&broker, NULL);
	sock = raw_connect(&broker);
	root = restore_well(sock);
	fill();
	ask_restore(sock);
	expect_refusal(sock, ERR_INTERNAL, "No space left on device");
	/* What there was is not lost: a tree that ends meanwhile has its outcome. */
	assert_int_equal(kill(root, SIGUSR1), 0);
	a = raw_wait(sock, 1);
	assert_true(a.message->job_report->job->end->known);
	assert_int_equal(a.message->job_report->job->end->signal, SIGUSR1);
	raw_done(&a);
	empty();
	root = restore_well(sock);
	a = raw_show(sock, 1);
	assert_int_equal(a.message->job_report->job->end->signal, SIGUSR1);
	raw_done(&a);
	assert_int_equal(kill(root, SIGKILL), 0);
	close(sock);
	/* The mount goes with the broker's directory. */
	assert_null(broker_unrest(&broker));
	assert_int_equal(kill(broker.pid, SIGTERM), 0);
	while (waitid(P_PID, (id_t)broker.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(umount2(broker.state, MNT_DETACH), 0);
	broker_reap(&broker);
}

/* Room for a job's record, none for all of criu's log. */
static void room_for_a_log(void **state)
{
	int sock;

	(void)state;
	broker_prepare(&broker, "log:3000000");
	assert_int_equal(mount("state", broker.state, "tmpfs", 0, "size=1m,mode=0700"), 0);
	broker_launch(&broker, NULL);
	sock = raw_connect(&broker);
	ask_restore(sock);
	expect_refusal(sock, ERR_CRIU_FAILED, "");
	(void)raw_sessions(sock);
	close(sock);
	assert_null(broker_unrest(&broker));
	assert_int_equal(kill(broker.pid, SIGTERM), 0);
	while (waitid(P_PID, (id_t)broker.pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(umount2(broker.state, MNT_DETACH), 0);
	broker_reap(&broker);
}

/* ---- pids ---- */

#define PID_MAX "/proc/sys/kernel/pid_max"

/* Since Linux 6.14 each pid namespace has a number of its own; before, it was the whole machine's. */
static bool has_own_pid_max(void)
{
	struct utsname name;
	int major = 0, minor = 0;
	struct stat st;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &major, &minor), 2);
	assert_int_equal(stat("/proc/self/ns/pid", &st), 0);
	/* 0xEFFFFFFC is the first of all pid namespaces. */
	return (major > 6 || (major == 6 && minor >= 14)) && st.st_ino != 0xEFFFFFFCu;
}

static void set_pid_max(const char *text)
{
	int fd = open(PID_MAX, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void pids(void **state)
{
	char before[32] = "";
	int fd, sock, ready[2];
	pid_t group;

	(void)state;
	if (!has_own_pid_max()) {
		print_message("this kernel's pid_max is not the namespace's own\n");
		skip();
	}
	broker_start(&broker, "ok");
	sock = raw_connect(&broker);
	assert_int_equal(kill(restore_well(sock), SIGKILL), 0);
	fd = open(PID_MAX, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, before, sizeof(before) - 1) > 0);
	close(fd);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	set_pid_max("400");
	group = fork();
	assert_true(group >= 0);
	if (group == 0) {
		(void)setpgid(0, 0);
		for (pid_t pid; (pid = fork()) >= 0;)
			if (pid == 0)
				for (;;)
					pause();
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], before + 31, 1), 1);
	before[31] = 0;
	ask_restore(sock);
	expect_refusal(sock, ERR_INTERNAL, "Resource temporarily unavailable");
	(void)raw_sessions(sock);
	assert_int_equal(kill(-group, SIGKILL), 0);
	assert_int_equal(waitpid(group, NULL, 0), group);
	set_pid_max(before);
	close(ready[0]);
	close(ready[1]);
	usleep(200000); /* init of this namespace reaps the others */
	assert_int_equal(kill(restore_well(sock), SIGKILL), 0);
	close(sock);
	broker_stop(&broker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors),
		cmocka_unit_test(memory),
		cmocka_unit_test(room),
		cmocka_unit_test(room_for_a_log),
		cmocka_unit_test(pids),
	};

	return cmocka_run_group_tests_name("exhausted", tests, NULL, NULL);
}

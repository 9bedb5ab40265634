/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system call of the daemon on a restore's whole way is made to fail once: from a client's connect to
 * the end of the restored tree. A first run under strace counts the calls, then there is one run for each of
 * them and each errno that may come of it. Whatever fails, the client hears of it (a result, an error, or the
 * end of its connection), within seconds; the daemon lives, keeps nothing of it, and the next restore works.
 *
 * Not made to fail: what the kernel never refuses when it is called rightly (see never[] below).
 *
 * Environment: FDB_FAULTS_ALL=1: every call with every errno of it, else each call with one errno, and a part of
 * those of which there are many; FDB_FAULTS_CRIU, _IMAGES, _KEY: a real criu, its images, and the key of what is
 * replaced; FDB_FAULTS_ONLY: one point, as "write:ENOSPC:8"; FDB_FAULTS_JOBS: brokers that are tested at one time [2].
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "rawclient.h"
#include "wire.h"

#define MAX_POINTS  4096
#define MAX_JOBS    16
#define CLIENT_MS   6000 /* longer than the deadline of a restore here and its end */
#define DEADLINE_MS 3000

/* What a call may fail with; the first is the likeliest. */
static const struct call_errors {
	const char *name;
	const char *errors[3];
} may_fail[] = {
	{ "accept4", { "EMFILE", "ENOMEM", "ECONNABORTED" } },
	{ "brk", { "ENOMEM" } },
	{ "clone", { "EAGAIN", "ENOMEM" } },
	{ "clone3", { "EAGAIN", "ENOMEM" } },
	{ "connect", { "ECONNREFUSED" } },
	{ "dup", { "EMFILE" } },
	{ "epoll_ctl", { "ENOMEM", "ENOSPC" } },
	{ "epoll_pwait2", { "EINTR" } },
	{ "epoll_wait", { "EINTR" } },
	{ "faccessat2", { "EIO", "ENOMEM" } },
	{ "fchmod", { "EIO", "ENOSPC" } },
	{ "fcntl", { "EMFILE", "ENOMEM" } },
	{ "fstat", { "EIO", "ENOMEM" } },
	{ "fsync", { "EIO", "ENOSPC" } },
	{ "ftruncate", { "ENOSPC", "EIO" } },
	{ "getdents64", { "EIO", "ENOMEM" } },
	{ "getrandom", { "EINTR", "EAGAIN" } },
	{ "getsockopt", { "ENOMEM", "EINVAL" } },
	{ "lseek", { "EINVAL" } },
	{ "memfd_create", { "EMFILE", "ENOMEM" } },
	{ "mkdirat", { "ENOSPC", "EIO" } },
	{ "mmap", { "ENOMEM" } },
	{ "mprotect", { "ENOMEM" } },
	{ "mremap", { "ENOMEM" } },
	{ "newfstatat", { "EIO", "ENOMEM" } },
	{ "openat", { "EMFILE", "ENOMEM", "EIO" } },
	{ "pidfd_open", { "EMFILE", "ENOMEM" } },
	{ "poll", { "EINTR", "ENOMEM" } },
	{ "pread64", { "EIO", "EINTR" } },
	{ "prlimit64", { "EPERM" } },
	{ "read", { "EIO", "EINTR" } },
	{ "readlink", { "EIO", "ENOMEM" } },
	{ "recvfrom", { "EINTR", "ENOMEM" } },
	{ "recvmsg", { "ENOMEM", "EINTR" } },
	{ "renameat", { "ENOSPC", "EIO" } },
	{ "renameat2", { "ENOSPC", "EIO" } },
	{ "sendfile", { "EIO", "ENOSPC" } },
	{ "sendmsg", { "ENOBUFS", "EINTR", "EPIPE" } },
	{ "sendto", { "ENOBUFS", "EINTR", "EPIPE" } },
	{ "setsockopt", { "ENOMEM" } },
	{ "socketpair", { "EMFILE", "ENFILE" } },
	{ "statx", { "EIO", "ENOMEM" } },
	{ "unlinkat", { "EIO", "EBUSY" } },
	{ "wait4", { "EINTR" } },
	{ "waitid", { "EINTR" } },
	{ "write", { "ENOSPC", "EINTR", "EIO" } },
};

/*
 * strace makes a call fail by not making it. Where the kernel does not refuse, or does its work all the same
 * (close), that would be the test's leak and no fault. futex: waking up cannot fail, and libc ends a process where
 * it seems to.
 */
static const char *const never[] = { "clock_gettime", "close", "close_range", "exit", "exit_group",
	"futex", "getegid", "geteuid", "getgid", "getpid", "getppid", "getresuid", "gettid",
	"getuid", "kill", "madvise", "munmap", "pidfd_send_signal", "restart_syscall", "rseq",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "set_robust_list",
	"shutdown", "tgkill", "umask" };

struct point {
	char call[32];
	const char *error;
	unsigned when; /* the how-manieth call of it, from 1 on */
};

/* Shared by the processes that share the work. */
struct totals {
	unsigned next, reached, missed, bad;
	unsigned results, failures, errors, ends; /* what the client heard in place of success */
};

static struct point *points;
static unsigned n_points;
static struct totals *totals;
static struct broker broker;
static char images[PATH_MAX], key[256];

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void complain(const struct point *p, const char *format, ...)
{
	va_list args;
	char text[2048];

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("FAULT %s %s when=%u: %s\n", p ? p->call : "-", p ? p->error : "-", p ? p->when : 0,
		text);
	fflush(stdout);
	__atomic_fetch_add(&totals->bad, 1, __ATOMIC_RELAXED);
}

/* ---- a client that takes whatever comes ---- */

enum heard { SUCCESS, FAILURE, REFUSED, CLOSED, NOTHING };

struct client {
	int sock;
	uint64_t serial;
	uint64_t job;
	pid_t root;
	char text[256]; /* of an error */
};

/* Return: -1: nothing in time; 0: closed; 1: a message. */
static int take(struct client *c, struct answer *ret)
{
	struct pollfd ready = { .fd = c->sock, .events = POLLIN };
	autopacket struct packet packet = { 0 };
	struct err err;
	int r;

	*ret = (struct answer){ 0 };
	do {
		if (poll(&ready, 1, CLIENT_MS) != 1)
			return -1;
		r = wire_recv(c->sock, &packet, &err);
	} while (r == -EAGAIN);
	if (r != 1)
		return 0;
	ret->message = fdbroker__v1__server_message__unpack(NULL, packet.size, packet.data);
	assert_non_null(ret->message);
	for (; ret->n_fds < packet.fds.n && ret->n_fds < 8; ret->n_fds++)
		ret->fds[ret->n_fds] = fdset_take(&packet.fds, ret->n_fds);
	if (ret->message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR)
		snprintf(c->text, sizeof(c->text), "%s", ret->message->error->text);
	return 1;
}

static void say(struct client *c, Fdbroker__V1__ClientMessage *message, int fd)
{
	uint8_t bytes[4096];
	size_t size;

	message->has_serial = true;
	message->serial = ++c->serial;
	size = fdbroker__v1__client_message__pack(message, bytes);
	/* If the broker has closed, reading says so. */
	(void)raw_send_bytes(c->sock, bytes, size, &fd, fd >= 0);
}

static enum heard heard_of(int r, const struct answer *a)
{
	if (r <= 0)
		return r < 0 ? NOTHING : CLOSED;
	return a->message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR ? REFUSED
										 : SUCCESS;
}

/* A call with an answer of its own. */
static enum heard ask(struct client *c, Fdbroker__V1__ClientMessage *message, int fd)
{
	struct answer a;
	enum heard heard;

	say(c, message, fd);
	heard = heard_of(take(c, &a), &a);
	raw_done(&a);
	return heard;
}

static enum heard lend(struct client *c)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Lend body = FDBROKER__V1__LEND__INIT;
	char *name = (char *)"x";
	autofd int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	body.n_names = 1;
	body.names = &name;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	message.lend = &body;
	return ask(c, &message, fd);
}

static void send_restore(struct client *c)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;
	Fdbroker__V1__Mapping mapping = FDBROKER__V1__MAPPING__INIT, *list = &mapping;
	Fdbroker__V1__Target target = FDBROKER__V1__TARGET__INIT;
	autofd int fd = open(images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *risk = (char *)"wrong-kind";

	target.target_case = FDBROKER__V1__TARGET__TARGET_KEY;
	target.key = key;
	mapping.target = &target;
	mapping.lent = (char *)"x";
	restore.n_mappings = 1;
	restore.mappings = &list;
	restore.n_at_own_risk = 1;
	restore.at_own_risk = &risk;
	restore.has_images_dir = restore.has_deadline_ms = true;
	restore.deadline_ms = DEADLINE_MS;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_RESTORE;
	message.restore = &restore;
	say(c, &message, fd);
}

static enum heard take_result(struct client *c, const Fdbroker__V1__Result *result)
{
	if (!result->success) {
		snprintf(c->text, sizeof(c->text), "%s", result->error->text);
		return FAILURE;
	}
	c->root = result->pid;
	return SUCCESS;
}

static enum heard await_result(struct client *c)
{
	for (;;) {
		struct answer a;
		enum heard heard = heard_of(take(c, &a), &a);
		int body = a.message ? (int)a.message->body_case : 0;

		if (heard == SUCCESS && body == FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED)
			c->job = a.message->accepted->job;
		if (heard == SUCCESS && body == FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT)
			heard = take_result(c, a.message->result);
		raw_done(&a);
		if (heard != SUCCESS || body == FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT)
			return heard;
	}
}

/* Wait for the end of the tree, and look at what is kept of the job. */
static enum heard afterwards(struct client *c)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Wait wait = FDBROKER__V1__WAIT__INIT;
	Fdbroker__V1__Log log = FDBROKER__V1__LOG__INIT;
	enum heard heard;

	wait.has_job = log.has_job = true;
	wait.job = log.job = c->job;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_WAIT;
	message.wait = &wait;
	(void)kill(c->root, SIGKILL);
	heard = ask(c, &message, -1);
	if (heard != SUCCESS)
		return heard;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LOG;
	message.log = &log;
	return ask(c, &message, -1);
}

/* The whole way. */
static enum heard restore(struct client *c)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Hello hello = FDBROKER__V1__HELLO__INIT;
	enum heard heard;

	*c = (struct client){ .sock = raw_connect(&broker) };
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_HELLO;
	message.hello = &hello;
	heard = ask(c, &message, -1);
	if (heard == SUCCESS)
		heard = lend(c);
	if (heard == SUCCESS) {
		send_restore(c);
		heard = await_result(c);
	}
	if (heard == SUCCESS)
		heard = afterwards(c);
	close(c->sock);
	return heard;
}

/* ---- strace ---- */

static bool is_traced(void)
{
	char path[64], line[128];
	int tracer = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", broker.pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (f)
		fclose(f);
	return tracer != 0;
}

/* @p: NULL: count only. Return: strace's pid. */
static pid_t begin_strace(const struct point *p, const char *log)
{
	char target[16], inject[96];
	pid_t pid;

	snprintf(target, sizeof(target), "%d", broker.pid);
	if (p)
		snprintf(inject, sizeof(inject), "inject=%s:error=%s:when=%u", p->call, p->error,
			p->when);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execlp("strace", "strace", "-qq", "-o", log, "-p", target, p ? "-e" : NULL, inject,
			(char *)NULL);
		_exit(127);
	}
	for (int i = 0; !is_traced() && i < 2000; i++)
		usleep(1000);
	return pid;
}

static void end_strace(pid_t pid)
{
	(void)kill(pid, SIGINT);
	(void)waitpid(pid, NULL, 0);
}

enum injected { NOT_REACHED, INJECTED, LOOP };

/*
 * LOOP: it hit libevent's reading of its own pipe for signals, which libevent ends the process for. Nobody but it
 * has that pipe, and reading what is there cannot fail.
 */
static enum injected how_injected(const char *log)
{
	enum injected how = NOT_REACHED;
	autofree char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(log, "re");

	while (f && how == NOT_REACHED && getline(&line, &size, f) > 0)
		if (strstr(line, "(INJECTED)"))
			how = !strncmp(line, "read(", 5) && strstr(line, ", 1024) ") ? LOOP
										     : INJECTED;
	if (f)
		fclose(f);
	return how;
}

/* ---- which points there are ---- */

static bool is_in(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static const struct call_errors *errors_of(const char *name)
{
	for (size_t i = 0; i < sizeof(may_fail) / sizeof(may_fail[0]); i++)
		if (!strcmp(may_fail[i].name, name))
			return &may_fail[i];
	return NULL;
}

static void add_points(const char *call, unsigned times)
{
	const struct call_errors *e = errors_of(call);
	bool all = getenv("FDB_FAULTS_ALL");

	if (!e) {
		if (!is_in(never, sizeof(never) / sizeof(never[0]), call))
			fail_msg("it is not known with what %s may fail: see may_fail[]", call);
		return;
	}
	for (unsigned when = 1; when <= times; when++)
		for (unsigned i = 0; i < 3 && e->errors[i] && (all || i == 0); i++) {
			assert_true(n_points < MAX_POINTS);
			points[n_points].error = e->errors[all ? i : when % 2 && e->errors[1]];
			points[n_points].when = when;
			snprintf(points[n_points].call, sizeof(points[n_points].call), "%.31s",
				call);
			n_points++;
		}
}

/* FDB_FAULTS_ONLY in place of all of them. */
static void choose(const char *only)
{
	static char error[32];

	n_points = 1;
	points[0].error = error;
	if (sscanf(only, "%31[a-z0-9_]:%31[A-Z0-9]:%u", points[0].call, error, &points[0].when) !=
		3)
		fail_msg("FDB_FAULTS_ONLY is not CALL:ERRNO:NUMBER");
}

static void count_calls(const char *log)
{
	struct {
		char name[32];
		unsigned times;
	} calls[64] = { 0 };
	autofree char *line = NULL;
	size_t size = 0, n = 0;
	FILE *f = fopen(log, "re");
	unsigned all = 0;

	assert_non_null(f);
	while (getline(&line, &size, f) > 0) {
		char name[32];
		size_t i;

		if (sscanf(line, "%31[a-z0-9_](", name) != 1)
			continue;
		for (i = 0; i < n && strcmp(calls[i].name, name) != 0; i++)
			;
		assert_true(i < 64);
		if (i == n)
			snprintf(calls[n++].name, sizeof(calls[0].name), "%s", name);
		calls[i].times++;
		all++;
	}
	fclose(f);
	for (size_t i = 0; i < n; i++)
		add_points(calls[i].name, calls[i].times);
	if (getenv("FDB_FAULTS_ONLY"))
		choose(getenv("FDB_FAULTS_ONLY"));
	printf("# a restore is %u system calls of %zu kinds: %u points\n", all, n, n_points);
	if (getenv("RAW_VERBOSE"))
		for (size_t i = 0; i < n; i++)
			printf("# %s %u\n", calls[i].name, calls[i].times);
}

static void enumerate(void)
{
	char log[128];
	struct client c;
	pid_t strace;

	snprintf(log, sizeof(log), "%s/strace", broker.dir);
	for (int i = 0; i < 3; i++) /* what happens the first time only is no part of a restore */
		assert_int_equal(restore(&c), SUCCESS);
	assert_null(broker_unrest(&broker));
	strace = begin_strace(NULL, log);
	assert_true(is_traced());
	assert_int_equal(restore(&c), SUCCESS);
	assert_null(broker_unrest(&broker));
	end_strace(strace);
	count_calls(log);
}

/* ---- one point ---- */

static bool is_dead(void)
{
	siginfo_t si = { 0 };

	return waitid(P_PID, (id_t)broker.pid, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || si.si_pid;
}

/* Half-written files, and those that belong to no job. */
static unsigned strange_files(void)
{
	DIR *dir = opendir(broker.state);
	unsigned n = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));)
		n += strstr(e->d_name, ".new") != NULL;
	closedir(dir);
	return n;
}

/* The client has heard nothing of success: is there a tree all the same, which Show knows? Then it is ended. */
static void end_what_runs(const struct point *p, struct client *c)
{
	struct answer a;
	int sock;

	if (!c->job)
		return;
	sock = raw_connect(&broker);
	a = raw_show(sock, c->job);
	if (a.message->job_report->job->state == FDBROKER__V1__JOB_STATE__JOB_RUNNING) {
		if (a.message->job_report->job->result)
			(void)kill(a.message->job_report->job->result->pid, SIGKILL);
		else
			complain(p, "job %lu runs, and Show does not tell its pid",
				(unsigned long)c->job);
	}
	raw_done(&a);
	close(sock);
}

static void count(enum heard heard)
{
	unsigned *which = heard == FAILURE   ? &totals->failures
			  : heard == REFUSED ? &totals->errors
			  : heard == CLOSED  ? &totals->ends
					     : &totals->results;

	__atomic_fetch_add(which, 1, __ATOMIC_RELAXED);
}

static bool end_well(const struct point *p, struct client *c, enum heard heard)
{
	autofree char *unrest = NULL;
	struct answer a;
	bool good;

	if (is_dead()) {
		complain(p, "the daemon has ended; the client heard %d %s", heard, c->text);
		return false;
	}
	if (heard == NOTHING)
		complain(p, "the client heard nothing for %d ms", CLIENT_MS);
	if (heard != SUCCESS)
		end_what_runs(p, c);
	unrest = broker_unrest(&broker);
	if (unrest)
		complain(p, "something is left: %s", unrest);
	good = heard != NOTHING && !unrest;
	if (broker_has_cgroups(&broker)) {
		complain(p, "a control group is left");
		good = false;
	}
	if (strange_files()) {
		complain(p, "%u half-written files in the state directory", strange_files());
		good = false;
	}
	if (unrest)
		return false;
	a = raw_status(broker.witness);
	if (a.message->status->lent != 1 || a.message->status->jobs_running ||
		a.message->status->trees || a.message->status->sessions != 1) {
		complain(p, "status: lent %u, sessions %u, jobs %u, trees %u",
			a.message->status->lent, a.message->status->sessions,
			a.message->status->jobs_running, a.message->status->trees);
		good = false;
	}
	raw_done(&a);
	return good;
}

/* Return: is the daemon as it was? */
static bool run_point(const struct point *p)
{
	char log[128];
	struct client c;
	enum injected how;
	enum heard heard;
	uint64_t start_ms = now_ms();
	pid_t strace;
	bool good;

	snprintf(log, sizeof(log), "%s/strace", broker.dir);
	strace = begin_strace(p, log);
	heard = restore(&c);
	if (heard == SUCCESS && how_injected(log) == NOT_REACHED)
		free(broker_unrest(&broker)); /* it may come when all is over for the client */
	end_strace(strace);
	how = how_injected(log);
	__atomic_fetch_add(
		how == INJECTED ? &totals->reached : &totals->missed, 1, __ATOMIC_RELAXED);
	if (how == LOOP)
		return false;
	count(heard);
	if (getenv("RAW_VERBOSE"))
		printf("# %s %s when=%u: %s%s, %lu ms\n", p->call, p->error, p->when,
			(const char *const[]){
				"success", "failure: ", "error: ", "closed: ", "NOTHING" }[heard],
			heard == SUCCESS ? "" : c.text, (unsigned long)(now_ms() - start_ms));
	good = end_well(p, &c, heard);
	if (good && (heard = restore(&c)) != SUCCESS) {
		complain(p, "and the next restore does not work: %d %s", heard, c.text);
		good = false;
	}
	return good;
}

/* ---- all of them ---- */

static void start(void)
{
	const char *options[] = { "--criu", getenv("FDB_FAULTS_CRIU"), "--criu-fault",
		getenv("FDB_FAULTS_FAULT") ?: "0", NULL };

	broker_start_with(&broker, "ok", options[1] ? options : NULL);
	snprintf(images, sizeof(images), "%s", getenv("FDB_FAULTS_IMAGES") ?: broker.images);
	snprintf(key, sizeof(key), "%s", getenv("FDB_FAULTS_KEY") ?: "a");
}

static void work(void)
{
	struct client c;
	unsigned i;

	start();
	for (int warm = 0; warm < 3; warm++)
		assert_int_equal(restore(&c), SUCCESS);
	while ((i = __atomic_fetch_add(&totals->next, 1, __ATOMIC_RELAXED)) < n_points)
		if (!run_point(&points[i])) {
			broker_kill(&broker);
			start();
		}
	broker_stop(&broker);
}

static void every_call_fails_once(void **state)
{
	const char *text = getenv("FDB_FAULTS_JOBS");
	int jobs = text && atoi(text) <= MAX_JOBS ? atoi(text) : 2;
	pid_t workers[MAX_JOBS];
	uint64_t began = now_ms();

	(void)state;
	if (system("strace -V >/dev/null 2>&1") != 0) {
		print_message("no strace\n");
		skip();
	}
	start();
	enumerate();
	broker_stop(&broker);
	for (int i = 0; i < jobs; i++) {
		fflush(stdout);
		workers[i] = fork();
		assert_true(workers[i] >= 0);
		if (workers[i] == 0) {
			work();
			fflush(stdout);
			_exit(0);
		}
	}
	for (int i = 0, status; i < jobs; i++)
		if (waitpid(workers[i], &status, 0) < 0 || status)
			complain(NULL, "a process that tests has failed");
	printf("# %u points: %u reached, %u not; of the clients %u had success, %u a failed result, %u an error, %u were closed on; %u bad; %lu s\n",
		n_points, totals->reached, totals->missed, totals->results, totals->failures,
		totals->errors, totals->ends, totals->bad,
		(unsigned long)(now_ms() - began) / 1000);
	assert_int_equal(totals->bad, 0);
	assert_true(totals->reached * 10 > n_points * 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_call_fails_once) };

	points = calloc(MAX_POINTS, sizeof(*points));
	totals = mmap(
		NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!points || totals == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}

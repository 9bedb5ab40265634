/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system call of the daemon on a restore's whole way is made to fail once: from a client's connect to
 * the end of the restored tree. A first run under strace counts the calls, then there is one run for each of
 * them and each errno that may come of it. Whatever fails, the client hears of it (a result, an error, or the
 * end of its connection), within seconds; the daemon lives, keeps nothing of it, and the next restore works.
 *
 * Then the same with every allocation.
 *
 * Not made to fail: what the kernel never refuses when it is called rightly (never[] in inject.c).
 *
 * Environment:
 *   FDB_FAULTS_ALL=1    every call with every errno of it; else each call with one, and each fourth allocation
 *   FDB_FAULTS_EVERY=N  the first of each N points [1; 3 with AddressSanitizer]
 *   FDB_FAULTS_ONLY=P   one point: "write:ENOSPC:8" is the eighth write()
 *   FDB_FAULTS_JOBS=N   brokers that are tested at one time [2]
 *   FDB_FAULTS_CRIU, _IMAGES, _KEY, _FAULT: a real criu, its images, the key of what is replaced, CRIU_FAULT
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
#include "inject.h"
#include "wholeway.h"

#define MAX_POINTS 4096
#ifdef __SANITIZE_ADDRESS__ /* slower, and the same points as without */
#define EVERY 3
#else
#define EVERY 1
#endif
#define MAX_JOBS 16

/* Shared by the processes that share the work. */
struct totals {
	unsigned next, reached, missed, bad;
	unsigned results, failures, errors, ends; /* what the client heard in place of success */
};

static struct point *points;
static unsigned n_points;
static struct totals *totals;
static struct broker broker;
static struct way way; /* what every restore here is of */

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

/* ---- which points there are ---- */

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static void add_point(const char *call, const char *error, unsigned when)
{
	assert_true(n_points < MAX_POINTS);
	points[n_points] = (struct point){ .error = error, .when = when };
	snprintf(points[n_points++].call, sizeof(points[0].call), "%.31s", call);
}

static void add_points(const char *call, unsigned times)
{
	const struct inject_errors *e = inject_errors_of(call);
	bool all = is_set("FDB_FAULTS_ALL");

	for (unsigned when = 1; e && when <= times; when++)
		for (unsigned i = 0; i < 3 && e->errors[i] && (all || i == 0); i++)
			add_point(call, e->errors[all ? i : when % 2 && e->errors[1]], when);
}

/* FDB_FAULTS_ONLY in place of all of them. */
static void choose(const char *only)
{
	static char error[32];
	unsigned when;
	char call[32];

	if (sscanf(only, "%31[a-z0-9_]:%31[A-Z0-9]:%u", call, error, &when) != 3)
		fail_msg("FDB_FAULTS_ONLY is not CALL:ERRNO:NUMBER");
	n_points = 0;
	add_point(call, error, when);
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
	printf("# a restore is %u system calls of %zu kinds: %u points\n", all, n, n_points);
	if (getenv("RAW_VERBOSE"))
		for (size_t i = 0; i < n; i++)
			printf("# %s %u\n", calls[i].name, calls[i].times);
}

static void enumerate(void)
{
	char log[128];
	pid_t strace;

	snprintf(log, sizeof(log), "%s/strace", broker.dir);
	strace = inject_trace(&broker, NULL, log);
	assert_int_equal(way_go(&way, &broker), WAY_SUCCESS);
	assert_null(broker_unrest(&broker));
	inject_trace_end(strace);
	count_calls(log);
}

/* ---- one point ---- */

static bool is_dead(void)
{
	siginfo_t si = { 0 };

	return waitid(P_PID, (id_t)broker.pid, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || si.si_pid;
}

/* Half-written files, and more or fewer records than there are jobs. */
static bool are_files_strange(unsigned kept)
{
	DIR *dir = opendir(broker.state);
	unsigned half = 0, records = 0;

	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		half += strstr(e->d_name, ".new") != NULL;
		records += !strncmp(e->d_name, "job-", 4) && !strchr(e->d_name, '.');
	}
	closedir(dir);
	if (half || records != kept)
		printf("# %u half-written files, %u records of %u jobs\n", half, records, kept);
	return half || records != kept;
}

/* The client has heard nothing of success: is there a tree all the same, which Show knows? Then it is ended. */
static void end_what_runs(const struct point *p)
{
	struct answer a;
	int sock;

	if (!way.job)
		return;
	sock = raw_connect(&broker);
	a = raw_show(sock, way.job);
	if (a.message->job_report->job->state == FDBROKER__V1__JOB_STATE__JOB_RUNNING) {
		if (a.message->job_report->job->result)
			(void)kill(a.message->job_report->job->result->pid, SIGKILL);
		else
			complain(p, "job %lu runs, and Show does not tell its pid",
				(unsigned long)way.job);
	}
	raw_done(&a);
	close(sock);
}

static void count(enum way_heard heard)
{
	unsigned *which = heard == WAY_FAILURE   ? &totals->failures
			  : heard == WAY_REFUSED ? &totals->errors
			  : heard == WAY_CLOSED  ? &totals->ends
						 : &totals->results;

	__atomic_fetch_add(which, 1, __ATOMIC_RELAXED);
}

static bool end_well(const struct point *p, enum way_heard heard)
{
	autofree char *unrest = NULL;
	struct answer a;
	bool good;

	if (is_dead()) {
		complain(p, "the daemon has ended; the client heard %d %s", heard, way.text);
		return false;
	}
	if (heard == WAY_NOTHING)
		complain(p, "the client heard nothing for %d ms", WAY_MS);
	if (heard != WAY_SUCCESS)
		end_what_runs(p);
	unrest = broker_unrest(&broker);
	if (unrest)
		complain(p, "something is left: %s", unrest);
	good = heard != WAY_NOTHING && !unrest;
	if (broker_has_cgroups(&broker)) {
		complain(p, "a control group is left");
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
	if (are_files_strange(a.message->status->jobs_kept)) {
		complain(p, "the files in the state directory");
		good = false;
	}
	raw_done(&a);
	return good;
}

/* Return: has it failed as it should? */
static enum injected go_with(const struct point *p, enum way_heard *ret)
{
	bool malloc = !strcmp(p->call, "malloc");
	enum injected how;
	char log[128];
	pid_t strace = 0;

	snprintf(log, sizeof(log), "%s/strace", broker.dir);
	if (malloc)
		inject_malloc(p->when);
	else
		strace = inject_trace(&broker, p, log);
	*ret = way_go(&way, &broker);
	if (malloc) {
		how = inject_malloc_count() >= p->when ? INJECTED : NOT_REACHED;
		inject_malloc(0);
		return how;
	}
	if (*ret == WAY_SUCCESS && inject_done(log) == NOT_REACHED)
		free(broker_unrest(&broker)); /* it may come when all is over for the client */
	inject_trace_end(strace);
	return inject_done(log);
}

/* Return: is the daemon as it was? */
static bool run_point(const struct point *p)
{
	uint64_t start_ms = now_ms();
	enum way_heard heard;
	enum injected how = go_with(p, &heard);
	bool good;

	__atomic_fetch_add(
		how == INJECTED ? &totals->reached : &totals->missed, 1, __ATOMIC_RELAXED);
	if (how == LOOP)
		return false;
	count(heard);
	if (getenv("RAW_VERBOSE"))
		printf("# %s %s when=%u: %s%s, %lu ms\n", p->call, p->error, p->when,
			(const char *const[]){
				"success", "failure: ", "error: ", "closed: ", "NOTHING" }[heard],
			heard == WAY_SUCCESS ? "" : way.text, (unsigned long)(now_ms() - start_ms));
	good = end_well(p, heard);
	if (good && (heard = way_go(&way, &broker)) != WAY_SUCCESS) {
		complain(p, "and the next restore does not work: %d %s", heard, way.text);
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
	broker.zygotes_may_go = true;
	way.images = getenv("FDB_FAULTS_IMAGES") ?: broker.images;
	way.key = getenv("FDB_FAULTS_KEY") ?: "a";
}

static void warm_up(void)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(way_go(&way, &broker), WAY_SUCCESS);
	assert_null(broker_unrest(&broker));
}

static void work(bool malloc)
{
	char path[64];
	unsigned i;

	if (malloc) {
		snprintf(path, sizeof(path), "/tmp/fdbroker-malloc-%d", getpid());
		inject_malloc_open(path);
	}
	start();
	warm_up();
	while ((i = __atomic_fetch_add(&totals->next, 1, __ATOMIC_RELAXED)) < n_points)
		if (!run_point(&points[i])) {
			broker_kill(&broker);
			start();
		}
	broker_stop(&broker);
	if (malloc)
		(void)unlink(path);
}

static void run_all(bool malloc)
{
	const char *text = getenv("FDB_FAULTS_JOBS");
	int jobs = text && atoi(text) <= MAX_JOBS ? atoi(text) : 2;
	unsigned every =
		getenv("FDB_FAULTS_EVERY") ? (unsigned)atoi(getenv("FDB_FAULTS_EVERY")) : EVERY;
	pid_t workers[MAX_JOBS];
	uint64_t began = now_ms();

	if (getenv("FDB_FAULTS_ONLY"))
		choose(getenv("FDB_FAULTS_ONLY"));
	*totals = (struct totals){ 0 };
	if (every > 1) {
		unsigned n = 0;

		for (unsigned i = 0; i < n_points; i += every)
			points[n++] = points[i];
		n_points = n;
	}
	for (int i = 0; i < jobs; i++) {
		fflush(stdout);
		workers[i] = fork();
		assert_true(workers[i] >= 0);
		if (workers[i] == 0) {
			work(malloc);
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
	assert_true(n_points == 1 || totals->reached * 4 > n_points * 3);
}

static void every_call_fails_once(void **state)
{
	(void)state;
	if (system("strace -V >/dev/null 2>&1") != 0) {
		print_message("no strace\n");
		skip();
	}
	n_points = 0;
	start();
	warm_up();
	enumerate();
	broker_stop(&broker);
	run_all(false);
}

static void every_allocation_fails_once(void **state)
{
	const char *path = "/tmp/fdbroker-malloc";
	unsigned long times;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	print_message("AddressSanitizer has a malloc() of its own\n");
	skip();
#endif
	assert_int_equal(setenv("RAW_BROKER", "tests/tools/failing-broker", 1), 0);
	inject_malloc_open(path);
	n_points = 0;
	start();
	warm_up();
	inject_malloc(0);
	assert_int_equal(way_go(&way, &broker), WAY_SUCCESS);
	assert_null(broker_unrest(&broker));
	times = inject_malloc_count();
	broker_stop(&broker);
	(void)unlink(path);
	printf("# a restore is %lu allocations\n", times);
	for (unsigned when = 1; when <= times; when += is_set("FDB_FAULTS_ALL") ? 1 : 4)
		add_point("malloc", "ENOMEM", when);
	run_all(true);
	assert_int_equal(unsetenv("RAW_BROKER"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_fails_once),
		cmocka_unit_test(every_allocation_fails_once),
	};

	points = calloc(MAX_POINTS, sizeof(*points));
	totals = mmap(
		NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!points || totals == MAP_FAILED)
		return 1;
	if (getenv("FDB_FAULTS_CRIU"))
		cmocka_set_test_filter("every_call_fails_once");
	return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A broker, the images of one tree, and who asks for it to be restored. See world.h. */
#include "world.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 10000
#define HOLD    "/tmp/hold" /* criu stops itself if this exists */
#define WRAPPER "/tmp/held-criu"
#define LOG     "/tmp/new.log"

static char where[128];

void world_name(const char *stage, const char *action, unsigned n)
{
	snprintf(where, sizeof(where), "%s, %s, round %u", stage, action, n);
}

const char *world_where(void)
{
	return where;
}

void world_failed(const char *format, ...)
{
	char text[4096];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	fail_msg("%s", text);
	abort(); /* it does not return */
}

static void pause_1ms(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* ---- the world ---- */

void world_begin(struct world *w)
{
	FILE *f = fopen(WRAPPER, "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n[ ! -e " HOLD " ] || kill -STOP $$\nexec '%s' \"$@\"\n", w->criu);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(WRAPPER, 0755), 0);
	w->manager.criu = WRAPPER;
	w->manager.socket = w->broker.socket;
	w->manager.allow_own = w->uid != 0;
	quiet_begin(&w->quiet);
	manager_start(&w->manager);
	quiet_learn(&w->quiet, w->manager.broker);
}

void world_end(struct world *w)
{
	world_quiet(w);
	manager_stop(&w->manager, NULL);
	manager_done(&w->manager);
	quiet_end(&w->quiet);
}

void world_quiet(struct world *w)
{
	char why[4096];

	manager_hear(&w->manager);
	if (!quiet_await(&w->quiet, w->manager.broker, w->manager.state, why, sizeof(why)))
		world_failed("%s", why);
}

bool world_ends_are_known(void)
{
	struct utsname u;
	int major = 0, minor = 0;

	assert_int_equal(uname(&u), 0);
	(void)sscanf(u.release, "%d.%d", &major, &minor);
	return major > 6 || (major == 6 && minor >= 15);
}

/* ---- the client ---- */

static void lend_log(int sock)
{
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__Lend lend = FDBROKER__V1__LEND__INIT;
	int fd = open(LOG, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	char *name = (char *)"log";
	struct answer a;

	lend.n_names = 1;
	lend.names = &name;
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_LEND;
	message.lend = &lend;
	raw_send(sock, &message, &fd, 1);
	close(fd);
	a = raw_recv(sock);
	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_LENT);
	raw_done(&a);
}

/* criu_opts: field 13, a string. */
static size_t root_option(const char *root, uint8_t ret[static 64])
{
	size_t n = strlen(root);

	assert_in_range(n, 1, 61);
	ret[0] = 13 << 3 | 2;
	ret[1] = (uint8_t)n;
	memcpy(ret + 2, root, n);
	return n + 2;
}

static void set_hold(bool hold)
{
	if (hold)
		close(open(HOLD, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	else
		(void)unlink(HOLD);
}

void world_send(struct world *w, int sock, uint32_t deadline_ms, bool carry_on, bool criu_stops)
{
	Fdbroker__V1__Restore restore = FDBROKER__V1__RESTORE__INIT;
	Fdbroker__V1__Mapping mapping = FDBROKER__V1__MAPPING__INIT, *mappings = &mapping;
	Fdbroker__V1__Target target = FDBROKER__V1__TARGET__INIT;
	uint8_t opts[64];

	set_hold(criu_stops);
	restore.has_deadline_ms = restore.has_when_client_gone = true;
	restore.deadline_ms = deadline_ms;
	restore.when_client_gone = carry_on ? FDBROKER__V1__WHEN_CLIENT_GONE__CARRY_ON
					    : FDBROKER__V1__WHEN_CLIENT_GONE__CANCEL;
	if (w->target) {
		target.target_case = FDBROKER__V1__TARGET__TARGET_TEXT;
		target.text = (char *)w->target;
		mapping.target = &target;
		mapping.lent = (char *)"log";
		restore.n_mappings = 1;
		restore.mappings = &mappings;
	}
	if (w->root) {
		restore.has_criu_opts = true;
		restore.criu_opts.data = opts;
		restore.criu_opts.len = root_option(w->root, opts);
	}
	raw_restore(sock, &w->broker, &restore, -1);
}

int world_connect(struct world *w)
{
	int sock = w->uid ? raw_connect_as(&w->broker, w->uid, w->uid) : raw_connect(&w->broker);

	if (w->target)
		lend_log(sock);
	return sock;
}

int world_start(struct world *w, uint32_t deadline_ms, bool carry_on, bool criu_stops)
{
	int sock = world_connect(w);

	world_send(w, sock, deadline_ms, carry_on, criu_stops);
	return sock;
}

static void check_number(struct world *w, uint64_t job)
{
	if (job <= w->last_job)
		world_failed("job number %lu was used before, the last one was %lu",
			(unsigned long)job, (unsigned long)w->last_job);
	w->last_job = job;
}

uint64_t world_accepted(struct world *w, int sock)
{
	uint64_t job = ask_accepted(sock);

	check_number(w, job);
	return job;
}

/* A client that is a process, to be killed. It asks, tells the number through @out, and reads. */
static _Noreturn void be_client(struct world *w, int out, bool carry_on, bool criu_stops)
{
	int sock = world_start(w, WORLD_LONG_MS, carry_on, criu_stops);
	uint64_t job = ask_accepted(sock);

	if (write(out, &job, sizeof(job)) != sizeof(job))
		_exit(1);
	for (;;) {
		struct answer a = raw_recv(sock);

		raw_done(&a);
	}
}

pid_t world_fork_client(struct world *w, bool carry_on, bool criu_stops, uint64_t *job)
{
	int pair[2];
	pid_t pid;

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		be_client(w, pair[1], carry_on, criu_stops);
	close(pair[1]);
	assert_int_equal(read(pair[0], job, sizeof(*job)), sizeof(*job));
	close(pair[0]);
	check_number(w, *job);
	return pid;
}

/* ---- the tree ---- */

void world_await_tree(struct world *w)
{
	size_t n = 0;

	for (int i = 0; i < WAIT_MS; i++) {
		n = quiet_others(&w->quiet, w->manager.broker, NULL, 0);
		if (n == w->tasks)
			return;
		pause_1ms();
	}
	world_failed("the tree has %zu processes, not %u", n, w->tasks);
}

void world_end_others(struct world *w)
{
	pid_t pids[64];
	size_t n = quiet_others(&w->quiet, w->manager.broker, pids, 64);

	for (size_t i = 0; i < n && i < 64; i++)
		(void)kill(pids[i], SIGKILL);
}

int world_end_root(const struct world *w, pid_t root, unsigned n)
{
	static const int signals[] = { SIGTERM, SIGKILL, SIGUSR2, SIGALRM };
	int sig = w->root ? SIGKILL : signals[n % 4];

	assert_int_equal(kill(root, sig), 0);
	return sig;
}

void world_end_tree(struct world *w, uint64_t job, const struct seen *seen, unsigned n)
{
	struct seen end;
	int sig;

	world_await_tree(w);
	sig = world_end_root(w, seen->root, n);
	ask_wait(&w->broker, job, &end);
	if (end.state != FDBROKER__V1__JOB_STATE__JOB_ENDED || !end.has_end || end.signal != sig)
		if (world_ends_are_known() || !end.recovered || end.known)
			world_failed(
				"Wait says: state %d, %sknown, signal %d, exit %d; it was signal %d",
				end.state, end.known ? "" : "not ", end.signal, end.exit, sig);
	world_end_others(w);
	world_quiet(w);
}

off_t world_log_size(void)
{
	struct stat st = { .st_size = 0 };

	(void)stat(LOG, &st);
	return st.st_size;
}

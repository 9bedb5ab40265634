/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One restore in which something bad happens. See round.h. */
#include "round.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define WAIT_MS     10000
#define DEADLINE_MS 250 /* for what is to be ended by it; longer where that proves too short */
#define LONG_MS     60000
#define HOLD        "/tmp/hold" /* criu stops itself if this exists */
#define WRAPPER     "/tmp/held-criu"
#define LOG         "/tmp/new.log"

static char where[128];

void round_name(const char *stage, const char *action, unsigned n)
{
	snprintf(where, sizeof(where), "%s, %s, round %u", stage, action, n);
}

const char *round_where(void)
{
	return where;
}

void round_failed(const char *format, ...)
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
	quiet_begin(&w->quiet);
	manager_start(&w->manager);
	quiet_learn(&w->quiet, w->manager.broker);
}

void world_end(struct world *w)
{
	round_quiet(w);
	manager_stop(&w->manager, NULL);
	manager_done(&w->manager);
	quiet_end(&w->quiet);
}

void round_quiet(struct world *w)
{
	char why[4096];

	manager_hear(&w->manager);
	if (!quiet_await(&w->quiet, w->manager.broker, w->manager.state, why, sizeof(why)))
		round_failed("%s", why);
}

bool round_ends_are_known(void)
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
	int fd = open(LOG, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
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

void round_send(struct world *w, int sock, uint32_t deadline_ms, bool carry_on, bool criu_stops)
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
	if (w->key) {
		target.target_case = FDBROKER__V1__TARGET__TARGET_KEY;
		target.key = (char *)w->key;
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

int round_connect(struct world *w)
{
	int sock = raw_connect(&w->broker);

	if (w->key)
		lend_log(sock);
	return sock;
}

int round_start(struct world *w, uint32_t deadline_ms, bool carry_on, bool criu_stops)
{
	int sock = round_connect(w);

	round_send(w, sock, deadline_ms, carry_on, criu_stops);
	return sock;
}

static void check_number(struct world *w, uint64_t job)
{
	if (job <= w->last_job)
		round_failed("job number %lu was used before, the last one was %lu",
			(unsigned long)job, (unsigned long)w->last_job);
	w->last_job = job;
}

uint64_t round_accepted(struct world *w, int sock)
{
	uint64_t job = ask_accepted(sock);

	check_number(w, job);
	return job;
}

/* A client that is a process, to be killed. It asks, tells the number through @out, and reads. */
static _Noreturn void be_client(struct world *w, int out, bool carry_on, bool criu_stops)
{
	int sock = round_start(w, LONG_MS, carry_on, criu_stops);
	uint64_t job = ask_accepted(sock);

	if (write(out, &job, sizeof(job)) != sizeof(job))
		_exit(1);
	for (;;) {
		struct answer a = raw_recv(sock);

		raw_done(&a);
	}
}

static pid_t fork_client(struct world *w, bool carry_on, bool criu_stops, uint64_t *job)
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

/* ---- criu, held ---- */

struct round {
	const struct stage *stage;
	enum action what;
	uint64_t job;
	int sock;     /* of the client; -1: it is a process */
	pid_t client; /* or this; 0 */
	int other;    /* of a client whose restore is before ours in the queue; -1 */
	uint64_t other_job;
	struct hold hold;
	pid_t criu;     /* held, or stopped; 0: neither */
	off_t log_size; /* before */
};

/* Return: it is a criu that has stopped itself; its socket's number is in *rpc. */
static bool is_stopped_criu(const char *pid, int *rpc)
{
	char path[64], text[4096], *state, *swrk;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.16s/stat", pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = 0;
	state = strrchr(text, ')');
	if (!state || state[2] != 'T')
		return false;
	snprintf(path, sizeof(path), "/proc/%.16s/cmdline", pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = 0;
	swrk = memmem(text, n, "swrk", sizeof("swrk"));
	if (swrk)
		*rpc = atoi(swrk + sizeof("swrk"));
	return swrk;
}

static pid_t find_stopped_criu(int *rpc)
{
	for (int i = 0; i < WAIT_MS; i++) {
		DIR *dir = opendir("/proc");
		pid_t found = 0;

		assert_non_null(dir);
		for (struct dirent *e; !found && (e = readdir(dir));)
			if (atoi(e->d_name) > 0 && is_stopped_criu(e->d_name, rpc))
				found = atoi(e->d_name);
		closedir(dir);
		if (found)
			return found;
		pause_1ms();
	}
	round_failed("criu has not been started");
}

/* Return: it is there; false: it has ended before, by its deadline. */
static bool hold_criu(struct world *w, struct round *r)
{
	struct moment moment = r->stage->moment;
	int rpc = -1;

	r->criu = find_stopped_criu(&rpc);
	if (r->stage->place == AT_STARTED)
		return true;
	if (r->stage->place == AT_RANDOM)
		moment = (struct moment){ .calls = 1 + (unsigned)rand() % w->calls };
	hold_take(&r->hold, r->criu, rpc);
	return hold_until(&r->hold, &moment);
}

static void let_go(struct round *r, bool stopped)
{
	if (r->hold.pid)
		hold_release(&r->hold, stopped);
	else if (r->criu && !stopped)
		(void)kill(r->criu,
			SIGCONT); /* its pid cannot be another's: if it has ended, nobody has waited for it
						 or it was not stopped */
}

static void kill_criu(struct round *r)
{
	if (r->hold.pid)
		hold_kill(&r->hold);
	else
		assert_int_equal(kill(r->criu, SIGKILL), 0);
	r->criu = 0;
}

static void await_criu_gone(const struct round *r)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", r->criu);
	for (int i = 0; i < WAIT_MS && r->criu && access(path, F_OK) == 0; i++)
		pause_1ms();
}

void round_measure(struct world *w)
{
	struct stage stage = { .place = AT_MOMENT, .moment = { .said = "post-restore" } };
	struct round r = { .stage = &stage };
	struct seen seen;
	int sock = round_start(w, LONG_MS, false, true);
	uint64_t job = round_accepted(w, sock);

	assert_true(hold_criu(w, &r));
	w->calls = r.hold.calls;
	let_go(&r, false);
	ask_take_result(sock, &seen);
	close(sock);
	if (!seen.success)
		round_failed("an undisturbed restore: %s", seen.text);
	round_end_tree(w, job, &seen, 0);
}

/* ---- the tree ---- */

void round_await_tree(struct world *w)
{
	size_t n = 0;

	for (int i = 0; i < WAIT_MS; i++) {
		n = quiet_others(&w->quiet, w->manager.broker, NULL, 0);
		if (n == w->tasks)
			return;
		pause_1ms();
	}
	round_failed("the tree has %zu processes, not %u", n, w->tasks);
}

void round_end_others(struct world *w)
{
	pid_t pids[64];
	size_t n = quiet_others(&w->quiet, w->manager.broker, pids, 64);

	for (size_t i = 0; i < n && i < 64; i++)
		(void)kill(pids[i], SIGKILL);
}

int round_end_root(const struct world *w, pid_t root, unsigned n)
{
	static const int signals[] = { SIGTERM, SIGKILL, SIGUSR2, SIGALRM };
	int sig = w->init ? SIGKILL : signals[n % 4];

	assert_int_equal(kill(root, sig), 0);
	return sig;
}

void round_end_tree(struct world *w, uint64_t job, const struct seen *seen, unsigned n)
{
	struct seen end;
	int sig;

	round_await_tree(w);
	sig = round_end_root(w, seen->root, n);
	ask_wait(&w->broker, job, &end);
	if (end.state != FDBROKER__V1__JOB_STATE__JOB_ENDED || !end.has_end || end.signal != sig)
		if (round_ends_are_known() || !end.recovered || end.known)
			round_failed(
				"Wait says: state %d, %sknown, signal %d, exit %d; it was signal %d",
				end.state, end.known ? "" : "not ", end.signal, end.exit, sig);
	round_end_others(w);
	round_quiet(w);
}

/* ---- what happens ---- */

/* The broker has seen to it that the job ends, or it has ended. */
static void await_ending(struct world *w, struct round *r)
{
	struct seen seen;

	for (int i = 0; i < WAIT_MS; i++) {
		ask_show(&w->broker, r->job, &seen);
		if (seen.state >= FDBROKER__V1__JOB_STATE__JOB_ENDING)
			return;
		pause_1ms();
	}
	round_failed("it goes on, in state %d", seen.state);
}

static void kill_client(struct round *r)
{
	assert_int_equal(kill(r->client, SIGKILL), 0);
	assert_int_equal(waitpid(r->client, NULL, 0), r->client);
	r->client = 0;
}

static void cancel(struct world *w, struct round *r, bool stopped)
{
	struct seen seen;
	int sock;

	if (stopped)
		let_go(r, true);
	sock = ask_cancel(&w->broker, r->job);
	if (!stopped) {
		await_ending(w, r);
		let_go(r, false);
	}
	(void)ask_cancelled(sock, &seen);
}

static void kill_broker(struct world *w, struct round *r, bool stopped)
{
	assert_int_equal(kill(w->manager.broker, SIGKILL), 0);
	manager_reap(&w->manager);
	let_go(r, stopped);
	if (!stopped)
		await_criu_gone(r);
	manager_start(&w->manager);
}

static struct round *stopping; /* for what is called back without an argument */
static int ticks;

/* criu goes on when the broker has certainly heard that it shall stop. */
static void meanwhile(void)
{
	hold_poll(&stopping->hold);
	if (++ticks == 10)
		let_go(stopping, false);
}

static void stop_broker(struct world *w, struct round *r)
{
	stopping = r;
	ticks = 0;
	manager_stop(&w->manager, meanwhile);
	let_go(r, false);
	manager_start(&w->manager);
}

static void act(struct world *w, struct round *r)
{
	switch (r->what) {
	case KILL_CRIU:
		kill_criu(r);
		break;
	case STOP_CRIU:
		let_go(r, true);
		break;
	case STOP_CANCEL:
	case CANCEL:
		cancel(w, r, r->what == STOP_CANCEL);
		break;
	case KILL_CLIENT:
		kill_client(r);
		await_ending(w, r);
		let_go(r, false);
		break;
	case CARRY_ON:
		kill_client(r);
		if (r->other >= 0)
			kill_criu(r); /* that of the other, whose pids ours needs */
		else
			let_go(r, false);
		break;
	case KILL_BROKER:
	case KILL_STOPPED:
		kill_broker(w, r, r->what == KILL_STOPPED);
		break;
	case STOP_BROKER:
		stop_broker(w, r);
		break;
	case N_ACTIONS:
		break;
	}
}

/* ---- the proof ---- */

static bool is_expected(const struct round *r, const struct seen *seen)
{
	/* criu has said that it has succeeded: whether the broker has read that already is not known. */
	bool replied = r->stage->moment.said && strcmp(r->stage->moment.said, "reply") == 0;
	static const int codes[N_ACTIONS] = {
		[KILL_CRIU] = ERR_CRIU_BROKE,
		[STOP_CRIU] = ERR_DEADLINE,
		[STOP_CANCEL] = ERR_CANCELLED,
		[CANCEL] = ERR_CANCELLED,
		[KILL_CLIENT] = ERR_CANCELLED,
		[KILL_BROKER] = ERR_BROKER_DIED,
		[KILL_STOPPED] = ERR_BROKER_DIED,
		[STOP_BROKER] = ERR_CANCELLED,
	};

	if (replied && (r->what == KILL_CRIU || r->what == STOP_CRIU))
		return seen->success;
	return seen->success ? replied || r->what == CARRY_ON : seen->code == codes[r->what];
}

/* What the client is told, if it is there and the broker lives, is what the broker remembers. */
static void check_result(struct round *r, const struct seen *seen)
{
	bool killed = r->what == KILL_BROKER || r->what == KILL_STOPPED;
	struct seen told;

	if (r->sock < 0)
		return;
	if (!killed) {
		ask_take_result(r->sock, &told);
		if (told.success != seen->success || told.code != seen->code)
			round_failed("its client was told %d %s, and Show says %d %s", told.code,
				told.text, seen->code, seen->text);
	}
	close(r->sock);
}

static off_t log_size(void)
{
	struct stat st = { .st_size = 0 };

	(void)stat(LOG, &st);
	return st.st_size;
}

/*
 * Tasks of a restore without success have run just if criu had let them go before. Who kills criu while it holds
 * them lets them go, until the broker has heard of it.
 */
static void check_silence(struct world *w, const struct round *r)
{
	const char *said = r->stage->moment.said ?: "";

	bool let_go = !strcmp(said, "post-resume") || !strcmp(said, "reply");
	/* And while no broker runs, nobody can stop a criu that was told to go on. */
	bool alone = r->what == KILL_BROKER &&
		     (!strcmp(said, "post-restore") || !strcmp(said, "pre-resume"));

	if (log_size() == r->log_size)
		return;
	if (!let_go && !alone && r->what != KILL_CRIU)
		round_failed("its tasks have run, though they should not");
	w->wrote++;
}

/* The restore that was before ours. */
static void end_other(struct world *w, struct round *r, unsigned n)
{
	struct seen seen;

	if (r->other < 0)
		return;
	let_go(r, false);
	ask_result(&w->broker, r->other_job, &seen);
	close(r->other);
	if (seen.success)
		round_end_tree(w, r->other_job, &seen, n);
	else if (r->what < CARRY_ON)
		round_failed("the restore beside it has failed: %d %s", seen.code, seen.text);
}

static void prove(struct world *w, struct round *r, unsigned n)
{
	struct seen seen;

	ask_result(&w->broker, r->job, &seen);
	if (!is_expected(r, &seen))
		round_failed(
			"it ended with %d %s", seen.code, seen.success ? "success" : seen.text);
	check_result(r, &seen);
	if (!seen.success)
		check_silence(w, r);
	w->early += r->stage->place == AT_ACCEPTED && !seen.planned;
	end_other(w, r, n);
	if (seen.success)
		round_end_tree(w, r->job, &seen, n);
	round_quiet(w);
	if (seen.log)
		(void)ask_log(&w->broker, r->job);
}

/* ---- one round ---- */

static void await_criu_of_other(struct world *w, struct round *r)
{
	int rpc;

	r->other = round_start(w, LONG_MS, false, true);
	r->other_job = round_accepted(w, r->other);
	r->criu = find_stopped_criu(&rpc);
}

static bool begin(struct world *w, struct round *r, uint32_t deadline_ms)
{
	bool stops = r->stage->place >= AT_STARTED, carry_on = r->what == CARRY_ON;

	if (r->stage->place == AT_QUEUED)
		await_criu_of_other(w, r);
	r->log_size = log_size();
	if (r->what == KILL_CLIENT || r->what == CARRY_ON) {
		r->client = fork_client(w, carry_on, stops, &r->job);
	} else {
		r->sock = round_start(w, deadline_ms, carry_on, stops);
		r->job = round_accepted(w, r->sock);
	}
	if (r->stage->place == AT_QUEUED && r->sock >= 0)
		ask_await_stage(r->sock, FDBROKER__V1__STAGE__QUEUED);
	return !stops || hold_criu(w, r);
}

void round_run(struct world *w, const struct stage *stage, enum action what, unsigned n)
{
	uint32_t deadline_ms = stage->place == AT_ACCEPTED ? 1 : DEADLINE_MS;

	for (;; deadline_ms *= 2) {
		struct round r = { .stage = stage, .what = what, .sock = -1, .other = -1 };

		if (begin(w, &r, what == STOP_CRIU ? deadline_ms : LONG_MS)) {
			act(w, &r);
			prove(w, &r, n);
			w->n[what]++;
			return;
		}
		/* Too slow today: it was ended on its way there. */
		if (what != STOP_CRIU || deadline_ms > WAIT_MS)
			round_failed("criu has ended before");
		close(r.sock);
		round_quiet(w);
		w->again++;
	}
}

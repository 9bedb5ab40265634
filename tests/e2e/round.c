/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One restore in which something bad happens. See round.h. */
#include "round.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "hold.h"

#define WAIT_MS     10000
#define DEADLINE_MS 250 /* for what is to be ended by it; longer where that proves too short */

static void pause_1ms(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* ---- criu, held ---- */

struct round {
	struct rounds *all; /* borrowed */
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
	world_failed("criu has not been started");
}

static bool stop_broker_at_post_restore(struct round *r)
{
	struct moment answered = { .said = "post-restore", .answered = true };

	if (!hold_until(&r->hold, &answered))
		return false;
	assert_int_equal(kill(r->all->world->manager.broker, SIGSTOP), 0);
	return true;
}

/* Return: it is there; false: it has ended before, by its deadline. */
static bool hold_criu(struct round *r)
{
	struct moment moment = r->stage->moment;
	int rpc = -1;

	r->criu = find_stopped_criu(&rpc);
	if (r->stage->place == AT_STARTED)
		return true;
	if (r->stage->place == AT_RANDOM)
		moment = (struct moment){ .calls = 1 + (unsigned)rand() % r->all->calls };
	hold_take(&r->hold, r->criu, rpc);
	if (r->stage->place == AT_UNSEEN && !stop_broker_at_post_restore(r))
		return false;
	return r->stage->place == AT_UNSEEN && moment.answered ? true
							       : hold_until(&r->hold, &moment);
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

void rounds_measure(struct rounds *all)
{
	struct world *w = all->world;
	struct stage stage = { .place = AT_MOMENT, .moment = { .said = "post-restore" } };
	struct round r = { .stage = &stage };
	struct seen seen;
	int sock = world_start(w, WORLD_LONG_MS, false, true);
	uint64_t job = world_accepted(w, sock);

	assert_true(hold_criu(&r));
	all->calls = r.hold.calls;
	let_go(&r, false);
	ask_take_result(sock, &seen);
	close(sock);
	if (!seen.success)
		world_failed("an undisturbed restore: %s", seen.text);
	world_end_tree(w, job, &seen, 0);
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
	world_failed("it goes on, in state %d", seen.state);
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

/* Without any broker. */
static void await_no_process(const struct world *w)
{
	size_t n = 1;

	for (int i = 0; i < WAIT_MS && n; i++) {
		n = quiet_others(&w->quiet, 0, NULL, 0);
		pause_1ms();
	}
	if (n)
		world_failed("%zu processes are there, and no broker", n);
}

static void kill_broker(struct world *w, struct round *r, bool stopped)
{
	assert_int_equal(kill(w->manager.broker, SIGKILL), 0);
	manager_reap(&w->manager);
	let_go(r, stopped);
	if (!stopped)
		await_criu_gone(r);
	if (r->stage->place == AT_UNSEEN)
		await_no_process(w);
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
			world_failed("its client was told %d %s, and Show says %d %s", told.code,
				told.text, seen->code, seen->text);
	}
	close(r->sock);
	r->sock = -1;
}

/*
 * Tasks of a restore without success have run just if criu had let them go before. Who kills criu while it holds
 * them lets them go, until the broker has heard of it.
 */
static void check_silence(const struct round *r)
{
	const char *said = r->stage->moment.said ?: "";

	bool let_go = !strcmp(said, "post-resume") || !strcmp(said, "reply");
	/* And while no broker runs, nobody can stop a criu that was told to go on. */
	bool alone = r->what == KILL_BROKER && r->stage->place != AT_UNSEEN &&
		     (!strcmp(said, "post-restore") || !strcmp(said, "pre-resume"));

	if (world_log_size() == r->log_size)
		return;
	if (!let_go && !alone && r->what != KILL_CRIU)
		world_failed("its tasks have run, though they should not");
	r->all->wrote++;
}

/*
 * A pid of the tree before was not free yet: since Linux 6.15 a thread's is given back a moment after all of its
 * process is gone, for whoever looks.
 */
static bool is_too_early(const struct seen *seen)
{
	return seen->code == ERR_CRIU_FAILED &&
	       (strstr(seen->text, "-17") || strstr(seen->text, "File exists"));
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
	r->other = -1;
	if (seen.success)
		world_end_tree(w, r->other_job, &seen, n);
	else if (r->what < CARRY_ON && !is_too_early(&seen))
		world_failed("the restore beside it has failed: %d %s", seen.code, seen.text);
}

/* Return: false: it has to be done again. */
static bool prove(struct world *w, struct round *r, unsigned n)
{
	struct seen seen;

	ask_result(&w->broker, r->job, &seen);
	if (is_too_early(&seen))
		return false;
	if (!is_expected(r, &seen))
		world_failed(
			"it ended with %d %s", seen.code, seen.success ? "success" : seen.text);
	check_result(r, &seen);
	if (!seen.success)
		check_silence(r);
	r->all->early += r->stage->place == AT_ACCEPTED && !seen.planned;
	end_other(w, r, n);
	if (seen.success)
		world_end_tree(w, r->job, &seen, n);
	world_quiet(w);
	if (seen.log)
		(void)ask_log(&w->broker, r->job);
	return true;
}

/* ---- one round ---- */

static void await_criu_of_other(struct world *w, struct round *r)
{
	int rpc;

	r->other = world_start(w, WORLD_LONG_MS, false, true);
	r->other_job = world_accepted(w, r->other);
	r->criu = find_stopped_criu(&rpc);
}

static bool begin(struct world *w, struct round *r, uint32_t deadline_ms)
{
	bool stops = r->stage->place >= AT_STARTED, carry_on = r->what == CARRY_ON;

	if (r->stage->place == AT_QUEUED)
		await_criu_of_other(w, r);
	r->log_size = world_log_size();
	if (r->what == KILL_CLIENT || r->what == CARRY_ON) {
		r->client = world_fork_client(w, carry_on, stops, &r->job);
	} else {
		r->sock = world_start(w, deadline_ms, carry_on, stops);
		r->job = world_accepted(w, r->sock);
	}
	if (r->stage->place == AT_QUEUED && r->sock >= 0)
		ask_await_stage(r->sock, FDBROKER__V1__STAGE__QUEUED);
	return !stops || hold_criu(r);
}

/* Return: it has ended on its way to the stage, for a reason that is none of ours. */
static bool is_excused(struct world *w, const struct round *r)
{
	struct seen seen;

	ask_result(&w->broker, r->job, &seen);
	/* By its deadline: too slow today. */
	return is_too_early(&seen) || (r->what == STOP_CRIU && seen.code == ERR_DEADLINE);
}

void round_run(struct rounds *all, const struct stage *stage, enum action what, unsigned n)
{
	struct world *w = all->world;
	uint32_t deadline_ms = stage->place == AT_ACCEPTED ? 1 : DEADLINE_MS;

	for (; deadline_ms < WORLD_LONG_MS; deadline_ms *= 2) {
		struct round r = {
			.all = all, .stage = stage, .what = what, .sock = -1, .other = -1
		};

		if (begin(w, &r, what == STOP_CRIU ? deadline_ms : WORLD_LONG_MS)) {
			act(w, &r);
			if (prove(w, &r, n)) {
				all->n[what]++;
				return;
			}
		} else if (!is_excused(w, &r)) {
			world_failed("criu has ended before");
		}
		if (r.client)
			kill_client(&r);
		if (r.sock >= 0)
			close(r.sock);
		if (r.other >= 0)
			close(r.other);
		world_quiet(w);
		all->again++;
	}
	world_failed("it comes to nothing");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: stages [OPTION]... BROKER CRIU IMAGES criu|client|broker|calls|trees|unseen
 *
 * Has a broker restore a tree with the real criu, over and over, and does the worst at every stage of it:
 *
 *   criu    kills and stops criu
 *   client  cancels, and kills the client
 *   broker  kills and stops the broker, and starts it again
 *   calls   kills the broker at its system calls, one after the other, and starts it again
 *   trees   what is known of trees that outlive the broker
 *   unseen  kills the broker before it has seen what the tasks may (class own)
 *
 * and counts what is left each time (quiet.h). Ends with 0 if that was nothing and all outcomes were right; says
 * how many rounds it were. To be run in a test's world (lib.sh).
 *
 *   --rounds N      at each stage
 *   --lend TARGET   lend a log for this
 *   --root DIR      criu's --root; the tree has namespaces, pids among them
 *   --as UID        as this user, in class own
 *   --refused       the tree is one that the user may not have
 *   --no-cgroup     where no cgroup v2 can be had
 *   --keep          with a systemd that keeps descriptors
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../round.h"
#include "base/err.h"

#define TASKS         2 /* of each of the trees */
#define CALLS_A_ROUND 12
#define CRIU_MS       30
#define IDLE_MS       300 /* of a broker that has nothing more to do for a restore */

static struct world world = { .manager = { .notify = -1, .workers = "1" } };
static struct rounds all = { .world = &world };
static unsigned rounds = 1;

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

#define SENT(name)                                                                                 \
	{                                                                                          \
		name, AT_MOMENT,                                                                   \
		{                                                                                  \
			.said = name                                                               \
		}                                                                                  \
	}
#define ANSWERED(name)                                                                             \
	{                                                                                          \
		name " answered", AT_MOMENT,                                                       \
		{                                                                                  \
			.said = name, .answered = true                                             \
		}                                                                                  \
	}

static const struct stage stages[] = {
	{ "accepted", AT_ACCEPTED, { NULL } },
	{ "queued", AT_QUEUED, { NULL } },
	{ "started", AT_STARTED, { NULL } },
	{ "anywhere", AT_RANDOM, { NULL } },
	SENT("pre-restore"),
	ANSWERED("pre-restore"),
	SENT("setup-namespaces"),
	ANSWERED("setup-namespaces"),
	SENT("post-setup-namespaces"),
	ANSWERED("post-setup-namespaces"),
	SENT("post-restore"),
	ANSWERED("post-restore"),
	SENT("pre-resume"),
	ANSWERED("pre-resume"),
	SENT("post-resume"),
	ANSWERED("post-resume"),
	SENT("reply"),
};

static const char *const names[N_ACTIONS] = {
	[KILL_CRIU] = "kill -9 of criu",
	[STOP_CRIU] = "SIGSTOP of criu, then the deadline",
	[STOP_CANCEL] = "SIGSTOP of criu, then Cancel",
	[CANCEL] = "Cancel",
	[KILL_CLIENT] = "kill -9 of the client",
	[CARRY_ON] = "kill -9 of the client, carrying on",
	[KILL_BROKER] = "kill -9 of the broker",
	[KILL_STOPPED] = "kill -9 of the broker, criu stopped",
	[STOP_BROKER] = "SIGTERM of the broker",
};

/* ---- at every stage ---- */

static bool is_possible(const struct stage *stage, enum action what)
{
	bool namespaces = stage->moment.said && strstr(stage->moment.said, "setup-namespaces");
	bool criu = stage->place >= AT_STARTED;

	if (namespaces && !world.root)
		return false;
	/* Before there is a criu, the deadline can come all the same. */
	return criu || (what != KILL_CRIU && what != STOP_CANCEL && what != KILL_STOPPED);
}

/* Stopped before its post-restore, criu has two seconds to clean up: seldom is enough, unless it is asked for. */
static unsigned rounds_of(enum action what)
{
	return what == STOP_CANCEL && rounds < 20 ? 1 : rounds;
}

static bool is_slow(const struct stage *stage, enum action what)
{
	bool first = stage->place == AT_STARTED && !world.root && !world.manager.no_cgroup;

	return what == STOP_CANCEL && rounds < 20 && !first &&
	       (!stage->moment.said || strcmp(stage->moment.said, "pre-resume") != 0);
}

static void do_all(enum action first, enum action last)
{
	rounds_measure(&all);
	for (size_t s = 0; s < sizeof(stages) / sizeof(stages[0]); s++)
		for (enum action what = first; what <= last; what++) {
			if (!is_possible(&stages[s], what) || is_slow(&stages[s], what))
				continue;
			for (unsigned n = 1; n <= rounds_of(what); n++) {
				world_name(stages[s].name, names[what], n);
				round_run(&all, &stages[s], what, n);
			}
		}
	for (enum action what = first; what <= last; what++)
		printf("%5u x %s\n", all.n[what], names[what]);
	printf("%5u were cancelled while they were being planned\n", all.early);
	printf("%5u without success had tasks that wrote something\n", all.wrote);
	if (all.again)
		printf("%5u were done again: the deadline came first, or a pid was not free yet\n",
			all.again);
}

/* ---- before it has seen what the tasks may ---- */

static void do_unseen(void)
{
	static const struct stage unseen[] = {
		{ "post-restore answered", AT_UNSEEN,
			{ .said = "post-restore", .answered = true } },
		{ "pre-resume unanswered", AT_UNSEEN, { .said = "pre-resume" } },
	};

	for (size_t s = 0; s < sizeof(unseen) / sizeof(unseen[0]); s++)
		for (unsigned n = 1; n <= rounds; n++) {
			world_name(unseen[s].name, names[KILL_BROKER], n);
			round_run(&all, &unseen[s], KILL_BROKER, n);
		}
	printf("%5u x %s before it had seen the tasks\n", all.n[KILL_BROKER], names[KILL_BROKER]);
}

/* ---- at every system call of the broker ---- */

/* What the client has been told before the broker was killed. */
struct told {
	uint64_t job; /* 0: it was not accepted */
	bool result, success;
	int code;
};

static void hear_all(int sock, struct told *told)
{
	*told = (struct told){ .job = 0 };
	for (;;) {
		struct answer a = raw_recv(sock);
		const Fdbroker__V1__ServerMessage *m = a.message;

		if (!m)
			break;
		if (m->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED)
			told->job = m->accepted->job;
		if (m->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_RESULT) {
			told->result = true;
			told->success = m->result->success;
			told->code = m->result->error ? (int)m->result->error->code : 0;
		}
		raw_done(&a);
	}
	close(sock);
}

static void check_told(const struct told *told, unsigned n)
{
	struct seen seen;

	if (told->job <= world.last_job)
		world_failed("job number %lu was used before", (unsigned long)told->job);
	world.last_job = told->job;
	ask_result(&world.broker, told->job, &seen);
	if (world.refused ? seen.success : !seen.success && seen.code != ERR_BROKER_DIED)
		world_failed("it ended with %d %s", seen.code, seen.text);
	if (world.refused && seen.code != ERR_BROKER_DIED && seen.code != ERR_PERMISSION)
		world_failed("it ended with %d %s", seen.code, seen.text);
	if (world.refused && world_log_size())
		world_failed("its tasks have run, though its client may not have them");
	if (told->result && (told->success != seen.success || told->code != seen.code))
		world_failed("its client was told %d, and now it is %d %s", told->code, seen.code,
			seen.text);
	if (seen.success)
		world_end_tree(&world, told->job, &seen, n);
}

/* Return: how many it were before it waited for good; less than @calls: it came to an end before. */
static unsigned kill_at_call(unsigned calls)
{
	struct moment moment = { .calls = calls, .idle_ms = IDLE_MS };
	struct hold broker;
	struct told told;
	unsigned made;
	int sock = world_connect(&world);

	hold_take(&broker, world.manager.broker, -1);
	world_send(&world, sock, WORLD_LONG_MS, false, false);
	(void)hold_until(&broker, &moment);
	made = broker.calls;
	hold_kill(&broker);
	world.manager.broker = 0;
	manager_hear(&world.manager);
	hear_all(sock, &told);
	/* Now and then criu is given the time to see that nobody listens. */
	if (calls % 2)
		pause_ms(CRIU_MS);
	manager_start(&world.manager);
	if (told.job)
		check_told(&told, calls);
	world_quiet(&world);
	return made;
}

static void do_calls(void)
{
	unsigned calls, samples = rounds * CALLS_A_ROUND, n = 0;

	world_name("no call", "counting the broker's system calls", 0);
	calls = kill_at_call(UINT32_MAX);
	if (samples > calls)
		samples = calls;
	for (unsigned i = 0; i < samples; i++) {
		unsigned first = i * calls / samples, next = (i + 1) * calls / samples;
		unsigned call = 1 + first + (unsigned)rand() % (next - first);

		world_name("kill -9 of the broker", "at a system call", call);
		(void)kill_at_call(call);
		n++;
	}
	printf("%5u x kill -9 of the broker, at one of the %u system calls of a restore\n", n,
		calls);
}

/* ---- trees that outlive the broker ---- */

enum ends { BEFORE_START, AFTER_START, AFTER_TWO_STARTS, N_ENDS };

static const char *const end_names[N_ENDS] = {
	[BEFORE_START] = "the root ends while no broker runs",
	[AFTER_START] = "the root ends after the broker is there again",
	[AFTER_TWO_STARTS] = "the root ends after the broker was started twice",
};

static void restart(bool kill_it)
{
	if (!kill_it) {
		manager_stop(&world.manager, NULL);
		return;
	}
	if (kill(world.manager.broker, SIGKILL) < 0)
		world_failed("the broker has ended");
	manager_reap(&world.manager);
}

static void await_gone(pid_t pid)
{
	for (int i = 0; kill(pid, 0) == 0; i++) {
		if (i > 5000)
			world_failed("%d does not end", pid);
		pause_ms(1);
	}
}

static bool is_same(const struct seen *a, const struct seen *b)
{
	return a->state == b->state && a->success == b->success && a->code == b->code &&
	       strcmp(a->text, b->text) == 0 && a->log == b->log && a->known == b->known &&
	       a->exit == b->exit && a->signal == b->signal;
}

/* A job that has failed in criu's hands, so that there is a log. */
static uint64_t fail_one(void)
{
	static const struct stage stage = { "pre-restore", AT_MOMENT, { .said = "pre-restore" } };

	round_run(&all, &stage, KILL_CRIU, 1);
	return world.last_job;
}

static void one_tree(bool kill_it, enum ends when, unsigned n)
{
	struct seen tree, failed, now;
	uint64_t failure = fail_one(), job;
	size_t log = ask_log(&world.broker, failure);
	int sock = world_start(&world, WORLD_LONG_MS, false, false), sig = 0;
	bool known = when != BEFORE_START || world.manager.keeps;
	int starts = when == AFTER_TWO_STARTS ? 2 : 1;

	ask_show(&world.broker, failure, &failed);
	job = world_accepted(&world, sock);
	ask_take_result(sock, &tree);
	close(sock);
	if (!tree.success)
		world_failed("it was not restored: %s", tree.text);
	world_await_tree(&world);
	for (int i = 0; i < starts; i++) {
		restart(kill_it);
		if (when == BEFORE_START) {
			sig = world_end_root(&world, tree.root, n);
			await_gone(tree.root);
		}
		manager_start(&world.manager);
	}
	ask_show(&world.broker, job, &now);
	if (when != BEFORE_START) {
		if (now.state != FDBROKER__V1__JOB_STATE__JOB_RUNNING || now.root != tree.root)
			world_failed("it lives, and Show says state %d", now.state);
		world_await_tree(&world);
		sig = world_end_root(&world, tree.root, n);
	}
	ask_wait(&world.broker, job, &now);
	if (!now.has_end || !now.success || !now.recovered)
		world_failed("Wait says nothing of its end");
	if (now.known && now.signal != sig)
		world_failed("Wait says signal %d, exit %d; it was signal %d", now.signal, now.exit,
			sig);
	if (now.known != (known && world_ends_are_known()))
		world_failed("how it ended is %sknown", now.known ? "" : "not ");
	world_end_others(&world);
	world_quiet(&world);
	if (world.manager.n_kept)
		world_failed("%zu descriptors are still kept", world.manager.n_kept);
	ask_show(&world.broker, failure, &now);
	if (!is_same(&failed, &now) || ask_log(&world.broker, failure) != log)
		world_failed("a job that had failed is not what it was: %d %s", now.code, now.text);
}

static void do_trees(void)
{
	for (int kill_it = 0; kill_it < 2; kill_it++)
		for (enum ends when = BEFORE_START; when < N_ENDS; when++) {
			for (unsigned n = 1; n <= rounds; n++) {
				world_name(
					kill_it ? "kill -9 of the broker" : "SIGTERM of the broker",
					end_names[when], n);
				one_tree(kill_it, when, n);
			}
			printf("%5u x %s: %s\n", rounds, kill_it ? "kill -9" : "SIGTERM",
				end_names[when]);
		}
}

/* ---- the command line ---- */

static const char *what;

static void run(void **state)
{
	(void)state;
	world_begin(&world);
	if (!strcmp(what, "criu"))
		do_all(KILL_CRIU, STOP_CANCEL);
	else if (!strcmp(what, "client"))
		do_all(CANCEL, CARRY_ON);
	else if (!strcmp(what, "broker"))
		do_all(KILL_BROKER, STOP_BROKER);
	else if (!strcmp(what, "calls"))
		do_calls();
	else if (!strcmp(what, "unseen"))
		do_unseen();
	else if (!strcmp(what, "trees"))
		do_trees();
	world_end(&world);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'n' },
		{ "lend", required_argument, NULL, 'l' },
		{ "root", required_argument, NULL, 'r' },
		{ "as", required_argument, NULL, 'u' },
		{ "refused", no_argument, NULL, 'f' },
		{ "no-cgroup", no_argument, NULL, 'c' },
		{ "keep", no_argument, NULL, 'k' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			rounds = (unsigned)atoi(optarg);
		else if (c == 'l')
			world.target = optarg;
		else if (c == 'r')
			world.root = optarg;
		else if (c == 'u')
			world.uid = (uid_t)atoi(optarg);
		else if (c == 'f')
			world.refused = true;
		else if (c == 'c')
			world.manager.no_cgroup = true;
		else if (c == 'k')
			world.manager.keeps = true;
		else
			exit(2);
	}
	if (argc - optind != 4 || rounds < 1)
		exit(2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(run) };
	sigset_t child;
	int failed;

	parse(argc, argv);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL); /* hold.c */
	world.tasks = TASKS;
	world.manager.program = argv[optind];
	world.manager.fault = getenv("CRIU_FAULT");
	world.manager.state = "/run/criu-fdbroker/state";
	world.criu = argv[optind + 1];
	snprintf(world.broker.images, sizeof(world.broker.images), "%s", argv[optind + 2]);
	snprintf(world.broker.dir, sizeof(world.broker.dir), "/run/criu-fdbroker");
	snprintf(world.broker.socket, sizeof(world.broker.socket),
		"/run/criu-fdbroker/fdbroker.sock");
	what = argv[optind + 3];
	failed = cmocka_run_group_tests_name(what, tests, NULL, NULL);
	if (failed)
		fprintf(stderr, "FAILED: at: %s\n", world_where());
	return failed;
}

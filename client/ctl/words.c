/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See words.h. */
#include "words.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"

#define ENTRY_SIZE 16384 /* bytes of what is known of a user */

typedef unsigned long long ull; /* of printf */

/* ---- states ---- */

static const char *const states[] = {
	[FDB_JOB_ACCEPTED] = "accepted",
	[FDB_JOB_PLANNED] = "planned",
	[FDB_JOB_QUEUED] = "queued",
	[FDB_JOB_STARTING] = "starting",
	[FDB_JOB_RESTORING] = "restoring",
	[FDB_JOB_ENDING] = "ending",
	[FDB_JOB_RUNNING] = "running",
	[FDB_JOB_ENDED] = "ended",
};

const char *words_state(enum fdb_job_state state)
{
	unsigned i = state;

	return i >= 1 && i <= WORDS_LAST_STATE ? states[i] : "unknown";
}

enum fdb_job_state words_to_state(const char *word)
{
	for (unsigned i = 1; i <= WORDS_LAST_STATE; i++)
		if (strcmp(word, states[i]) == 0)
			return (enum fdb_job_state)i;
	return (enum fdb_job_state)0;
}

/* ---- what has become of it ---- */

static bool has_failed(const struct fdb_job *job)
{
	const struct fdb_result *res = fdb_job_result(job);

	return res && !fdb_result_success(res);
}

const char *words_outcome_code(const struct fdb_job *job)
{
	if (has_failed(job))
		return "failed";
	switch (fdb_job_end(job)) {
	case FDB_END_EXITED:
		return "exited";
	case FDB_END_SIGNAL:
		return "killed";
	case FDB_END_UNKNOWN:
		return "unknown";
	default:
		break;
	}
	if (fdb_job_state(job) == FDB_JOB_ENDED)
		return "unknown"; /* a broker that does not say more */
	return fdb_job_state(job) == FDB_JOB_RUNNING ? "restored" : NULL;
}

static const char *failure(char *buf, const struct fdb_result *res)
{
	switch (fdb_result_code(res)) {
	case FDB_CANCELLED:
		snprintf(buf, WORDS_SIZE, "cancelled");
		break;
	case FDB_DEADLINE:
		snprintf(buf, WORDS_SIZE, "deadline over");
		break;
	case FDB_REFUSED:
		snprintf(buf, WORDS_SIZE, "refused: %s", fdb_result_text(res));
		break;
	default:
		snprintf(buf, WORDS_SIZE, "failed: %s", fdb_result_text(res));
	}
	return buf;
}

const char *words_outcome(char buf[WORDS_SIZE], const struct fdb_job *job)
{
	const char *word = words_outcome_code(job);
	char sig[WORDS_SIZE];

	if (has_failed(job))
		return failure(buf, fdb_job_result(job));
	switch (fdb_job_end(job)) {
	case FDB_END_EXITED:
		snprintf(buf, WORDS_SIZE, "exited %d", fdb_job_exit_code(job));
		break;
	case FDB_END_SIGNAL:
		snprintf(buf, WORDS_SIZE, "killed %.64s%s", words_signal(sig, fdb_job_signal(job)),
			fdb_job_core_dumped(job) ? ", core dumped" : "");
		break;
	default:
		snprintf(buf, WORDS_SIZE, "%s", word ? word : "");
	}
	return buf;
}

const char *words_end(char buf[WORDS_SIZE], const struct fdb_job *job)
{
	char sig[WORDS_SIZE];

	switch (fdb_job_end(job)) {
	case FDB_END_EXITED:
		snprintf(buf, WORDS_SIZE, "exited with %d", fdb_job_exit_code(job));
		break;
	case FDB_END_SIGNAL:
		snprintf(buf, WORDS_SIZE, "was killed by %.64s%s",
			words_signal(sig, fdb_job_signal(job)),
			fdb_job_core_dumped(job) ? " and dumped core" : "");
		break;
	default:
		snprintf(buf, WORDS_SIZE,
			"is gone, and how is not known: the broker was not there, or not its parent");
	}
	return buf;
}

unsigned words_style(const struct fdb_job *job)
{
	if (has_failed(job))
		return LINE_BAD;
	switch (fdb_job_end(job)) {
	case FDB_END_EXITED:
		return fdb_job_exit_code(job) ? LINE_WARN : LINE_PLAIN;
	case FDB_END_SIGNAL:
	case FDB_END_UNKNOWN:
		return LINE_WARN;
	default:
		return fdb_job_state(job) == FDB_JOB_RUNNING ? LINE_GOOD : LINE_PLAIN;
	}
}

int words_shell_status(const struct fdb_job *job)
{
	switch (fdb_job_end(job)) {
	case FDB_END_EXITED:
		return fdb_job_exit_code(job) & 0xff;
	case FDB_END_SIGNAL:
		return 128 + (fdb_job_signal(job) & 0x7f);
	default:
		return -1;
	}
}

const char *words_stage(char buf[WORDS_SIZE], const struct fdb_event *ev)
{
	static const struct {
		int stage; /* of the protocol: an event of a job that is watched has no kind of it */
		const char *text;
	} stages[] = { { 1, "criu started" }, { 3, "planned" }, { 4, "queued" },
		{ 5, "its turn" } };

	snprintf(buf, WORDS_SIZE, "stage %d", fdb_event_stage(ev));
	if (fdb_event_notification(ev)[0])
		snprintf(buf, WORDS_SIZE, "%s", fdb_event_notification(ev));
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (stages[i].stage == fdb_event_stage(ev))
			snprintf(buf, WORDS_SIZE, "%s", stages[i].text);
	return buf;
}

const char *words_cleanup(char buf[WORDS_SIZE], enum fdb_cleanup cleanup, int tasks)
{
	char made[64] = "all that it had made";

	if (tasks >= 0)
		snprintf(made, sizeof(made), "its %d task%s", tasks, tasks == 1 ? "" : "s");
	switch (cleanup) {
	case FDB_CRIU_CLEANED_UP:
		snprintf(buf, WORDS_SIZE, "criu has ended %s and itself; nothing is left", made);
		break;
	case FDB_TREE_KILLED:
		snprintf(buf, WORDS_SIZE, "criu and %s were ended by force; nothing is left", made);
		break;
	default:
		snprintf(buf, WORDS_SIZE, "criu was not started");
	}
	return buf;
}

const char *words_signal(char buf[WORDS_SIZE], int sig)
{
	const char *name = sig > 0 ? sigabbrev_np(sig) : NULL;

	if (name)
		snprintf(buf, WORDS_SIZE, "SIG%s", name);
	else if (sig >= SIGRTMIN && sig <= SIGRTMAX)
		snprintf(buf, WORDS_SIZE, "SIGRTMIN+%d", sig - SIGRTMIN);
	else
		snprintf(buf, WORDS_SIZE, "signal %d", sig);
	return buf;
}

/* ---- users, numbers ---- */

const char *words_user(char buf[WORDS_SIZE], uid_t uid)
{
	struct passwd entry, *pw = NULL;
	char room[ENTRY_SIZE];

	if (getpwuid_r(uid, &entry, room, sizeof(room), &pw) == 0 && pw)
		snprintf(buf, WORDS_SIZE, "%s", pw->pw_name);
	else
		snprintf(buf, WORDS_SIZE, "%u", (unsigned)uid);
	return buf;
}

const char *words_group(char buf[WORDS_SIZE], gid_t gid)
{
	struct group entry, *gr = NULL;
	char room[ENTRY_SIZE];

	if (getgrgid_r(gid, &entry, room, sizeof(room), &gr) == 0 && gr)
		snprintf(buf, WORDS_SIZE, "%.64s", gr->gr_name);
	else
		snprintf(buf, WORDS_SIZE, "%u", (unsigned)gid);
	return buf;
}

/* Decimal digits alone. Return: 0, or -1. */
static int number(const char *word, ull most, ull *ret)
{
	char *end;

	errno = 0;
	if (word[0] < '0' || word[0] > '9')
		return -1;
	*ret = strtoull(word, &end, 10);
	return errno || *end || *ret > most ? -1 : 0;
}

int words_to_user(const char *word, uid_t *ret)
{
	struct passwd entry, *pw = NULL;
	char room[ENTRY_SIZE];
	ull n;

	if (getpwnam_r(word, &entry, room, sizeof(room), &pw) == 0 && pw) {
		*ret = pw->pw_uid;
		return 0;
	}
	/* The last one is no user's: chown(2) and its like mean "none" by it. */
	if (number(word, FDB_ANY_USER - 1, &n) < 0)
		return -1;
	*ret = (uid_t)n;
	return 0;
}

int words_to_job(const char *word, uint64_t *ret)
{
	ull n;

	if (number(word, INT64_MAX, &n) < 0 || n == 0)
		return -1;
	*ret = n;
	return 0;
}

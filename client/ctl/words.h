/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A job in a few words: where it is, what has become of it, how it ended. Texts may hold text of others. */
#ifndef FDBROKER_CTL_WORDS_H
#define FDBROKER_CTL_WORDS_H

#include <stddef.h>
#include <sys/types.h>

#include "fdbroker.h"

/* Room for any of these texts; a longer one is cut. */
#define WORDS_SIZE 1024

/* The largest state there is. */
#define WORDS_LAST_STATE FDB_JOB_ENDED

/* "queued", "running", ...; static. One that this program does not know yet: "unknown". */
const char *words_state(enum fdb_job_state state);

/* Which state is meant? Return: it, or 0: none. */
enum fdb_job_state words_to_state(const char *word);

/*
 * One word for programs, static: "restored" (it runs), "exited", "killed", "unknown" (its root task is gone, and
 * nobody knows how), "failed"; NULL: not known yet, the restore is under way.
 */
const char *words_outcome_code(const struct fdb_job *job);

/* The same for people: "restored", "exited 7", "killed SIGKILL", "cancelled", "failed: REASON"; "": not yet. */
const char *words_outcome(char buf[WORDS_SIZE], const struct fdb_job *job);

/* The end alone, as a part of a sentence: "exited with 7", "was killed by SIGSEGV and dumped core". */
const char *words_end(char buf[WORDS_SIZE], const struct fdb_job *job);

/* How the outcome is coloured: a style of line.h. */
unsigned words_style(const struct fdb_job *job);

/* The status that a shell would give: an exit code, or 128 and the signal; -1: there is none, or it is not known. */
int words_shell_status(const struct fdb_job *job);

/* What a stage of a restore is called: "criu started", "post-restore", "stage 7". */
const char *words_stage(char buf[WORDS_SIZE], const struct fdb_event *ev);

/* What was done about a restore that has failed, a sentence without its full stop. tasks: -1: not known. */
const char *words_cleanup(char buf[WORDS_SIZE], enum fdb_cleanup cleanup, int tasks);

/* "SIGKILL", "SIGRTMIN+3", "signal 99". */
const char *words_signal(char buf[WORDS_SIZE], int sig);

/* A user's name, or the number where there is no name. */
const char *words_user(char buf[WORDS_SIZE], uid_t uid);

/* A group's name, or the number where there is no name. */
const char *words_group(char buf[WORDS_SIZE], gid_t gid);

/* A user by name or number. Return: 0, or -1: there is none of this name. */
int words_to_user(const char *word, uid_t *ret);

/* "7": a number of a job, 1 or more. Return: 0, or -1: it is none. */
int words_to_job(const char *word, uint64_t *ret);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls about jobs, each by a connection of its own, and what came of them in a few plain fields. Every
 * function fails the running test where something does not work.
 */
#ifndef FDBROKER_TESTS_ASK_H
#define FDBROKER_TESTS_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rawclient.h"

struct seen {
	int state; /* of enum Fdbroker__V1__JobState */
	bool has_result, success;
	int code;         /* of enum err_code; 0: none */
	char text[160];   /* why it failed; "": it did not */
	pid_t root;       /* 0: not restored */
	bool log;         /* is kept */
	bool recovered;   /* a broker before this one had accepted it */
	bool planned;     /* it has come that far */
	bool has_end;     /* the root is gone */
	bool known;       /* and how it ended */
	int exit, signal; /* that; -1: not so */
};

/* Show: as it is now. */
void ask_show(const struct broker *b, uint64_t job, struct seen *ret);

/* Show, until it has a result. */
void ask_result(const struct broker *b, uint64_t job, struct seen *ret);

/* Wait: when it has ended. */
void ask_wait(const struct broker *b, uint64_t job, struct seen *ret);

/* Cancel. Return: the socket on which the answer will come. */
int ask_cancel(const struct broker *b, uint64_t job);

/* The answer to Cancel. Return: it was cancelled; false: it has its result already. */
bool ask_cancelled(int sock, struct seen *ret);

/* Log. Return: bytes of it that were read, and it is complete. */
size_t ask_log(const struct broker *b, uint64_t job);

/* The result that comes to whoever asked for the restore. */
void ask_take_result(int sock, struct seen *ret);

/* It has accepted the restore. Return: the job. */
uint64_t ask_accepted(int sock);

/* Wait for an event of this kind. */
void ask_await_stage(int sock, int stage);

#endif

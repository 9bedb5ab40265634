/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One call of a running broker fails: a system call by strace, an allocation by tools/failing-broker.c. */
#ifndef FDBROKER_TESTS_INJECT_H
#define FDBROKER_TESTS_INJECT_H

#include "rawclient.h"

/* What a system call may fail with; the first is the likeliest. */
struct inject_errors {
	const char *name;
	const char *errors[3];
};

struct point {
	char call[32];     /* a system call, or "malloc" */
	const char *error; /* its errno */
	unsigned when;     /* the how-manieth call of it, from 1 on */
};

/*
 * Return: NULL for a system call that never fails (see never[]); fails the test for one that it does not know: it
 * belongs into one of the two tables then.
 */
const struct inject_errors *inject_errors_of(const char *name);

/**
 * inject_trace() - trace the broker's loop (neither its other thread nor its children), and make a call fail
 * @p:   NULL: none
 * @log: path of a file for what is seen
 *
 * Return: strace's pid, for inject_trace_end().
 */
pid_t inject_trace(const struct broker *b, const struct point *p, const char *log);
void inject_trace_end(pid_t pid);

/*
 * LOOP: it hit libevent's reading of its own pipe for signals, which libevent ends the process for. Nobody but it
 * has that pipe, and reading what is there cannot fail.
 */
enum injected { NOT_REACHED, INJECTED, LOOP };

enum injected inject_done(const char *log);

/* Before a failing-broker is started: make the file by which it is told, and put it into the environment. */
void inject_malloc_open(const char *path);

/* Count anew, from now on, and fail that one; 0: none. */
void inject_malloc(unsigned when);
unsigned long inject_malloc_count(void);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that fdbroker-ctl prints goes through here: lines for people, or one JSON text. */
#ifndef FDBROKER_CTL_OUTPUT_H
#define FDBROKER_CTL_OUTPUT_H

#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "ctl.h"
#include "fdbroker.h"

/* One line, made printable as a whole (text.h), whatever stands in it. Adds the line's end. */
void out_line(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print a JSON text in the format asked for, and free it. json NULL: no memory, which is said. */
void out_json(const struct ctl *ctl, cJSON *json);

/* Add a string that may hold any bytes; text NULL: nothing is added. */
void out_json_text(cJSON *object, const char *name, const char *text);

/* Add a number as it is: cJSON itself knows doubles only, and writes 1.7e+15. */
void out_json_number(cJSON *object, const char *name, uint64_t n);

/* out_json_text() for an element of an array. */
void out_json_item(cJSON *array, const char *text);

/* ---- the end of a command that has not succeeded ---- */

struct out_error {
	enum ctl_exit exit;
	const char *code;  /* "BAD_REQUEST"; NULL: found by this program itself */
	const char *field; /* at fault; NULL or "": none */
	const char *text;
	int sys;            /* errno, or 0 */
	const char *reason; /* a stable word for what criu's log says; NULL or "": none */
	const char *hint;   /* what can be done; NULL or "": not known */
	const char *log;    /* a file that has criu's whole log, or NULL */
	uint64_t job;       /* the broker keeps criu's log of this job; 0: it does not */
};

/**
 * out_error() - say why: lines to standard error, or under --json {"outcome": "failed", ...}
 * @what: the command
 * @extra: with --json further members: moved into the text and freed. NULL: none
 *
 * Return: e->exit; CTL_ITSELF if the command hands on the status of a task, but for
 * CTL_USAGE.
 */
int out_error(const struct ctl *ctl, const char *what, const struct out_error *e, cJSON *extra);

/* The same for a command line that is wrong. Return: CTL_USAGE. */
int out_usage(const struct ctl *ctl, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a call on a client that failed. Return: the exit code that its error means. */
int out_client_error(const struct ctl *ctl, const char *what, const struct fdb_client *c);

/* Is all of standard output written? Return: code if it is, else CTL_FAILED, which has been told. */
int out_flush(const struct ctl *ctl, const char *what, int code);

/* Exit code for an error that a broker has reported. */
enum ctl_exit out_exit_of(enum fdb_code code);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Printing. See output.h. Escaping itself: text.c. */
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "text.h"

#define PROGRAM "fdbroker-ctl"

static void no_memory(void)
{
	fputs(PROGRAM ": out of memory\n", stderr);
}

void out_line(FILE *f, const char *fmt, ...)
{
	autofree char *raw = NULL, *line = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&raw, fmt, ap);
	va_end(ap);
	if (n < 0)
		raw = NULL; /* vasprintf() leaves it undefined */
	line = raw ? text_printable(raw) : NULL;
	if (line)
		fprintf(f, "%s\n", line);
	else
		no_memory();
}

/* ---- JSON ---- */

void out_json(const struct ctl *ctl, cJSON *json)
{
	char *raw =
		ctl->format == CTL_JSON_SHORT ? cJSON_PrintUnformatted(json) : cJSON_Print(json);
	autofree char *safe = raw ? text_json(raw) : NULL;

	cJSON_free(raw);
	cJSON_Delete(json);
	if (safe)
		puts(safe);
	else
		no_memory();
}

void out_json_text(cJSON *object, const char *name, const char *text)
{
	autofree char *utf8 = text ? text_utf8(text) : NULL;

	if (utf8)
		cJSON_AddStringToObject(object, name, utf8);
}

void out_json_number(cJSON *object, const char *name, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	cJSON_AddRawToObject(object, name, text);
}

void out_json_item(cJSON *array, const char *text)
{
	autofree char *utf8 = text_utf8(text);

	if (utf8)
		cJSON_AddItemToArray(array, cJSON_CreateString(utf8));
}

/* ---- errors ---- */

/* What a task may end with as well is no exit code of ours where a task's is handed on. */
static enum ctl_exit exit_of(const struct ctl *ctl, const struct out_error *e)
{
	return ctl->hands_on && e->exit != CTL_DONE && e->exit != CTL_USAGE ? CTL_ITSELF : e->exit;
}

static void error_json(const struct ctl *ctl, const struct out_error *e, cJSON *extra)
{
	cJSON *json = extra ? extra : cJSON_CreateObject();
	cJSON *error;

	cJSON_AddStringToObject(json, "outcome", "failed");
	cJSON_AddNumberToObject(json, "exit_code", exit_of(ctl, e));
	error = cJSON_AddObjectToObject(json, "error");
	out_json_text(error, "code", e->code ? e->code : e->exit == CTL_USAGE ? "USAGE" : "LOCAL");
	if (e->field && e->field[0])
		out_json_text(error, "field", e->field);
	out_json_text(error, "text", e->text);
	if (e->sys)
		cJSON_AddNumberToObject(error, "errno", e->sys);
	if (e->reason && e->reason[0])
		out_json_text(error, "reason", e->reason);
	if (e->hint && e->hint[0])
		out_json_text(error, "hint", e->hint);
	out_json_text(json, "log", e->log);
	out_json(ctl, json);
}

int out_error(const struct ctl *ctl, const char *what, const struct out_error *e, cJSON *extra)
{
	/* Most texts of the broker begin with the field already. */
	bool with_field = e->field && e->field[0] && !strstr(e->text, e->field);

	if (ctl->format != CTL_TEXT) {
		error_json(ctl, e, extra);
		return (int)exit_of(ctl, e);
	}
	cJSON_Delete(extra);
	fflush(stdout);
	out_line(stderr, PROGRAM "%s%s: %s%s%s", what[0] ? " " : "", what,
		with_field ? e->field : "", with_field ? ": " : "", e->text);
	if (e->hint && e->hint[0])
		out_line(stderr, "hint: %s", e->hint);
	if (e->log)
		out_line(stderr, "criu's whole log: %s", e->log);
	else if (e->job)
		out_line(stderr, "criu's whole log: " PROGRAM "%s%s log %llu",
			ctl->socket ? " --socket " : "", ctl->socket ? ctl->socket : "",
			(unsigned long long)e->job);
	return (int)exit_of(ctl, e);
}

int out_flush(const struct ctl *ctl, const char *what, int code)
{
	struct out_error e = { .exit = CTL_FAILED, .text = "cannot write to standard output" };

	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	e.sys = errno;
	return out_error(ctl, what, &e, NULL);
}

int out_usage(const struct ctl *ctl, const char *what, const char *fmt, ...)
{
	struct out_error e = { .exit = CTL_USAGE };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	e.text = text;
	(void)out_error(ctl, what, &e, NULL);
	if (ctl->format == CTL_TEXT)
		out_line(stderr, "Try '" PROGRAM " %s%s--help'.", what, what[0] ? " " : "");
	return CTL_USAGE;
}

enum ctl_exit out_exit_of(enum fdb_code code)
{
	switch (code) {
	case FDB_UNSUPPORTED:
	case FDB_BAD_REQUEST:
	case FDB_PERMISSION:
	case FDB_LIMIT:
	case FDB_NAME_TAKEN:
	case FDB_NO_SUCH_NAME:
	case FDB_FORBIDDEN_OPTION:
	case FDB_BAD_IMAGES:
	case FDB_REFUSED:
	case FDB_NO_SUCH_JOB:
	case FDB_TOO_LATE:
	case FDB_DRAINING:
		return CTL_REFUSED;
	case FDB_NO_CRIU:
	case FDB_CRIU_FAILED:
	case FDB_CRIU_BROKE:
		return CTL_CRIU;
	case FDB_DEADLINE:
	case FDB_CANCELLED:
	case FDB_BROKER_DIED:
		return CTL_CANCELLED;
	default:
		return CTL_FAILED;
	}
}

/* What a private broker said last, in one line; "" if nothing. */
static void last_words(const struct ctl *ctl, char *buf, size_t size)
{
	ssize_t n = ctl->broker_log < 0 ? -1 : pread(ctl->broker_log, buf, size - 1, 0);
	char *line;

	buf[n > 0 ? n : 0] = 0;
	while ((line = strrchr(buf, '\n')) && !line[1])
		*line = 0;
	if (line)
		memmove(buf, line + 1, strlen(line + 1) + 1);
}

int out_client_error(const struct ctl *ctl, const char *what, const struct fdb_client *c)
{
	char words[512] = "", text[1024];
	enum fdb_code code = fdb_error_code(c);
	int sys = fdb_error_errno(c);
	struct out_error e = {
		.exit = code == FDB_NONE && (sys == EPIPE || sys == ETIMEDOUT) ? CTL_NO_BROKER
									       : out_exit_of(code),
		.code = code == FDB_NONE ? NULL : fdb_code_name(code),
		.field = fdb_error_field(c),
		.text = text,
		.sys = sys,
		.reason = fdb_error_reason(c),
		.hint = fdb_error_hint(c),
	};

	if (sys == EPIPE)
		last_words(ctl, words, sizeof(words));
	snprintf(text, sizeof(text), "%s%s%s", fdb_error_text(c), words[0] ? "; it said: " : "",
		words);
	return out_error(ctl, what, &e, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client object: its birth and end, its errors, the jobs that it knows.
 * Not here: its connection (connect.c, local.c), its traffic (pump.c).
 */
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "version.h"

#define SAME(code) _Static_assert((int)FDB_##code == (int)ERR_##code, "the codes of " #code)
SAME(NONE);
SAME(INTERNAL);
SAME(PROTOCOL);
SAME(UNSUPPORTED);
SAME(BAD_REQUEST);
SAME(PERMISSION);
SAME(LIMIT);
SAME(NAME_TAKEN);
SAME(NO_SUCH_NAME);
SAME(FORBIDDEN_OPTION);
SAME(BAD_IMAGES);
SAME(NO_CRIU);
SAME(CRIU_FAILED);
SAME(CRIU_BROKE);
SAME(DEADLINE);
SAME(CANCELLED);
SAME(REFUSED);
SAME(NO_SUCH_JOB);
SAME(TOO_LATE);
SAME(BROKER_DIED);
SAME(DRAINING);

int fdb_new(struct fdb_client **ret)
{
	struct fdb_client *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->sock = -1;
	c->broker = -1;
	*ret = c;
	return 0;
}

void fdb_free(struct fdb_client *c)
{
	if (!c)
		return;
	(void)fdb_disconnect(c, 0);
	free(c->jobs);
	welcome_done(&c->welcome);
	free(c);
}

const char *fdb_version(void)
{
	return FDB_VERSION;
}

/* ---- errors ---- */

int client_fail(struct fdb_client *c, int r, const char *field, const char *fmt, ...)
{
	char text[sizeof(c->err.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&c->err, ERR_NONE, 0, field, "%s", text);
	c->err.sys = -r;
	c->advice = (struct advice){ 0 };
	c->err_call = 0;
	return r;
}

int client_fail_sys(struct fdb_client *c, int r, const char *fmt, ...)
{
	char text[sizeof(c->err.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return client_fail(c, r, NULL, "%s: %s", text, strerrordesc_np(-r) ?: "unknown error");
}

int client_fail_as(struct fdb_client *c, int r, const struct err *err, const struct advice *advice)
{
	c->err = *err;
	c->advice = advice ? *advice : (struct advice){ 0 };
	c->err_call = 0;
	return r;
}

int client_fail_gone(struct fdb_client *c)
{
	if (c->sock < 0)
		return client_fail(c, -ENOTCONN, NULL, "not connected to a broker");
	return client_fail_as(c, -EPIPE, &c->words, &c->words_advice);
}

int client_code_errno(int code)
{
	static const int numbers[] = {
		[ERR_INTERNAL] = EIO,
		[ERR_PROTOCOL] = EPROTO,
		[ERR_UNSUPPORTED] = EOPNOTSUPP,
		[ERR_BAD_REQUEST] = EINVAL,
		[ERR_PERMISSION] = EPERM,
		[ERR_LIMIT] = EDQUOT,
		[ERR_NAME_TAKEN] = EEXIST,
		[ERR_NO_SUCH_NAME] = ENOENT,
		[ERR_FORBIDDEN_OPTION] = EACCES,
		[ERR_BAD_IMAGES] = EBADMSG,
		[ERR_NO_CRIU] = ENOEXEC,
		[ERR_CRIU_FAILED] = EREMOTEIO,
		[ERR_CRIU_BROKE] = EREMOTEIO,
		[ERR_DEADLINE] = ETIME,
		[ERR_CANCELLED] = ECANCELED,
		[ERR_REFUSED] = EXDEV,
		[ERR_NO_SUCH_JOB] = ESRCH,
		[ERR_TOO_LATE] = EALREADY,
		[ERR_BROKER_DIED] = EOWNERDEAD,
		[ERR_DRAINING] = ESHUTDOWN,
	};

	if (code <= 0 || (size_t)code >= sizeof(numbers) / sizeof(numbers[0]))
		return -EREMOTEIO;
	return -numbers[code];
}

enum fdb_code fdb_error_code(const struct fdb_client *c)
{
	return (enum fdb_code)c->err.code;
}

int fdb_error_errno(const struct fdb_client *c)
{
	return c->err.sys;
}

const char *fdb_error_field(const struct fdb_client *c)
{
	return c->err.field;
}

const char *fdb_error_text(const struct fdb_client *c)
{
	return c->err.text;
}

const char *fdb_error_reason(const struct fdb_client *c)
{
	return c->advice.reason;
}

const char *fdb_error_hint(const struct fdb_client *c)
{
	return c->advice.hint;
}

uint64_t fdb_error_call(const struct fdb_client *c)
{
	return c->err_call;
}

const char *fdb_code_name(enum fdb_code code)
{
	return err_code_name((int)code);
}

/* ---- calls and jobs ---- */

bool client_call_end(struct fdb_client *c, uint64_t serial, int *ret_answer)
{
	for (struct call **p = &c->calls; *p; p = &(*p)->next) {
		struct call *call = *p;

		if (call->serial != serial)
			continue;
		if (ret_answer)
			*ret_answer = call->answer;
		*p = call->next;
		free(call);
		c->n_calls--;
		return true;
	}
	return false;
}

void client_calls_done(struct fdb_client *c)
{
	while (c->calls)
		(void)client_call_end(c, c->calls->serial, NULL);
	outq_done(&c->outq);
	c->refs_full = false;
}

int client_job_add(struct fdb_client *c, uint64_t job)
{
	if (c->n_jobs == c->max_jobs) {
		size_t max = c->max_jobs ? c->max_jobs * 2 : 8;
		uint64_t *jobs = reallocarray(c->jobs, max, sizeof(*jobs));

		if (!jobs)
			return -ENOMEM;
		c->jobs = jobs;
		c->max_jobs = max;
	}
	c->jobs[c->n_jobs++] = job;
	return 0;
}

bool client_job_known(const struct fdb_client *c, uint64_t job)
{
	for (size_t i = 0; i < c->n_jobs; i++)
		if (c->jobs[i] == job)
			return true;
	return false;
}

void client_job_forget(struct fdb_client *c, uint64_t job)
{
	for (size_t i = 0; i < c->n_jobs; i++) {
		if (c->jobs[i] != job)
			continue;
		c->jobs[i] = c->jobs[--c->n_jobs];
		return;
	}
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls about jobs. See ask.h. */
#include "ask.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

#define WAIT_MS 10000

#define CALL(name, NAME)                                                                           \
	Fdbroker__V1__ClientMessage message = FDBROKER__V1__CLIENT_MESSAGE__INIT;                  \
	message.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_##NAME;                             \
	message.name = &body

static void read_result(const Fdbroker__V1__Result *from, struct seen *ret)
{
	ret->has_result = true;
	ret->success = from->success;
	if (from->success)
		ret->root = from->pid;
	if (from->error) {
		ret->code = (int)from->error->code;
		snprintf(ret->text, sizeof(ret->text), "%s", from->error->text);
	}
}

static void read_job(const Fdbroker__V1__Job *from, struct seen *ret)
{
	*ret = (struct seen){ .state = (int)from->state, .exit = -1, .signal = -1 };
	ret->log = from->log;
	ret->recovered = from->recovered;
	for (size_t i = 0; i < from->n_transitions; i++)
		ret->planned |= from->transitions[i]->state == FDBROKER__V1__JOB_STATE__JOB_PLANNED;
	if (from->result)
		read_result(from->result, ret);
	if (!from->end)
		return;
	ret->has_end = true;
	ret->known = from->end->known;
	if (from->end->has_exit_code)
		ret->exit = from->end->exit_code;
	if (from->end->has_signal)
		ret->signal = from->end->signal;
}

static void take_report(int sock, struct seen *ret)
{
	struct answer a = raw_recv(sock);

	assert_non_null(a.message);
	if (a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR)
		fail_msg("%s", a.message->error->text);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT);
	read_job(a.message->job_report->job, ret);
	raw_done(&a);
	close(sock);
}

void ask_show(const struct broker *b, uint64_t job, struct seen *ret)
{
	Fdbroker__V1__Show body = FDBROKER__V1__SHOW__INIT;
	int sock = raw_connect(b);
	CALL(show, SHOW);

	body.has_job = true;
	body.job = job;
	raw_send(sock, &message, NULL, 0);
	take_report(sock, ret);
}

void ask_result(const struct broker *b, uint64_t job, struct seen *ret)
{
	for (int i = 0; i < WAIT_MS; i++) {
		ask_show(b, job, ret);
		if (ret->has_result)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	fail_msg("job %lu has no result after %d ms, it is in state %d", (unsigned long)job,
		WAIT_MS, ret->state);
}

void ask_wait(const struct broker *b, uint64_t job, struct seen *ret)
{
	Fdbroker__V1__Wait body = FDBROKER__V1__WAIT__INIT;
	int sock = raw_connect(b);
	CALL(wait, WAIT);

	body.has_job = true;
	body.job = job;
	raw_send(sock, &message, NULL, 0);
	take_report(sock, ret);
}

int ask_cancel(const struct broker *b, uint64_t job)
{
	Fdbroker__V1__Cancel body = FDBROKER__V1__CANCEL__INIT;
	int sock = raw_connect(b);
	CALL(cancel, CANCEL);

	body.has_job = true;
	body.job = job;
	raw_send(sock, &message, NULL, 0);
	return sock;
}

bool ask_cancelled(int sock, struct seen *ret)
{
	struct answer a = raw_recv(sock);
	bool cancelled;

	assert_non_null(a.message);
	cancelled = a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT;
	if (cancelled) {
		read_job(a.message->job_report->job, ret);
		assert_int_equal(ret->state, FDBROKER__V1__JOB_STATE__JOB_ENDED);
	} else {
		assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR);
		assert_int_equal(a.message->error->code, ERR_TOO_LATE);
	}
	raw_done(&a);
	close(sock);
	return cancelled;
}

size_t ask_log(const struct broker *b, uint64_t job)
{
	Fdbroker__V1__Log body = FDBROKER__V1__LOG__INIT;
	int sock = raw_connect(b);
	size_t bytes = 0;
	char text[4096];
	struct answer a;
	ssize_t n;
	CALL(log, LOG);

	body.has_job = true;
	body.job = job;
	raw_send(sock, &message, NULL, 0);
	a = raw_recv(sock);
	assert_non_null(a.message);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_LOG_FILE);
	assert_true(a.message->log_file->complete);
	while ((n = read(a.fds[a.message->log_file->log], text, sizeof(text))) > 0)
		bytes += (size_t)n;
	assert_int_equal(bytes, a.message->log_file->bytes);
	raw_done(&a);
	close(sock);
	return bytes;
}

void ask_take_result(int sock, struct seen *ret)
{
	struct answer a = raw_await_result(sock);

	*ret = (struct seen){ .exit = -1, .signal = -1 };
	read_result(a.message->result, ret);
	raw_done(&a);
}

uint64_t ask_accepted(int sock)
{
	struct answer a = raw_recv(sock);
	uint64_t job;

	assert_non_null(a.message);
	if (a.message->body_case == FDBROKER__V1__SERVER_MESSAGE__BODY_ERROR)
		fail_msg("%s", a.message->error->text);
	assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_ACCEPTED);
	job = a.message->accepted->job;
	raw_done(&a);
	return job;
}

void ask_await_stage(int sock, int stage)
{
	for (bool seen = false; !seen;) {
		struct answer a = raw_recv(sock);

		assert_non_null(a.message);
		assert_int_equal(a.message->body_case, FDBROKER__V1__SERVER_MESSAGE__BODY_EVENT);
		seen = (int)a.message->event->stage == stage;
		raw_done(&a);
	}
}

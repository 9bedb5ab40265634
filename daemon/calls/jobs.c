/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* List, Show, Wait, Cancel and Log: about jobs that exist already. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "calls/handlers.h"
#include "calls/job_message.h"
#include "calls/message.h"
#include "jobs/job.h"

#define MAX_LIST_BYTES (256 * 1024) /* of one JobList; the client asks for the rest */

/* A call that is answered when its job has ended. Either the job or the session may go first. */
struct waiter {
	struct session_watch watch;
	struct job_observer observer;
	struct session *session; /* borrowed; told of its end by the watch */
	uint64_t serial;
};

struct job *calls_find_job(const struct call *call, uint64_t id, struct err *err)
{
	struct job *job = jobs_find(call->calls->jobs, id);

	if (!job || !policy_may_see(&call->session->peer, job_record(job)->uid)) {
		err_set(err, ERR_NO_SUCH_JOB, 0, "job",
			"there is no job %lu that is still kept and that you may see",
			(unsigned long)id);
		return NULL;
	}
	return job;
}

static struct job *find(const struct call *call, bool has_job, uint64_t id, struct err *err)
{
	if (has_job)
		return calls_find_job(call, id, err);
	err_set(err, ERR_BAD_REQUEST, 0, "job", "job: which one?");
	return NULL;
}

static void send_report(struct session *session, uint64_t serial, const struct job *job)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__JobReport report = FDBROKER__V1__JOB_REPORT__INIT;
	struct job_parts parts;

	job_message_fill(job, true, &parts);
	report.job = &parts.job;
	message.has_serial = true;
	message.serial = serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_REPORT;
	message.job_report = &report;
	message_send(session, &message, NULL);
	job_parts_done(&parts);
}

/* ---- waiting ---- */

static void waiter_free(struct waiter *w)
{
	w->session->waiting--;
	job_unobserve(&w->observer);
	free(w);
}

static void on_state(struct job_observer *observer, struct job *job)
{
	struct waiter *w = (struct waiter *)((char *)observer - offsetof(struct waiter, observer));

	if (job_record(job)->state != JOB_ENDED)
		return;
	send_report(w->session, w->serial, job);
	session_remove_watch(&w->watch);
	waiter_free(w);
}

static const struct job_observer_ops waiter_ops = { .state = on_state };

static void session_gone(struct session_watch *watch)
{
	waiter_free((struct waiter *)((char *)watch - offsetof(struct waiter, watch)));
}

/* Answer when the job has ended, which may be now. */
static int wait_for(const struct call *call, struct job *job, struct err *err)
{
	struct session *session = call->session;
	struct waiter *w;

	if (job_record(job)->state == JOB_ENDED) {
		send_report(session, call->message->serial, job);
		return 0;
	}
	if (session->waiting >= session->config->max_waiting)
		return err_set(err, ERR_LIMIT, 0, NULL,
			"%u calls of this connection wait for the end of jobs, its limit (MaxWaitingPerSession)",
			session->waiting);
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory to wait");
	w->session = session;
	w->serial = call->message->serial;
	w->observer.ops = &waiter_ops;
	w->watch.gone = session_gone;
	session->waiting++;
	job_observe(job, &w->observer);
	session_add_watch(session, &w->watch);
	return 0;
}

int wait_call(const struct call *call, struct err *err)
{
	const Fdbroker__V1__Wait *wait = call->message->wait;
	struct job *job = find(call, wait->has_job, wait->job, err);

	return job ? wait_for(call, job, err) : -1;
}

/* Too late to be cancelled. */
static const char *what_it_is(const struct record *r)
{
	if (!r->success)
		return "has failed already";
	return r->state == JOB_ENDED ? "has ended already"
				     : "is restored already, its tree is its own master";
}

int cancel_call(const struct call *call, struct err *err)
{
	const Fdbroker__V1__Cancel *cancel = call->message->cancel;
	struct job *job = find(call, cancel->has_job, cancel->job, err);
	char why[64];

	if (!job)
		return -1;
	if (job_record(job)->has_result)
		return err_set(err, ERR_TOO_LATE, 0, "job", "job %lu %s",
			(unsigned long)job_id(job), what_it_is(job_record(job)));
	/* First, for it may fail; and nothing ends a job before the loop comes to it. */
	if (wait_for(call, job, err) < 0)
		return -1;
	snprintf(why, sizeof(why), "user %d has asked for it", (int)call->session->peer.uid);
	(void)job_cancel(job, why);
	return 0;
}

int show_call(const struct call *call, struct err *err)
{
	const Fdbroker__V1__Show *show = call->message->show;
	struct job *job = find(call, show->has_job, show->job, err);

	if (!job)
		return -1;
	send_report(call->session, call->message->serial, job);
	return 0;
}

/* ---- log ---- */

int log_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__LogFile file = FDBROKER__V1__LOG_FILE__INIT;
	const Fdbroker__V1__Log *log = call->message->log;
	struct job *job = find(call, log->has_job, log->job, err);
	struct fdset fds = { 0 };
	autofd int fd = -1;
	struct stat st;

	if (!job)
		return -1;
	if (!job_record(job)->has_log)
		return err_set(err, ERR_TOO_LATE, 0, "job",
			"job %lu has no log, criu %s started for it", (unsigned long)log->job,
			job_record(job)->has_result ? "was never" : "has not been");
	fd = keep_log_open(&call->calls->jobs->keep, log->job);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, ERR_INTERNAL, fd < 0 ? -fd : errno, "job",
			"the log of job %lu cannot be opened", (unsigned long)log->job);
	if (fdset_add(&fds, TAKE_FD(fd)) < 0)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a log");
	file.has_job = file.has_log = file.has_complete = file.has_bytes = true;
	file.job = log->job;
	file.log = 0;
	file.complete = job_log_is_complete(job);
	file.bytes = (uint64_t)st.st_size;
	message.has_serial = true;
	message.serial = call->message->serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_LOG_FILE;
	message.log_file = &file;
	message_send(call->session, &message, &fds);
	return 0;
}

/* ---- list ---- */

static bool is_wanted(const struct call *call, const struct record *r)
{
	const Fdbroker__V1__List *list = call->message->list;
	bool state = list->n_states == 0;

	for (size_t i = 0; i < list->n_states; i++)
		state |= (int)list->states[i] == (int)r->state;
	return state && (!list->has_uid || list->uid == r->uid) &&
	       policy_may_see(&call->session->peer, r->uid);
}

/* Return: how many; *more: there are others, for which there was no room. */
static size_t collect(const struct call *call, struct job_parts *parts, Fdbroker__V1__Job **list,
	size_t max, bool *more)
{
	uint64_t after = call->message->list->after;
	size_t n = 0, bytes = 0;

	for (struct job *job; (job = jobs_after(call->calls->jobs, after));) {
		after = job_id(job);
		if (!is_wanted(call, job_record(job)))
			continue;
		if (n == max || bytes > MAX_LIST_BYTES) {
			*more = true;
			break;
		}
		job_message_fill(job, false, &parts[n]);
		bytes += fdbroker__v1__job__get_packed_size(&parts[n].job) + 4;
		list[n] = &parts[n].job;
		n++;
	}
	return n;
}

int list_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__JobList body = FDBROKER__V1__JOB_LIST__INIT;
	enum { MAX = 256 };
	autofree struct job_parts *parts = calloc(MAX, sizeof(*parts));
	autofree Fdbroker__V1__Job **list = calloc(MAX, sizeof(*list));
	bool more = false;

	if (!parts || !list)
		return err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for a list");
	body.n_jobs = collect(call, parts, list, MAX, &more);
	body.jobs = list;
	body.has_more = true;
	body.more = more;
	message.has_serial = true;
	message.serial = call->message->serial;
	message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_JOB_LIST;
	message.job_list = &body;
	message_send(call->session, &message, NULL);
	for (size_t i = 0; i < body.n_jobs; i++)
		job_parts_done(&parts[i]);
	return 0;
}

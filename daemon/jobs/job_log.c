/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the log says of a job: its result, and the end of its tree. The ids: messages.h. */
#include <stdio.h>
#include <sys/wait.h>

#include "jobs/job_struct.h"
#include "service/messages.h"

static const char *result_message(const struct record *r)
{
	if (r->recovered)
		return MESSAGE_RECOVERED;
	if (r->success)
		return MESSAGE_RESTORED;
	return r->err.code == ERR_CANCELLED ? MESSAGE_CANCELLED : MESSAGE_FAILED;
}

void job_log_result(const struct job *job)
{
	const struct record *r = &job->record;
	char code[64], root[48], uid[48];
	const char *fields[] = { code, uid, r->success ? root : NULL, NULL };
	struct log_about what = job_about(job);

	snprintf(code, sizeof(code), "FDBROKER_CODE=%s",
		r->success ? "SUCCESS" : err_code_name(r->err.code));
	snprintf(uid, sizeof(uid), "FDBROKER_UID=%u", (unsigned)r->uid);
	snprintf(root, sizeof(root), "FDBROKER_ROOT_PID=%d", r->root.pid);
	what.message = result_message(r);
	what.fields = fields;
	if (r->success)
		log_line(LOG_INFO, &what, "restored, root task is %d", r->root.pid);
	else
		log_line(LOG_NOTICE, &what, "failed: %s: %s", err_code_name(r->err.code),
			r->err.text);
}

void job_log_end(const struct job *job)
{
	const struct record *r = &job->record;
	char status[48], root[48], how[64];
	const char *fields[] = { status, root, NULL };
	struct log_about what = job_about(job);

	if (!r->end_known)
		snprintf(how, sizeof(how), "unknown");
	else if (WIFEXITED(r->end_status))
		snprintf(how, sizeof(how), "exited %d", WEXITSTATUS(r->end_status));
	else
		snprintf(how, sizeof(how), "signal %d", WTERMSIG(r->end_status));
	snprintf(status, sizeof(status), "FDBROKER_STATUS=%.30s", how);
	snprintf(root, sizeof(root), "FDBROKER_ROOT_PID=%d", r->root.pid);
	what.message = MESSAGE_ENDED;
	what.fields = fields;
	log_line(LOG_INFO, &what, "root task %d has ended: %s", r->root.pid,
		r->end_known ? how : "how is not known");
}

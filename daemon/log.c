/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line at a time, to the journal or to standard error. See log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/printable.h"

/* Where in our source a line comes from says nothing to an administrator. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define OWN_FIELDS 5 /* MESSAGE, PRIORITY, MESSAGE_ID, FDBROKER_JOB, FDBROKER_SESSION */

static int max_priority = LOG_INFO;

void log_set_level(int priority)
{
	max_priority = priority;
}

/*
 * systemd.exec(5): JOURNAL_STREAM says which file the journal's stream was when we were started. Looked
 * at for each line: standard error may be another file by now, and a child writes to what it was given.
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static void add(struct iovec *fields, int *n, const char *text)
{
	fields[(*n)++] = (struct iovec){ (char *)text, strlen(text) };
}

/* Values have their length with them: whatever is in one, it makes no field of its own. */
static int to_journal(int priority, const struct log_about *about, const char *message)
{
	char level[16], id[48], job[48], session[48];
	struct iovec fields[OWN_FIELDS + LOG_MAX_FIELDS];
	int n = 0;

	snprintf(level, sizeof(level), "PRIORITY=%d", priority);
	snprintf(id, sizeof(id), "MESSAGE_ID=%s", about->message ?: "");
	snprintf(job, sizeof(job), "FDBROKER_JOB=%lu", (unsigned long)about->job);
	snprintf(session, sizeof(session), "FDBROKER_SESSION=%lu", (unsigned long)about->session);
	add(fields, &n, message);
	add(fields, &n, level);
	if (about->message)
		add(fields, &n, id);
	if (about->job)
		add(fields, &n, job);
	if (about->session)
		add(fields, &n, session);
	for (int i = 0; about->fields && about->fields[i] && i < LOG_MAX_FIELDS; i++)
		add(fields, &n, about->fields[i]);
	return sd_journal_sendv(fields, n);
}

void log_line(int priority, const struct log_about *about, const char *fmt, ...)
{
	static const struct log_about nothing;
	char text[1024], where[64] = "", line[1152];
	va_list ap;
	int n;

	if (priority > max_priority)
		return;
	about = about ?: &nothing;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printable_line(text);
	if (about->job)
		snprintf(where, sizeof(where), "job %lu: ", (unsigned long)about->job);
	else if (about->session)
		snprintf(where, sizeof(where), "session %lu: ", (unsigned long)about->session);
	if (stderr_is_journal()) {
		snprintf(line, sizeof(line), "MESSAGE=%s%s", where, text);
		if (to_journal(priority, about, line) == 0)
			return;
	}
	n = snprintf(line, sizeof(line), "criu-fdbroker: %s%s\n", where, text);
	/* One write, so that lines of several processes on one terminal stay whole. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

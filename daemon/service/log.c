/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line at a time, to the journal or to standard error. See log.h. */
#include "service/log.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/printable.h"
#include "service/datagram.h"
#include "service/lograte.h"

#define JOURNAL     "/run/systemd/journal/socket"
#define ENTRY_BYTES 16384

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for all that follows */
static int max_priority = LOG_INFO;
static int journal_sock = -1; /* owned; until the process ends */
static unsigned left_out;     /* lines that could not be written, since the last that could */
static struct lograte rate;

void log_set_level(int priority)
{
	max_priority = priority;
}

/* ---- the journal ---- */

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

/*
 * An entry as journald takes it (https://systemd.io/JOURNAL_NATIVE_PROTOCOL). By hand, for sd_journal_send(3)
 * waits where journald does not read.
 */
struct entry {
	char bytes[ENTRY_BYTES];
	size_t n;
};

/* Values have their length with them: whatever is in one, it makes no field of its own. What has no room is left out. */
static void add(struct entry *e, const char *field)
{
	const char *value = strchr(field, '=');
	size_t name = value ? (size_t)(value - field) : 0, size = value ? strlen(value + 1) : 0;
	uint64_t size_le = htole64(size);
	char *to = e->bytes + e->n;

	if (!name || e->n + name + size + sizeof(size_le) + 2 > sizeof(e->bytes))
		return;
	to = mempcpy(to, field, name);
	*to++ = '\n';
	to = mempcpy(to, &size_le, sizeof(size_le));
	to = mempcpy(to, value + 1, size);
	*to++ = '\n';
	e->n = (size_t)(to - e->bytes);
}

static int to_journal(int priority, const struct log_about *about, const char *text)
{
	char level[16], id[48], job[48], session[48], name[64];
	struct entry e;

	e.n = 0;
	snprintf(level, sizeof(level), "PRIORITY=%d", priority);
	snprintf(id, sizeof(id), "MESSAGE_ID=%s", about->message ?: "");
	snprintf(job, sizeof(job), "FDBROKER_JOB=%lu", (unsigned long)about->job);
	snprintf(session, sizeof(session), "FDBROKER_SESSION=%lu", (unsigned long)about->session);
	snprintf(name, sizeof(name), "SYSLOG_IDENTIFIER=%s", program_invocation_short_name);
	add(&e, text);
	add(&e, level);
	add(&e, name);
	if (about->message)
		add(&e, id);
	if (about->job)
		add(&e, job);
	if (about->session)
		add(&e, session);
	for (int i = 0; about->fields && about->fields[i] && i < LOG_MAX_FIELDS; i++)
		add(&e, about->fields[i]);
	return datagram_send(&journal_sock, JOURNAL, e.bytes, e.n, -1);
}

/* ---- standard error ---- */

/* One write, so that lines of several processes on one terminal stay whole. Less than PIPE_BUF: all or nothing. */
static int to_stderr(const char *line, size_t n)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&p, 1, 0) == 0)
		return -EAGAIN;
	return write(STDERR_FILENO, line, n) < 0 ? -errno : 0;
}

/* ---- both ---- */

/* Return: 0; -EAGAIN: it was left out; other -errno: there is nobody whom it could be told. */
static int put(int priority, const struct log_about *about, const char *text)
{
	char where[64] = "", line[1152];
	int n, r = -EINVAL;

	if (about->job)
		snprintf(where, sizeof(where), "job %lu: ", (unsigned long)about->job);
	else if (about->session)
		snprintf(where, sizeof(where), "session %lu: ", (unsigned long)about->session);
	if (stderr_is_journal()) {
		snprintf(line, sizeof(line), "MESSAGE=%s%s", where, text);
		r = to_journal(priority, about, line);
		if (r == 0 || r == -EAGAIN)
			return r;
	}
	n = snprintf(line, sizeof(line), "criu-fdbroker: %s%s\n", where, text);
	return to_stderr(line, (size_t)n);
}

static void put_own(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void put_own(int priority, const char *fmt, ...)
{
	static const struct log_about nothing;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)put(priority, &nothing, text);
}

static bool is_too_much(const struct log_about *about)
{
	struct timespec ts;
	unsigned before;
	enum lograte_says says;

	if (!about->by)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	says = lograte_ask(&rate, *about->by,
		(uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000 + 1, &before);
	if (before)
		put_own(LOG_NOTICE, "%u lines that user %u has caused were left out", before,
			(unsigned)*about->by);
	if (says == LOGRATE_LAST)
		put_own(LOG_NOTICE,
			"user %u has caused %d lines in less than %d s: the next are left out",
			(unsigned)*about->by, LOGRATE_LINES, LOGRATE_MS / 1000);
	return says == LOGRATE_LEAVE_OUT;
}

static void put_locked(int priority, const struct log_about *about, const char *text)
{
	if (is_too_much(about))
		return;
	if (left_out) {
		char note[96];

		snprintf(note, sizeof(note), "%u lines were left out, for nobody took them",
			left_out);
		if (put(LOG_WARNING, &(const struct log_about){ 0 }, note) == 0)
			left_out = 0;
	}
	left_out += put(priority, about, text) == -EAGAIN;
}

void log_line(int priority, const struct log_about *about, const char *fmt, ...)
{
	static const struct log_about nothing;
	char text[1024];
	va_list ap;

	if (priority > max_priority)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printable_line(text);
	pthread_mutex_lock(&lock);
	put_locked(priority, about ?: &nothing, text);
	pthread_mutex_unlock(&lock);
}

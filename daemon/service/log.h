/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's log: the journal, with fields of its own, where standard error is the journal; else standard
 * error. Only the daemon's upper layers log; base, wire and place return errors instead.
 */
#ifndef FDBROKER_LOG_H
#define FDBROKER_LOG_H

#include <stdint.h>
#include <sys/types.h>
#include <syslog.h>

#define LOG_MAX_FIELDS 8

/* What a line is about; 0 and NULL: nothing to say of that. Ids and fields go to the journal alone. */
struct log_about {
	uint64_t session;
	uint64_t job;
	const uid_t *
		by; /* borrowed; the user who has caused it, and may cause only so many: lograte.h */
	const char *message; /* borrowed; a MESSAGE_* of messages.h */
	const char *const *
		fields; /* borrowed; "NAME=value", whatever the value is; up to LOG_MAX_FIELDS, then NULL */
};

/* Lines above this priority number are dropped; LOG_INFO at the start, LOG_DEBUG for everything. */
void log_set_level(int priority);

/**
 * log_line() - one line, by any thread
 * @priority: LOG_ERR .. LOG_DEBUG of syslog(3)
 * @about:    NULL is allowed
 * @fmt:      text without a final newline; cut at 1 KiB; what a terminal would obey is replaced by '?'
 *            (printable.h), for names, keys and criu's words come from outside
 *
 * Waits for nobody: what cannot be written at once, for the journal hangs or nobody reads from a pipe, is left out. How
 * many were is said in front of the next line that can.
 */
void log_line(int priority, const struct log_about *about, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif

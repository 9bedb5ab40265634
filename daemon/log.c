/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One line at a time to standard error. See log.h. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int max_priority = LOG_INFO;

void log_set_level(int priority)
{
	max_priority = priority;
}

static void escape(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			*text = '?';
}

void log_line(int priority, const struct log_about *about, const char *fmt, ...)
{
	char text[1024], where[64] = "", line[1152];
	va_list ap;
	int n;

	if (priority > max_priority)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	escape(text);
	if (about && about->job)
		snprintf(where, sizeof(where), "job %lu: ", (unsigned long)about->job);
	else if (about && about->session)
		snprintf(where, sizeof(where), "session %lu: ", (unsigned long)about->session);
	/* JOURNAL_STREAM: sd-daemon(3) prefixes are understood there and would be noise elsewhere. */
	if (getenv("JOURNAL_STREAM"))
		n = snprintf(line, sizeof(line), "<%d>%s%s\n", priority, where, text);
	else
		n = snprintf(line, sizeof(line), "criu-fdbroker: %s%s\n", where, text);
	/* One write, so that lines of several processes on one terminal stay whole. */
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;
}

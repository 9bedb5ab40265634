/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The telling line of criu's log. See reason.h. Format of a line: criu/log.c of CRIU 4.1.1. */
#include "worker/reason.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (4L * 1024 * 1024) /* the loop waits for it */
#define MAX_LINE  4096

/* Errors in the log of restores that succeed. */
static const char *const noise[] = {
	"Can't setup RLIMIT_NOFILE for self", /* no CAP_SYS_RESOURCE; criu goes on */
};

static bool is_noise(const char *text)
{
	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		if (strstr(text, noise[i]))
			return true;
	return false;
}

/* "(00.012345)     32: Error (criu/files-reg.c:2100): text", the pid being absent for criu itself. */
const char *reason_line(char *line, long *ret_pid)
{
	char *mark = strstr(line, "Error (");
	char *text = mark ? strstr(mark, "): ") : NULL;
	char *after_time = mark && line[0] == '(' ? memchr(line, ')', (size_t)(mark - line)) : NULL;

	if (!text || is_noise(text))
		return NULL;
	*ret_pid = after_time ? strtol(after_time + 1, NULL, 10) : 0;
	return text + strlen("): ");
}

static void say(char *ret, size_t size, const char *text, long pid)
{
	if (pid > 0)
		snprintf(ret, size, "task %ld: %s", pid, text);
	else
		snprintf(ret, size, "%s", text);
}

bool reason_find(int log, char *ret, size_t size)
{
	char path[32], line[MAX_LINE];
	bool goes_on = false; /* the line before: this is the rest of it */
	long pid;
	FILE *f;

	ret[0] = 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", log);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (ftello(f) < MAX_BYTES && fgets(line, sizeof(line), f)) {
		size_t n = strlen(line);
		bool rest = goes_on;
		const char *text;

		goes_on = n == sizeof(line) - 1 && line[n - 1] != '\n';
		line[strcspn(line, "\n")] = 0;
		if (rest)
			continue;
		text = reason_line(line, &pid);
		if (text) {
			say(ret, size, text, pid);
			break;
		}
		/* Only a log without criu's own lines is worth quoting as it is. */
		if (line[0] && line[0] != '(')
			say(ret, size, line, 0);
	}
	fclose(f);
	return ret[0] != 0;
}

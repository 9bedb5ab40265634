/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connecting. See dial.h. */
#include "dial.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "words.h"

#define BROKER "criu-fdbroker"

/* A broker that has died is started anew by systemd within this time, or not at all. */
#define ANEW_MS  10000
#define RETRY_MS 100

/* Beside this program, as in a build folder. Return: buf, or NULL: not there. */
static const char *beside(char *buf, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	buf[n] = 0;
	slash = strrchr(buf, '/');
	if (!slash || (size_t)(slash + 1 - buf) + sizeof(BROKER) > size)
		return NULL;
	memcpy(slash + 1, BROKER, sizeof(BROKER));
	return access(buf, X_OK) == 0 ? buf : NULL;
}

static int dial_local(struct ctl *ctl, const char *what, struct fdb_client *c)
{
	const char *argv[4] = { NULL };
	char path[PATH_MAX];
	size_t n = 0;

	if (ctl->criu) {
		argv[n++] = "--criu";
		argv[n++] = ctl->criu;
	}
	if (ctl->verbose > 2)
		argv[n++] = "--verbose";
	/* Kept for the case that it ends when it should not. */
	if (ctl->verbose <= 1)
		ctl->broker_log = memfd_create(BROKER, MFD_CLOEXEC);
	if (fdb_local(c, beside(path, sizeof(path)), argv,
		    ctl->verbose > 1 ? STDERR_FILENO : ctl->broker_log) == 0)
		return 0;
	return out_error(ctl, what,
		&(struct out_error){ .exit = CTL_NO_BROKER,
			.text = fdb_error_text(c),
			.sys = fdb_error_errno(c) },
		NULL);
}

/* What can be done when there is no way to the socket; "": not known. */
static void connect_hint(char *buf, size_t size, const char *path, int error)
{
	char user[WORDS_SIZE], group[WORDS_SIZE];
	struct stat st;

	buf[0] = 0;
	if (error == ENOENT || error == ECONNREFUSED)
		snprintf(buf, size,
			"systemctl start criu-fdbroker.socket; `restore` and `check` can do without: --local");
	else if (error == EACCES && stat(path, &st) == 0 && st.st_mode & S_IWGRP)
		snprintf(buf, size, "the socket is for %s and the group %s",
			words_user(user, st.st_uid), words_group(group, st.st_gid));
}

int dial(struct ctl *ctl, const char *what, struct fdb_client *c, bool fall_back)
{
	struct out_error e = { .exit = CTL_NO_BROKER };
	char hint[160];
	int r;

	if (ctl->local)
		return dial_local(ctl, what, c);
	r = fdb_connect(c, ctl->socket, CTL_WAIT_MS);
	if (r == 0)
		return 0;
	if (fall_back && !ctl->socket && (r == -ENOENT || r == -ECONNREFUSED)) {
		if (ctl->format == CTL_TEXT)
			out_line(stderr, "no broker runs at " FDB_DEFAULT_SOCKET
					 ": starting a private one (--local)");
		ctl->local = true;
		return dial_local(ctl, what, c);
	}
	e.text = fdb_error_text(c);
	e.sys = -r;
	e.hint = hint;
	connect_hint(hint, sizeof(hint), ctl->socket ? ctl->socket : FDB_DEFAULT_SOCKET, -r);
	return out_error(ctl, what, &e, NULL);
}

int dial_and(struct ctl *ctl, const char *what,
	int (*work)(struct ctl *ctl, struct fdb_client *c, void *arg), void *arg)
{
	struct fdb_client *c;
	int code;

	if (fdb_new(&c) < 0)
		return out_error(ctl, what,
			&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
	code = dial(ctl, what, c, false);
	if (code == 0)
		code = work(ctl, c, arg);
	/* So that a private broker is gone when this command is. */
	(void)fdb_disconnect(c, CTL_WAIT_MS);
	fdb_free(c);
	return code;
}

int dial_anew(const struct ctl *ctl, const char *what, struct fdb_client *c,
	const struct signals *signals)
{
	struct pollfd p = { .fd = signals ? signals->fd : -1, .events = POLLIN };
	char text[512];

	if (ctl->local)
		return out_client_error(ctl, what, c);
	snprintf(text, sizeof(text), "%s", fdb_error_text(c));
	(void)fdb_disconnect(c, 0);
	for (int left_ms = ANEW_MS; left_ms > 0; left_ms -= RETRY_MS) {
		/* Without systemd there may be no socket for a moment, or one that nobody serves. */
		if (fdb_connect(c, ctl->socket, RETRY_MS) == 0)
			return 0;
		if (poll(&p, 1, RETRY_MS) > 0)
			return -EINTR;
	}
	return out_error(ctl, what,
		&(struct out_error){ .exit = CTL_NO_BROKER,
			.text = text,
			.sys = EPIPE,
			.hint = "it has not come back; when it does, `list` tells what has become of its jobs" },
		NULL);
}

int dial_only_running(const struct ctl *ctl, const char *what)
{
	if (!ctl->local)
		return 0;
	return out_usage(ctl, what, "--local: a broker that is started now has no jobs yet");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SIGCHLD -> the one who waits. See reap.h. */
#include "processes/reap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define BUCKETS 256 /* a power of two; thousands of restored trees stay cheap to find */

LIST_HEAD(watch_list, reap_watch);

struct reaper {
	struct event *on_sigchld; /* owned */
	void (*reaped)(void *arg);
	void *arg;
	struct watch_list buckets[BUCKETS];
};

static void tell(struct reaper *r, pid_t pid, int status, const struct rusage *usage)
{
	struct reap_watch *watch;

	LIST_FOREACH(watch, &r->buckets[pid & (BUCKETS - 1)], entry)
		if (watch->pid == pid)
			break;
	if (!watch)
		return; /* an orphan of a restored tree: waited for, so that its pid is free */
	reap_forget(watch);
	watch->usage = *usage;
	watch->ended(watch, status);
}

void reap_now(struct reaper *r)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0)
		tell(r, pid, status, &usage);
	r->reaped(r->arg);
}

static void sigchld(evutil_socket_t sig, short what, void *arg)
{
	(void)sig, (void)what;
	reap_now(arg);
}

int reaper_new(struct event_base *base, void (*reaped)(void *arg), void *arg, struct reaper **ret)
{
	struct reaper *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->reaped = reaped;
	r->arg = arg;
	r->on_sigchld = evsignal_new(base, SIGCHLD, sigchld, r);
	if (!r->on_sigchld || event_add(r->on_sigchld, NULL) < 0) {
		reaper_free(r);
		return -ENOMEM;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		int saved = errno;

		reaper_free(r);
		return -saved;
	}
	*ret = r;
	return 0;
}

void reaper_free(struct reaper *r)
{
	if (!r)
		return;
	if (r->on_sigchld)
		event_free(r->on_sigchld);
	free(r);
}

void reap_watch(struct reaper *r, struct reap_watch *watch, pid_t pid)
{
	watch->pid = pid;
	LIST_INSERT_HEAD(&r->buckets[pid & (BUCKETS - 1)], watch, entry);
}

bool reap_is_watched(const struct reaper *r, pid_t pid)
{
	const struct reap_watch *watch;

	LIST_FOREACH(watch, &r->buckets[pid & (BUCKETS - 1)], entry)
		if (watch->pid == pid)
			return true;
	return false;
}

void reap_forget(struct reap_watch *watch)
{
	if (!watch->pid)
		return;
	LIST_REMOVE(watch, entry);
	watch->pid = 0;
}

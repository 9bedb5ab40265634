/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place where children are waited for: workers, restored roots (criu's rst_sibling makes them
 * our children), and whatever else is orphaned below us, for we are the subreaper of what we started.
 */
#ifndef FDBROKER_REAP_H
#define FDBROKER_REAP_H

#include <event2/event.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/types.h>

struct reaper;

/* Embedded in whoever waits for a child. */
struct reap_watch {
	pid_t pid;           /* 0: not watched */
	struct rusage usage; /* in ended(): what the child and those that it waited for have used */
	void (*ended)(struct reap_watch *watch,
		int status); /* status as waitpid(2) gives it; called once */
	LIST_ENTRY(reap_watch) entry;
};

/**
 * reaper_new() - become subreaper and wait for children from now on
 * @base:   borrowed, must outlive the reaper
 * @reaped: called after each batch of ended children, watched or not; from the loop
 * @arg:    for @reaped
 *
 * Return: 0 or -errno.
 */
int reaper_new(struct event_base *base, void (*reaped)(void *arg), void *arg, struct reaper **ret);

/*
 * Take the children that have ended, as upon SIGCHLD. For a look now and then: the signal comes to the loop
 * through a pipe, and with no memory for that write the kernel lets it get lost.
 */
void reap_now(struct reaper *r);

/* NULL is allowed. Watches that are left are forgotten, their children become init's at our exit. */
void reaper_free(struct reaper *r);

/**
 * reap_watch() - have watch->ended called when a child has ended and been waited for
 * @watch: borrowed until ended() is called or reap_forget()
 * @pid:   a child of ours that cannot have been waited for yet
 */
void reap_watch(struct reaper *r, struct reap_watch *watch, pid_t pid);

/* Does somebody wait for this child already? */
bool reap_is_watched(const struct reaper *r, pid_t pid);

/* Stop watching; the child is still waited for when it ends. Not watched: nothing happens. */
void reap_forget(struct reap_watch *watch);

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thread that closes. See discard.h. */
#include "discard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "base/cleanup.h"

#define STOP_S 2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct fdset waiting;
static bool stopping;
static pthread_t thread;

static void *closer(void *none)
{
	bool stop;

	(void)none;
	do {
		struct fdset batch;

		pthread_mutex_lock(&lock);
		while (waiting.n == 0 && !stopping)
			pthread_cond_wait(&more, &lock);
		batch = waiting;
		waiting = (struct fdset){ 0 };
		stop = stopping;
		pthread_mutex_unlock(&lock);
		fdset_done(&batch);
	} while (!stop);
	return NULL;
}

int discard_start(void)
{
	sigset_t all, before;
	int r;

	stopping = false;
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, closer, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

void discard_stop(void)
{
	struct timespec end;

	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	/* A close that hangs must not keep the daemon from ending: it goes with the process. */
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += STOP_S;
	(void)pthread_timedjoin_np(thread, NULL, &end);
}

static void add_locked(int fd)
{
	if (fd >= 0)
		(void)fdset_add(&waiting, fd); /* closes it if it cannot be kept */
}

void discard_fd(int fd)
{
	if (fd < 0)
		return;
	pthread_mutex_lock(&lock);
	add_locked(fd);
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

void discard_fdset(struct fdset *set)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < set->n; i++)
		add_locked(fdset_take(set, i));
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	fdset_done(set);
}

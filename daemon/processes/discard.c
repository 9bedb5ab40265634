/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that close. See discard.h.
 *
 *   discard_fd() --list--> thread --numbers in a pipe--> closers
 *
 * A closer is no thread, for a thread in a close that hangs would keep the whole daemon from ending (the
 * kernel waits, and SIGKILL does not help). It is a process that shares the daemon's table of descriptors
 * (CLONE_FILES): it can close what is in there, and as long as one hangs, the end of the daemon closes
 * nothing, and so cannot hang. The thread never closes anything: it looks whether the closers get on.
 *
 * A closer is a fork of a process with threads: it uses system calls only.
 */
#include "processes/discard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/cleanup.h"
#include "service/log.h"

#define STOP_MS     2000
#define HANG_MS     1000 /* without any descriptor closed: another closer is made */
#define TICK_MS     200  /* how often that is looked at, while anything waits */
#define MAX_CLOSERS 8
#define NUMBERS     (PIPE_BUF / sizeof(int)) /* that are written as a whole or not at all */

/* ---- what is to be closed; under the lock ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct fdset waiting;
static bool stopping;

/* ---- the thread's own ---- */

static pthread_t thread;
static sem_t started;
static struct {
	atomic_ulong *closed;    /* owned; shared with closers: how many they have closed */
	unsigned long given;     /* how many they were given */
	int todo[2];             /* owned; the pipe */
	int pidfds[MAX_CLOSERS]; /* owned; of closers */
	size_t n;
	struct fdset taken; /* what they will be given next */
	size_t next;        /* in taken */
	unsigned long seen; /* closed, when it was looked at last; since then */
	uint64_t since_ms;
} closers;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- a closer ---- */

static _Noreturn void close_all(pid_t parent)
{
	int fd;

	/* The thread's end is the daemon's. Its own end of the pipe it would never see: the pipe is in its table. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, "fdbroker-closer");
	if (getppid() != parent)
		_exit(0);
	while (read(closers.todo[0], &fd, sizeof(fd)) == sizeof(fd)) {
		(void)close(fd);
		atomic_fetch_add(closers.closed, 1);
	}
	_exit(0);
}

static int add_closer(void)
{
	pid_t parent = getpid(), pid;
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_FILES | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	/* All signals are blocked in this thread, and so in the closer: no handler of the loop runs there. */
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		close_all(parent);
	if (pid < 0)
		return -errno;
	closers.pidfds[closers.n++] = pidfd;
	return 0;
}

/* ---- the thread ---- */

static void drop_dead(void)
{
	for (size_t i = closers.n; i-- > 0;) {
		if (pidfd_send_signal(closers.pidfds[i], 0, NULL, 0) == 0)
			continue;
		cleanup_fd(&closers.pidfds[i]);
		closers.pidfds[i] = closers.pidfds[--closers.n];
	}
}

static bool are_unread(void)
{
	int bytes = 0;

	return closers.next < closers.taken.n ||
	       (ioctl(closers.todo[0], FIONREAD, &bytes) == 0 && bytes > 0);
}

/* One more if those there are do not get on. */
static void look_after_closers(void)
{
	unsigned long closed = atomic_load(closers.closed);

	if (closed != closers.seen || !are_unread()) {
		closers.seen = closed;
		closers.since_ms = now_ms();
		return;
	}
	if (now_ms() - closers.since_ms < HANG_MS)
		return;
	closers.since_ms = now_ms();
	drop_dead();
	/* The only one may have been killed by somebody: then nothing hangs. */
	if (closers.n == MAX_CLOSERS || add_closer() < 0 || closers.n == 1)
		return;
	log_line(LOG_WARNING, NULL,
		"closing what a client has lent takes more than %d ms: its file system does not answer (%zu of at most %d processes hang in that)",
		HANG_MS, closers.n - 1, MAX_CLOSERS);
}

/* As much as the pipe holds. */
static void give(void)
{
	struct fdset *taken = &closers.taken;

	while (closers.next < taken->n) {
		size_t n = taken->n - closers.next;

		if (n > NUMBERS)
			n = NUMBERS;
		if (write(closers.todo[1], taken->fds + closers.next, n * sizeof(int)) < 0)
			return; /* it is full */
		for (size_t i = 0; i < n; i++)
			(void)fdset_take(taken, closers.next + i); /* theirs now */
		closers.next += n;
		closers.given += n;
	}
	fdset_done(taken);
	closers.next = 0;
}

/* When none hangs any more one is enough. What is not in a close may be killed. */
static void end_surplus(void)
{
	if (closers.given != atomic_load(closers.closed))
		return;
	while (closers.n > 1) {
		(void)pidfd_send_signal(closers.pidfds[--closers.n], SIGKILL, NULL, 0);
		cleanup_fd(&closers.pidfds[closers.n]);
	}
}

/* Waits, under the lock, until there is something to do. */
static void wait_for_more(void)
{
	bool full = closers.taken.n > 0; /* then no more can be taken */
	struct timespec end;

	if (!full && !are_unread() && closers.n == 1) {
		while (waiting.n == 0 && !stopping)
			pthread_cond_wait(&more, &lock);
		closers.since_ms = now_ms();
		return;
	}
	if (stopping || (waiting.n && !full))
		return;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += TICK_MS * 1000000;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	(void)pthread_cond_clockwait(&more, &lock, CLOCK_MONOTONIC, &end);
}

/* Return: false: all is done, or its time is over, and the thread shall end. */
static bool next_batch(uint64_t *stop_at_ms)
{
	bool all, end;

	pthread_mutex_lock(&lock);
	wait_for_more();
	if (closers.taken.n == 0) {
		closers.taken = waiting;
		waiting = (struct fdset){ 0 };
	}
	all = waiting.n == 0 && closers.taken.n == 0;
	end = stopping;
	pthread_mutex_unlock(&lock);
	if (!end)
		return true;
	if (!*stop_at_ms)
		*stop_at_ms = now_ms() + STOP_MS;
	return now_ms() < *stop_at_ms && !(all && closers.given == atomic_load(closers.closed));
}

static void *look_after_all(void *none)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	uint64_t stop_at_ms = 0;

	(void)none;
	(void)add_closer(); /* if it fails, look_after_closers() tries again */
	(void)sem_post(&started);
	while (next_batch(&stop_at_ms)) {
		give();
		look_after_closers();
		end_surplus();
		if (stop_at_ms)
			nanosleep(&moment, NULL);
	}
	return NULL;
}

/* ---- the loop's side ---- */

int discard_start(void)
{
	sigset_t all, before;
	int r;

	closers.closed = mmap(NULL, sizeof(*closers.closed), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (closers.closed == MAP_FAILED || pipe2(closers.todo, O_CLOEXEC) < 0 ||
		fcntl(closers.todo[1], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	stopping = false;
	(void)sem_init(&started, 0, 0);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, NULL, look_after_all, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	/* From here on the daemon has all the descriptors that it has for this. */
	while (r == 0 && sem_wait(&started) < 0)
		;
	return -r;
}

void discard_stop(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	/* Its end is that of the closers. One that hangs keeps the table, and so the daemon from hanging. */
	(void)pthread_join(thread, NULL);
	while (closers.n)
		cleanup_fd(&closers.pidfds[--closers.n]);
	cleanup_fd(&closers.todo[0]);
	cleanup_fd(&closers.todo[1]);
	closers.given = closers.seen = 0;
	(void)munmap(closers.closed, sizeof(*closers.closed));
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One question, asked in order: start a child that stops, set the breakpoint (1), let it run, look why
 * it stops next (2), end it (3).
 *
 * Lives here: the answer for the machine. Not here: what is done with it (main.c, tests/rig/criu-env).
 *
 * Which architectures: CRIU's ptrace_set_breakpoint() (compel/arch/<arch>/src/lib/infect.c, and
 * .../include/uapi/asm/breakpoints.h, of 4.1.1) works on x86 and aarch64 and is empty on arm, loongarch64,
 * mips, ppc64, riscv64 and s390, where compel_stop_pie() goes by system calls instead. CRIU 4.2 asks the
 * machine by itself (kerndat_breakpoints() in criu/kerndat.c).
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker/breakpoints.h"

#ifdef __x86_64__

#define POLL_US      200
#define MAX_POLLS    10000 /* some two seconds */
#define TRACED_EXIT  0     /* the child ran through to its end */
#define REFUSED_EXIT 1     /* it was not allowed to be traced */

/* Where the breakpoint is. Must exist as a function, and be entered by a call. */
static void __attribute__((noinline, noclone)) landing(void)
{
	__asm__ volatile("" ::: "memory");
}

static void __attribute__((noreturn)) child(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(REFUSED_EXIT);
	raise(SIGSTOP);
	landing();
	_exit(TRACED_EXIT);
}

/*
 * Polled: a pidfd tells of the end of a process but not of its stops, and SIGCHLD belongs to the caller's
 * other children as well. Counted, not timed: while a machine is frozen its clock goes on.
 * @polls: how many are left. Return: 0 with *ret_status, or -errno.
 */
static int next_status(pid_t pid, int *polls, int *ret_status)
{
	const struct timespec pause = { .tv_nsec = POLL_US * 1000 };

	while ((*polls)-- > 0) {
		pid_t got = waitpid(pid, ret_status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

/* A breakpoint on execution is 0 in all its bits of DR7 but the one that enables it (criu does the same). */
static int set_breakpoint(pid_t pid, void (*where)(void))
{
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[0]), where) < 0)
		return -errno;
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), (void *)1) < 0)
		return -errno;
	return 0;
}

static int watch(pid_t pid)
{
	int polls = MAX_POLLS, status, r;

	r = next_status(pid, &polls, &status);
	if (r < 0)
		return r;
	if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED_EXIT)
		return -EPERM;
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP)
		return -EPROTO;

	/* 1. Where they cannot even be set, criu fails unless it is told to go without. */
	if (set_breakpoint(pid, landing) < 0)
		return 0;
	if (ptrace(PTRACE_CONT, pid, NULL, NULL) < 0)
		return -errno;

	/* 2. */
	r = next_status(pid, &polls, &status);
	if (r < 0)
		return r;
	if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP)
		return 1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == TRACED_EXIT)
		return 0;
	return -EPROTO;
}

/* 3. Unless it has ended and was reaped above: then the pid is not ours any more. */
static void end(pid_t pid)
{
	siginfo_t info;
	int status;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		; /* a stop that nobody has asked about yet */
}

int breakpoints_fire(void)
{
	sigset_t all, saved;
	pid_t pid;
	int r;

	/* For the child: a signal for the whole group must not run the caller's handlers in it. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	pid = fork();
	if (pid == 0)
		child();
	r = pid < 0 ? -errno : watch(pid);
	if (pid > 0)
		end(pid);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return r;
}

#elif defined(__aarch64__)

int breakpoints_fire(void)
{
	return -ENOTSUP;
}

#else

int breakpoints_fire(void)
{
	return 1;
}

#endif

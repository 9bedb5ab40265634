/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fork and exec. See spawn.h. child() and what it calls run between the two in a copy of a process
 * that may have threads: only async-signal-safe calls, no allocation, no log.
 */
#include "spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

static _Noreturn void fail(struct spawn_report *report, enum spawn_stage stage)
{
	report->sys = errno;
	report->stage = stage;
	_exit(127);
}

static void reset_signals(void)
{
	static const uint64_t
		dfl[8]; /* the kernel's struct sigaction, zeroed: SIG_DFL, no flags, no mask */
	sigset_t none;

	/*
	 * By the system call: libc refuses to touch signals 32 and 33, which it uses itself, and whoever
	 * started us may have left them ignored. KILL and STOP are refused, as they should be.
	 */
	for (int sig = 1; sig < _NSIG; sig++)
		(void)syscall(SYS_rt_sigaction, sig, dfl, NULL, sizeof(uint64_t));
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int raise_nofile(void)
{
	struct rlimit nofile;

	if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return -1;
	nofile.rlim_cur = nofile.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &nofile);
}

/* The only place of the project that makes descriptors inheritable. */
static int apply(const struct place_plan *plan)
{
	unsigned next = 0;

	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct place_step *step = &plan->steps[i];
		int r = step->from == step->to ? fcntl(step->to, F_SETFD, 0)
					       : dup2(step->from, step->to);

		if (r < 0)
			return -1;
	}
	for (size_t i = 0; i < plan->n_keep; i++) {
		unsigned keep = (unsigned)plan->keep[i];

		if (keep > next && close_range(next, keep - 1, 0) < 0)
			return -1;
		next = keep + 1;
	}
	return close_range(next, ~0U, 0);
}

static _Noreturn void child(
	const struct spawn_spec *spec, const struct place_plan *plan, struct spawn_report *report)
{
	reset_signals();
	(void)setsid();
	(void)umask(022);
	if (fchdir(spec->cwd) < 0)
		fail(report, SPAWN_CWD);
	if (spec->images >= 0 && faccessat(spec->images, "inventory.img", R_OK, AT_EACCESS) < 0)
		fail(report, SPAWN_IMAGES);
	if (raise_nofile() < 0)
		fail(report, SPAWN_LIMITS);
	if (apply(plan) < 0)
		fail(report, SPAWN_PLACE);
	execve(spec->path, spec->argv, spec->envp);
	fail(report, SPAWN_EXEC);
}

static pid_t clone_into(int cgroup, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
	};
	/* No wrapper in glibc; without CLONE_VM it returns twice as fork() does. */
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid > 0)
		*ret_pidfd = pidfd;
	return pid;
}

static int place(const struct spawn_spec *spec, struct place_plan *ret, struct err *err)
{
	struct rlimit nofile;
	int r;

	if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
		return err_set(err, ERR_INTERNAL, errno, NULL, "cannot read RLIMIT_NOFILE");
	r = place_make(spec->wants, spec->n_wants,
		nofile.rlim_max > INT32_MAX ? INT32_MAX : (int)nofile.rlim_max, ret);
	if (r < 0)
		return err_set(
			err, ERR_INTERNAL, -r, NULL, "cannot place %zu descriptors", spec->n_wants);
	return 0;
}

int spawn_start(const struct spawn_spec *spec, struct spawned *ret, struct err *err)
{
	struct place_plan plan = { 0 };
	struct spawn_report *report;
	sigset_t all, before;
	int pidfd = -1, saved;
	pid_t pid;

	if (place(spec, &plan, err) < 0)
		return -1;
	report = mmap(
		NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED) {
		place_done(&plan);
		return err_set(err, ERR_INTERNAL, errno, NULL, "no memory to start a program");
	}
	/* Blocked until the child has reset its handlers: none of ours may run in it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone_into(spec->cgroup, &pidfd);
	if (pid == 0)
		child(spec, &plan, report);
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	place_done(&plan);
	if (pid < 0) {
		spawn_report_free(report);
		return err_set(err, ERR_INTERNAL, saved, NULL, "cannot fork");
	}
	*ret = (struct spawned){ .pid = pid, .pidfd = pidfd, .report = report };
	return 0;
}

void spawn_report_free(struct spawn_report *report)
{
	if (report)
		(void)munmap(report, sizeof(*report));
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making one call of a broker fail. See inject.h. */
#include "inject.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tools/failing-malloc.h"

/* What a call may fail with; the first is the likeliest. */
static const struct inject_errors may_fail[] = {
	{ "accept4", { "EMFILE", "ENOMEM", "ECONNABORTED" } },
	{ "brk", { "ENOMEM" } },
	{ "clone", { "EAGAIN", "ENOMEM" } },
	{ "clone3", { "EAGAIN", "ENOMEM" } },
	{ "connect", { "ECONNREFUSED" } },
	{ "dup", { "EMFILE" } },
	{ "epoll_ctl", { "ENOMEM", "ENOSPC" } },
	{ "epoll_pwait2", { "EINTR" } },
	{ "epoll_wait", { "EINTR" } },
	{ "faccessat2", { "EIO", "ENOMEM" } },
	{ "fchmod", { "EIO", "ENOSPC" } },
	{ "fcntl", { "EMFILE", "ENOMEM" } },
	{ "fstat", { "EIO", "ENOMEM" } },
	{ "fstatfs", { "EIO", "ENOMEM" } },
	{ "fsync", { "EIO", "ENOSPC" } },
	{ "ftruncate", { "ENOSPC", "EIO" } },
	{ "getdents64", { "EIO", "ENOMEM" } },
	{ "getrandom", { "EINTR", "EAGAIN" } },
	{ "getsockopt", { "ENOMEM", "EINVAL" } },
	{ "lseek", { "EINVAL" } },
	{ "memfd_create", { "EMFILE", "ENOMEM" } },
	{ "mkdirat", { "ENOSPC", "EIO" } },
	{ "mmap", { "ENOMEM" } },
	{ "mprotect", { "ENOMEM" } },
	{ "mremap", { "ENOMEM" } },
	{ "newfstatat", { "EIO", "ENOMEM" } },
	{ "openat", { "EMFILE", "ENOMEM", "EIO" } },
	{ "pidfd_open", { "EMFILE", "ENOMEM" } },
	{ "poll", { "EINTR", "ENOMEM" } },
	{ "pread64", { "EIO", "EINTR" } },
	{ "prlimit64", { "EPERM" } },
	{ "read", { "EIO", "EINTR" } },
	{ "readlink", { "EIO", "ENOMEM" } },
	{ "recvfrom", { "EINTR", "ENOMEM" } },
	{ "recvmsg", { "ENOMEM", "EINTR" } },
	{ "renameat", { "ENOSPC", "EIO" } },
	{ "renameat2", { "ENOSPC", "EIO" } },
	{ "sendfile", { "EIO", "ENOSPC" } },
	{ "sendmsg", { "ENOBUFS", "EINTR", "EPIPE" } },
	{ "sendto", { "ENOBUFS", "EINTR", "EPIPE" } },
	{ "setsockopt", { "ENOMEM" } },
	{ "socketpair", { "EMFILE", "ENFILE" } },
	{ "statx", { "EIO", "ENOMEM" } },
	{ "unlinkat", { "EIO", "EBUSY" } },
	{ "wait4", { "EINTR" } },
	{ "waitid", { "EINTR" } },
	{ "write", { "ENOSPC", "EINTR", "EIO" } },
};

/*
 * strace makes a call fail by not making it. Where the kernel does not refuse, or does its work all the same
 * (close), that would be the test's leak and no fault. futex: waking up cannot fail, and libc ends a process where
 * it seems to.
 */
static const char *const never[] = { "clock_gettime", "close", "close_range", "exit", "exit_group",
	"futex", "getegid", "geteuid", "getgid", "getpid", "getppid", "getresuid", "gettid",
	"getuid", "kill", "madvise", "munmap", "pidfd_send_signal", "restart_syscall", "rseq",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "set_robust_list",
	"shutdown", "tgkill", "umask" };

static bool is_in(const char *const *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

/* AddressSanitizer ends a program that gets no memory from the kernel. */
static bool is_its_memory(const char *name)
{
#ifdef __SANITIZE_ADDRESS__
	static const char *const list[] = { "brk", "mmap", "mprotect", "mremap" };

	return is_in(list, sizeof(list) / sizeof(list[0]), name);
#else
	(void)name;
	return false;
#endif
}

const struct inject_errors *inject_errors_of(const char *name)
{
	if (is_its_memory(name))
		return NULL;
	for (size_t i = 0; i < sizeof(may_fail) / sizeof(may_fail[0]); i++)
		if (!strcmp(may_fail[i].name, name))
			return &may_fail[i];
	if (!is_in(never, sizeof(never) / sizeof(never[0]), name))
		fail_msg("it is not known with what %s may fail: see may_fail[]", name);
	return NULL;
}

/* ---- system calls ---- */

static bool is_traced(pid_t pid)
{
	char path[64], line[128];
	int tracer = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (f)
		fclose(f);
	return tracer != 0;
}

pid_t inject_trace(const struct broker *b, const struct point *p, const char *log)
{
	char target[16], inject[96];
	pid_t pid;

	snprintf(target, sizeof(target), "%d", b->pid);
	if (p)
		snprintf(inject, sizeof(inject), "inject=%s:error=%s:when=%u", p->call, p->error,
			p->when);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execlp("strace", "strace", "-qq", "-o", log, "-p", target, p ? "-e" : NULL, inject,
			(char *)NULL);
		_exit(127);
	}
	for (int i = 0; !is_traced(b->pid) && i < 2000; i++)
		usleep(1000);
	return pid;
}

void inject_trace_end(pid_t pid)
{
	(void)kill(pid, SIGINT);
	(void)waitpid(pid, NULL, 0);
}

enum injected inject_done(const char *log)
{
	enum injected how = NOT_REACHED;
	autofree char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(log, "re");

	while (f && how == NOT_REACHED && getline(&line, &size, f) > 0)
		if (strstr(line, "(INJECTED)"))
			how = !strncmp(line, "read(", 5) && strstr(line, ", 1024) ") ? LOOP
										     : INJECTED;
	if (f)
		fclose(f);
	return how;
}

/* ---- allocations ---- */

static struct failing_malloc *failing;

void inject_malloc_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, sizeof(*failing)), 0);
	failing = mmap(NULL, sizeof(*failing), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(failing != MAP_FAILED);
	close(fd);
	assert_int_equal(setenv("FDB_MALLOC_FILE", path, 1), 0);
}

void inject_malloc(unsigned when)
{
	atomic_store(&failing->count, 0);
	atomic_store(&failing->fail_at, when);
}

unsigned long inject_malloc_count(void)
{
	return atomic_load(&failing->count);
}

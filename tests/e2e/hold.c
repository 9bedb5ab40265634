/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process held at one exact moment. See hold.h; facts: ptrace(2). */
#include "hold.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../unit/fixture.h"
#include "base/err.h"
#include "worker/swrk.h"

#define WAIT_MS 20000
#define IS_CALL (SIGTRAP | 0x80) /* PTRACE_O_TRACESYSGOOD */

/* Of the system call that was entered. */
struct call {
	uint64_t args[6];
};

static void read_memory(pid_t pid, uint64_t from, void *to, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)(uintptr_t)from, size };

	assert_int_equal(process_vm_readv(pid, &local, 1, &remote, 1, 0), (ssize_t)size);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Return: 1: its status has changed, and is in *status; 0: not in time; -1: it is no longer ours to wait for. */
static int await_for(pid_t pid, unsigned ms, int *status)
{
	uint64_t end = now_ms() + ms;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (now_ms() <= end) {
		pid_t r = waitpid(pid, status, __WALL | WNOHANG);

		if (r != 0)
			return r == pid ? 1 : -1;
		/* Blocked by whoever uses us, so that none is lost between the two. */
		(void)sigtimedwait(&child, NULL, &(struct timespec){ .tv_nsec = 5000000 });
	}
	return 0;
}

static bool await(pid_t pid, int *status)
{
	int r = await_for(pid, WAIT_MS, status);

	if (r == 0)
		fail_msg("%d neither stops nor ends", pid);
	return r > 0;
}

static bool has_ended(struct hold *h, int status)
{
	if (!WIFEXITED(status) && !WIFSIGNALED(status))
		return false;
	h->pid = 0;
	return true;
}

/* ---- what criu says ---- */

/* criu duplicates its socket: what counts is what a number stands for. */
static bool name_file(pid_t pid, int fd, char *ret, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	n = readlink(path, ret, size - 1);
	ret[n < 0 ? 0 : n] = 0;
	return n > 0;
}

static bool is_rpc(const struct hold *h, int fd)
{
	char name[sizeof(h->rpc)];

	return h->rpc[0] && name_file(h->pid, fd, name, sizeof(name)) && !strcmp(name, h->rpc);
}

static void parse(struct hold *h, const uint8_t *bytes, size_t size)
{
	struct swrk_reply reply;
	struct err err;

	if (swrk_parse(bytes, size, &reply, &err) < 0)
		return;
	snprintf(h->says, sizeof(h->says), "%s",
		reply.kind == SWRK_NOTIFICATION ? reply.script : "reply");
}

static void look_at_sending(struct hold *h, const struct call *c)
{
	struct iovec iov = { (void *)(uintptr_t)c->args[1], c->args[2] };
	uint8_t bytes[4096];
	struct msghdr msg;

	if (h->call == SYS_sendmsg) {
		read_memory(h->pid, c->args[1], &msg, sizeof(msg));
		read_memory(h->pid, (uint64_t)(uintptr_t)msg.msg_iov, &iov, sizeof(iov));
	}
	if (iov.iov_len > sizeof(bytes))
		return;
	read_memory(h->pid, (uint64_t)(uintptr_t)iov.iov_base, bytes, iov.iov_len);
	parse(h, bytes, iov.iov_len);
}

static bool sends(long call)
{
	return call == SYS_sendmsg || call == SYS_sendto || call == SYS_write;
}

static bool receives(long call)
{
	return call == SYS_recvmsg || call == SYS_recvfrom || call == SYS_read;
}

/* ---- system calls ---- */

static bool is_fsopen(const struct hold *h, const struct call *c, const char *wanted)
{
	char name[16];

	if (!wanted || h->call != SYS_fsopen)
		return false;
	read_memory(h->pid, c->args[0], name, strlen(wanted) + 1);
	return strcmp(name, wanted) == 0;
}

/* Return: this is the moment. */
static bool enters(struct hold *h, const struct call *c, const struct moment *m)
{
	bool to_broker = (sends(h->call) || receives(h->call)) && is_rpc(h, (int)c->args[0]);
	uint64_t flags = h->call == SYS_recvmsg ? c->args[2] : c->args[3];

	h->says[0] = 0;
	h->peeks = h->call != SYS_read && (flags & MSG_PEEK);
	if (to_broker && sends(h->call))
		look_at_sending(h, c);
	if (!to_broker || !receives(h->call))
		h->peeks = true; /* reads nothing of the broker's */
	return is_fsopen(h, c, m->opens_fs);
}

static bool returns(struct hold *h, int64_t result, const struct moment *m)
{
	bool here = m->said && strcmp(h->said, m->said) == 0;

	h->calls++;
	if (h->says[0] && result > 0) {
		memcpy(h->said, h->says, sizeof(h->said));
		here = m->said && strcmp(h->said, m->said) == 0;
		return (here && !m->answered) || (m->calls && h->calls >= m->calls);
	}
	return (here && m->answered && !h->peeks && result > 0) ||
	       (m->calls && h->calls >= m->calls);
}

/* Stopped at one end of a system call. */
static bool is_moment(struct hold *h, const struct moment *m)
{
	struct __ptrace_syscall_info info;
	struct call c;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, h->pid, sizeof(info), &info) < 0)
		return false; /* killed meanwhile: waiting for it will tell */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		h->entered = true;
		h->call = (long)info.entry.nr;
		memcpy(c.args, info.entry.args, sizeof(c.args));
		return enters(h, &c, m);
	}
	if (info.op != PTRACE_SYSCALL_INFO_EXIT || !h->entered)
		return false;
	h->entered = false;
	return returns(h, info.exit.rval, m);
}

bool hold_until(struct hold *h, const struct moment *moment)
{
	long deliver = 0;
	int status, r;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, h->pid, 0, deliver) < 0)
			assert_int_equal(errno, ESRCH);
		r = await_for(h->pid, moment->idle_ms ?: WAIT_MS, &status);
		if (r == 0 && moment->idle_ms)
			return true;
		assert_true(r != 0); /* else it neither stops nor ends */
		if (r < 0)
			h->pid = 0;
		if (h->pid == 0 || has_ended(h, status))
			return false;
		deliver = 0;
		if (WSTOPSIG(status) == IS_CALL) {
			if (is_moment(h, moment))
				return true;
		} else if (status >> 16 == 0) {
			deliver = WSTOPSIG(status);
		} /* else stopped as a whole, before we came: on */
	}
}

void hold_spoil_fsopen(struct hold *h)
{
	struct __ptrace_syscall_info info;
	uint64_t at;
	long word;

	assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, h->pid, sizeof(info), &info) > 0);
	at = info.entry.args[0];
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, h->pid, at, 0);
	assert_int_equal(errno, 0);
	((char *)&word)[0] = '-';
	assert_int_equal(ptrace(PTRACE_POKEDATA, h->pid, at, word), 0);
}

/* ---- the beginning and the end ---- */

void hold_take(struct hold *h, pid_t pid, int rpc)
{
	int status;

	*h = (struct hold){ .pid = pid };
	if (rpc >= 0)
		assert_true(name_file(pid, rpc, h->rpc, sizeof(h->rpc)));
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD), 0);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, pid, 0, 0), 0);
	assert_true(await(pid, &status));
	assert_true(WIFSTOPPED(status));
	assert_int_equal(kill(pid, SIGCONT), 0);
}

void hold_poll(struct hold *h)
{
	int status;

	if (h->pid && waitpid(h->pid, &status, __WALL | WNOHANG) == h->pid)
		(void)has_ended(h, status);
}

static void await_end(struct hold *h)
{
	int status;

	while (h->pid)
		if (!await(h->pid, &status) || has_ended(h, status))
			h->pid = 0;
}

void hold_release(struct hold *h, bool stopped)
{
	if (!h->pid)
		return;
	if (stopped)
		(void)kill(h->pid, SIGSTOP);
	if (ptrace(PTRACE_DETACH, h->pid, 0, 0) < 0)
		await_end(h); /* it was killed */
	h->pid = 0;
}

void hold_kill(struct hold *h)
{
	if (h->pid)
		(void)kill(h->pid, SIGKILL);
	await_end(h);
}

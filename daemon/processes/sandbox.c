/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Giving up privilege. See sandbox.h; the filter is made by libseccomp, which knows the calls of each machine. */
#include "processes/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TMPFILE 020000000 /* __O_TMPFILE of asm-generic/fcntl.h; O_TMPFILE has O_DIRECTORY in it */

/* Without conditions. */
static const int calls[] = {
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	/* reading */
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(lseek),
	SCMP_SYS(getdents64),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64),
	SCMP_SYS(statx),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(close),
	/* what is handed back: memfds, and descriptors of its own */
	SCMP_SYS(memfd_create),
	SCMP_SYS(ftruncate),
	SCMP_SYS(write),
	SCMP_SYS(fcntl),
	/* the socket to the daemon, the only one */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	/* of the C library: time without a vdso, locks, abort() */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(getrandom),
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef __SANITIZE_ADDRESS__ /* looks after its own memory, and reports */
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(sched_yield),
	SCMP_SYS(readlink),
	SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
#endif
};

struct condition {
	int call;
	struct scmp_arg_cmp arg;
};

/* Made once: it takes a quarter of a millisecond. */
static struct sock_filter code[1024];
static unsigned short n_code; /* 0: not made yet */

static int allow(scmp_filter_ctx filter)
{
	const struct condition conditions[] = {
		/* no code can be brought in */
		{ SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
		{ SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
		{ SCMP_SYS(openat), SCMP_A2(SCMP_CMP_MASKED_EQ,
					    O_ACCMODE | O_CREAT | O_TRUNC | TMPFILE, O_RDONLY) },
		{ SCMP_SYS(kill), SCMP_A1(SCMP_CMP_EQ, 0) },
		{ SCMP_SYS(tgkill), SCMP_A2(SCMP_CMP_EQ, SIGABRT) },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; r == 0 && i < sizeof(conditions) / sizeof(conditions[0]); i++)
		r = seccomp_rule_add_array(
			filter, SCMP_ACT_ALLOW, conditions[i].call, 1, &conditions[i].arg);
	return r;
}

/* The filter as the kernel takes it. */
static int compile(int file)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!filter)
		return -ENOMEM;
	/* Calls of another machine (32 bits) too; a tree of comparisons, for the list is long. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = allow(filter);
	if (r == 0)
		r = seccomp_export_bpf(filter, file);
	seccomp_release(filter);
	return r;
}

int sandbox_prepare(void)
{
	autofd int file = memfd_create("filter", MFD_CLOEXEC);
	int r = file < 0 ? -errno : compile(file);
	ssize_t n;

	if (r < 0)
		return r;
	n = pread(file, code, sizeof(code), 0);
	if (n <= 0 || n == sizeof(code))
		return -E2BIG;
	n_code = (unsigned short)((size_t)n / sizeof(code[0]));
	return 0;
}

static int filter_calls(void)
{
	int r = n_code ? 0 : sandbox_prepare();
	const struct sock_fprog program = { n_code, code };

	if (r == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		r = -errno;
	return r;
}

/* Keeps those of @keep, a mask of the first 32, that there are. */
static int drop_capabilities(uint32_t keep)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	data[0].permitted &= keep;
	data[0].effective = data[0].permitted;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){ 0 };
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static int gain_nothing(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
		       ? -errno
		       : 0;
}

int sandbox_enter(const struct credentials *as, struct err *err)
{
	int r = as ? credentials_become(as, 0) : drop_capabilities(1u << CAP_DAC_READ_SEARCH);

	if (r == 0)
		r = gain_nothing();
	if (r == 0)
		r = filter_calls();
	return r < 0 ? err_set(err, ERR_INTERNAL, -r, NULL,
			       "a child that reads images cannot give up its privileges")
		     : 0;
}

int sandbox_mounter(struct err *err)
{
	int r = drop_capabilities(1u << CAP_SYS_ADMIN | 1u << CAP_DAC_READ_SEARCH);

	if (r == 0)
		r = gain_nothing();
	return r < 0 ? err_set(err, ERR_INTERNAL, -r, NULL,
			       "a child that mounts cannot give up its privileges")
		     : 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a child can and cannot do once it has given up its privileges. */
#include "processes/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fixture.h"

/* A directory of its own, for what is to be read. */
static char name[] = "/tmp/test_sandbox.XXXXXX";
static int dir;

struct deed {
	const char *name;
	bool (*run)(void); /* false: it did not work */
	bool allowed;
};

static bool reads(void)
{
	char text[8] = "";
	int fd = openat(dir, "file", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && read(fd, text, sizeof(text)) == 5 && !close(fd);
}

static bool makes_a_memfd(void)
{
	int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	return fd >= 0 && ftruncate(fd, 100) == 0 && write(fd, "x", 1) == 1 &&
	       fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0;
}

static bool allocates(void)
{
	void *small = malloc(100), *big = malloc(40 << 20);
	bool good = small && big;

	free(small);
	free(big);
	return good;
}

static bool asks_for_a_pid(void)
{
	return kill(1, 0) == 0 || errno == EPERM;
}

static bool looks_at_proc(void)
{
	char text[64];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, text, sizeof(text)) > 0;
}

static bool opens_for_writing(void)
{
	return openat(dir, "file", O_WRONLY) >= 0;
}

static bool opens_for_both(void)
{
	return openat(dir, "file", O_RDWR) >= 0;
}

static bool makes_a_file(void)
{
	return openat(dir, "new", O_RDONLY | O_CREAT, 0600) >= 0;
}

static bool truncates(void)
{
	return openat(dir, "file", O_RDONLY | O_TRUNC) >= 0;
}

static bool makes_a_nameless_file(void)
{
	return openat(dir, ".", O_TMPFILE | O_RDWR, 0600) >= 0;
}

static bool opens_by_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };

	return syscall(SYS_openat2, dir, "file", &how, sizeof(how)) >= 0;
}

static bool unlinks(void)
{
	return unlinkat(dir, "file", 0) == 0;
}

static bool makes_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool forks(void)
{
	return fork() >= 0;
}

static bool executes(void)
{
	return execl("/bin/true", "true", NULL) == 0;
}

static bool kills(void)
{
	return kill(getpid(), SIGUSR1) == 0;
}

static bool brings_in_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

static bool traces(void)
{
	return syscall(SYS_ptrace, 0, 0, 0, 0) == 0;
}

static bool aborts(void)
{
	abort();
}

static int in_sandbox_as(const struct credentials *as, bool (*run)(void))
{
	pid_t pid = fork();
	struct err err;
	int status;

	if (pid == 0)
		_exit(sandbox_enter(as, &err) < 0 ? 2 : !run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int in_sandbox(bool (*run)(void))
{
	return in_sandbox_as(NULL, run);
}

static void does(void **state)
{
	const struct deed *d = *state;
	int status = in_sandbox(d->run);

	if (d->allowed)
		assert_int_equal(status, 0);
	else
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static void says_that_it_aborts(void **state)
{
	int status = in_sandbox(aborts);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static bool has_given_up(void)
{
	char text[4096] = "";
	unsigned long permitted = 0, effective = 0, inheritable = 1;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	const char *at;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	close(fd);
	at = strstr(text, "CapInh:");
	/* 4: CAP_DAC_READ_SEARCH */
	return at &&
	       sscanf(at, "CapInh: %lx CapPrm: %lx CapEff: %lx", &inheritable, &permitted,
		       &effective) == 3 &&
	       inheritable == 0 && (permitted & ~4ul) == 0 && effective == permitted &&
	       strstr(text, "NoNewPrivs:\t1") && strstr(text, "Seccomp:\t2");
}

/* A filter that was made before the fork does the same. */
static void is_prepared(void **state)
{
	(void)state;
	assert_int_equal(sandbox_prepare(), 0);
	assert_int_equal(in_sandbox(has_given_up), 0);
	assert_int_equal(in_sandbox(reads), 0);
	assert_true(WIFSIGNALED(in_sandbox(makes_a_socket)));
}

static void gives_up(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(has_given_up), 0);
}

static bool is_the_user(void)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !close(fd) &&
	       strstr(text, "Uid:\t4242\t4242\t4242\t4242\n") &&
	       strstr(text, "Gid:\t4243\t4243\t4243\t4243\n") && strstr(text, "Groups:\t10 \n") &&
	       strstr(text, "CapPrm:\t0000000000000000\n") && strstr(text, "Seccomp:\t2");
}

static bool cannot_read(void)
{
	return openat(dir, "file", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES;
}

/* Who may not read the file does not get to see it here. */
static void reads_as_a_user(void **state)
{
	gid_t group = 10;
	const struct credentials user = { 4242, 4243, &group, 1 };

	(void)state;
	if (geteuid() != 0) {
		print_message("root is needed to become another user\n");
		skip();
	}
	assert_int_equal(in_sandbox(reads), 0);
	assert_int_equal(in_sandbox_as(&user, is_the_user), 0);
	assert_int_equal(in_sandbox_as(&user, cannot_read), 0);
	assert_true(WIFSIGNALED(in_sandbox_as(&user, makes_a_socket)));
}

/* In a child. The machine where the tests run may have less. */
static bool is_a_mounter(void)
{
	unsigned long permitted = ~0ul, inheritable = ~0ul;
	char text[4096] = "";
	const char *capabilities;
	struct err err;
	autofd int fd = -1;

	if (sandbox_mounter(&err) < 0)
		return false;
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	capabilities = strstr(text, "CapInh:");
	return capabilities &&
	       sscanf(capabilities, "CapInh: %lx CapPrm: %lx", &inheritable, &permitted) == 2 &&
	       inheritable == 0 && (permitted & ~(1ul << 21 | 1ul << 2)) == 0 &&
	       strstr(text, "NoNewPrivs:\t1") && prctl(PR_GET_DUMPABLE) == 0 &&
	       fchown(dir, 1, 1) < 0;
}

static void mounts_and_no_more(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(is_a_mounter() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int setup(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(name))
		return -1;
	dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(dir, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "bytes", 5) != 5)
		return -1;
	close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlinkat(dir, "file", 0);
	close(dir);
	return rmdir(name);
}

int main(void)
{
	static const struct deed deeds[] = {
		{ "reads", reads, true },
		{ "makes a memfd", makes_a_memfd, true },
		{ "allocates", allocates, true },
		{ "asks whether there is a pid", asks_for_a_pid, true },
		{ "looks at /proc", looks_at_proc, true },
		{ "opens for writing", opens_for_writing, false },
		{ "opens for reading and writing", opens_for_both, false },
		{ "makes a file", makes_a_file, false },
		{ "truncates", truncates, false },
		{ "makes a nameless file", makes_a_nameless_file, false },
		{ "opens with flags that cannot be seen", opens_by_openat2, false },
		{ "unlinks", unlinks, false },
		{ "makes a socket", makes_a_socket, false },
		{ "forks", forks, false },
		{ "executes", executes, false },
		{ "kills", kills, false },
		{ "brings in code", brings_in_code, false },
		{ "traces", traces, false },
	};
	struct CMUnitTest tests[sizeof(deeds) / sizeof(deeds[0]) + 5] = {
		cmocka_unit_test(gives_up), cmocka_unit_test(says_that_it_aborts),
		cmocka_unit_test(reads_as_a_user), cmocka_unit_test(mounts_and_no_more)
	};

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		tests[i + 4] =
			(struct CMUnitTest){ deeds[i].name, does, NULL, NULL, (void *)&deeds[i] };
	tests[sizeof(deeds) / sizeof(deeds[0]) + 4] =
		(struct CMUnitTest)cmocka_unit_test(is_prepared);
	return cmocka_run_group_tests_name("sandbox", tests, setup, teardown);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program finds when it is started by spawn.c: descriptors, signals, environment, session. */
#include "processes/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "processes/zygote.h"

static char *const empty[] = { NULL };

static struct spawn_spec spec_for(
	char *const *argv, const struct place_want *wants, size_t n, int cwd)
{
	return (struct spawn_spec){ .path = argv[0],
		.argv = argv,
		.envp = empty,
		.wants = wants,
		.n_wants = n,
		.cwd = cwd,
		.images = -1,
		.cgroup = -1 };
}

/* Runs it to its end. Return: its wait status; the report is copied out. */
static int run(const struct spawn_spec *spec, struct spawn_report *ret)
{
	struct spawned s;
	struct err err;
	int status;

	assert_int_equal(spawn_start(spec, &s, &err), 0);
	assert_true(fcntl(s.pidfd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(waitpid(s.pid, &status, 0), s.pid);
	*ret = *s.report;
	spawn_report_free(s.report);
	close(s.pidfd);
	return status;
}

static void output_of(const char *script, char *ret, size_t size)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c", (char *)script, NULL };
	int out = memfd_create("out", MFD_CLOEXEC), null = open("/dev/null", O_RDWR | O_CLOEXEC),
	    cwd = open("/usr", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* a swap: 30 must become what 31 is, and the other way round */
	int a = fcntl(null, F_DUPFD_CLOEXEC, 30), b = fcntl(cwd, F_DUPFD_CLOEXEC, a + 1);
	const struct place_want wants[] = { { null, 0 }, { out, 1 }, { null, 2 }, { a, b },
		{ b, a }, { null, 7 } };
	const struct spawn_spec spec = spec_for(argv, wants, 6, cwd);
	struct spawn_report report;
	ssize_t n;

	assert_int_equal(run(&spec, &report), 0);
	assert_int_equal(report.stage, SPAWN_DONE);
	n = pread(out, ret, size - 1, 0);
	assert_true(n >= 0);
	ret[n] = 0;
	close(a);
	close(b);
	close(out);
	close(null);
	close(cwd);
}

static void descriptors(void **state)
{
	int extra =
		open("/dev/null", O_RDONLY); /* inheritable, as a careless library would open it */
	char out[512], wanted[128];

	(void)state;
	output_of("for f in /proc/$$/fd/*; do readlink $f; done; pwd", out, sizeof(out));
	snprintf(wanted, sizeof(wanted), "%s",
		"/dev/null\n/memfd:out (deleted)\n/dev/null\n/usr\n/dev/null\n/dev/null\n/usr\n");
	/* sh lists by text: 0 1 2 30 31 7, then its working directory */
	assert_string_equal(out, wanted);
	close(extra);
}

static void signals(void **state)
{
	struct sigaction before, ignore = { .sa_handler = SIG_IGN };
	sigset_t usr1, mask;
	char out[512];

	(void)state;
	sigaction(SIGPIPE, &ignore, &before);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, &mask);
	output_of("grep -E '^Sig(Blk|Ign)' /proc/self/status", out, sizeof(out));
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGPIPE, &before, NULL);
	assert_string_equal(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void environment_and_session(void **state)
{
	char out[512];

	(void)state;
	setenv("CRIU_CONFIG_FILE", "/tmp/evil.conf", 1);
	output_of(
		"tr '\\0' '\\n' </proc/$$/environ; read -r pid comm state ppid pgrp session rest </proc/$$/stat;"
		"[ $pid = $session ] && echo leader; umask",
		out, sizeof(out));
	unsetenv("CRIU_CONFIG_FILE");
	assert_string_equal(out, "leader\n0022\n");
}

#define RIGHTS "Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs"

static gid_t two_groups[] = { 10, 4242 };
static const struct credentials user = { 4242, 4243, two_groups, 2 };

/* What the kernel says of a program that runs as the user. */
static void rights_with(uint64_t caps, char *ret, size_t size)
{
	char *argv[] = { (char *)"/bin/grep", (char *)"-E",
		(char *)"^(" RIGHTS "):", (char *)"/proc/self/status", NULL };
	int out = memfd_create("out", MFD_CLOEXEC), null = open("/dev/null", O_RDWR | O_CLOEXEC),
	    cwd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct place_want wants[] = { { null, 0 }, { out, 1 }, { null, 2 } };
	struct spawn_spec spec = spec_for(argv, wants, 3, cwd);
	struct spawn_report report;
	ssize_t n;

	spec.run_as = &user;
	spec.caps = caps;
	assert_int_equal(run(&spec, &report), 0);
	n = pread(out, ret, size - 1, 0);
	assert_true(n >= 0);
	ret[n] = 0;
	close(out);
	close(null);
	close(cwd);
}

static void needs_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("root is needed to become another user\n");
	skip();
}

static void as_a_user(void **state)
{
	static const char ids[] =
		"Uid:\t4242\t4242\t4242\t4242\nGid:\t4243\t4243\t4243\t4243\nGroups:\t10 4242 \n";
	char out[1024], wanted[1024];

	(void)state;
	needs_root();
	rights_with(0, out, sizeof(out));
	snprintf(wanted, sizeof(wanted),
		"%sCapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\nCapAmb:\t%016x\nNoNewPrivs:\t1\n",
		ids, 0, 0, 0, 0);
	assert_string_equal(out, wanted);
	/* CAP_SETPCAP */
	rights_with(1 << 8, out, sizeof(out));
	snprintf(wanted, sizeof(wanted),
		"%sCapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\nCapAmb:\t%016x\nNoNewPrivs:\t1\n",
		ids, 256, 256, 256, 256);
	assert_string_equal(out, wanted);
}

/* What the user may not do fails, and nothing is executed with more. */
static void not_as_a_user(void **state)
{
	char *argv[] = { (char *)"/bin/true", NULL };
	char place[] = "/tmp/test_spawn.XXXXXX"; /* root's, 0700 */
	struct spawn_spec spec = spec_for(argv, NULL, 0, -1);
	struct spawn_report report;

	(void)state;
	needs_root();
	assert_non_null(mkdtemp(place));
	spec.run_as = &user;
	spec.caps = 1ull << 63; /* no kernel has so many */
	spec.cwd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(run(&spec, &report), 0);
	assert_int_equal(report.stage, SPAWN_RIGHTS);
	spec.caps = 0;
	spec.images = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_not_equal(run(&spec, &report), 0);
	assert_int_equal(report.stage, SPAWN_IMAGES);
	assert_int_equal(report.sys, EACCES);
	close(spec.cwd);
	spec.cwd = spec.images;
	assert_int_not_equal(run(&spec, &report), 0);
	assert_int_equal(report.stage, SPAWN_CWD);
	assert_int_equal(report.sys, EACCES);
	close(spec.images);
	assert_int_equal(rmdir(place), 0);
}

struct failure {
	const char *name;
	const char *program;
	const char *images;
	enum spawn_stage stage;
	int sys;
};

static void failures(void **state)
{
	const struct failure *c = *state;
	char *argv[] = { (char *)c->program, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC),
	    cwd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct place_want wants[] = { { null, 0 }, { null, 1 }, { null, 2 } };
	struct spawn_spec spec = spec_for(argv, wants, 3, cwd);
	struct spawn_report report;
	int status;

	if (c->images)
		spec.images = open(c->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->stage == SPAWN_CWD)
		spec.cwd = null;
	status = run(&spec, &report);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 127);
	assert_int_equal(report.stage, c->stage);
	assert_int_equal(report.sys, c->sys);
	if (spec.images >= 0)
		close(spec.images);
	close(null);
	close(cwd);
}

static void closed_source(void **state)
{
	char *argv[] = { (char *)"/bin/true", NULL };
	int cwd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct place_want wants[] = { { 900, 5 } };
	const struct spawn_spec spec = spec_for(argv, wants, 1, cwd);
	struct spawned spawned;
	struct err err;

	(void)state;
	assert_int_equal(spawn_start(&spec, &spawned, &err), -1);
	assert_int_equal(err.sys, EBADF);
	/* The child that was made already is gone. */
	assert_true(waitpid(-1, NULL, 0) > 0);
	close(cwd);
}

static int setup(void **state)
{
	(void)state;
	return zygote_start();
}

static int teardown(void **state)
{
	(void)state;
	zygote_end();
	return 0;
}

int main(void)
{
	static const struct failure cases[] = {
		{ "no program", "/nonexistent/criu", NULL, SPAWN_EXEC, ENOENT },
		{ "program is a directory", "/usr", NULL, SPAWN_EXEC, EACCES },
		{ "no images", "/bin/true", "/usr", SPAWN_IMAGES, ENOENT },
		{ "working directory is none", "/bin/true", NULL, SPAWN_CWD, ENOTDIR },
	};
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0]) + 6] = {
		cmocka_unit_test(descriptors), cmocka_unit_test(signals),
		cmocka_unit_test(environment_and_session), cmocka_unit_test(closed_source),
		cmocka_unit_test(as_a_user), cmocka_unit_test(not_as_a_user)
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tests[i + 6] = (struct CMUnitTest){ cases[i].name, failures, NULL, NULL,
			(void *)&cases[i] };
	return cmocka_run_group_tests_name("spawn", tests, setup, teardown);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * criu, run by us: for its version and for the dump, which is no business of the broker. It may
 * hang, and one that hangs does not end by SIGTERM: each run has a deadline and then SIGKILL, for
 * its whole group.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check.h"
#include "logfile.h"

#define VERSION_MS 5000
#define DUMP_LOG   "dump.log"

/* From nothing, as the broker makes it: neither options nor plugins by way of the environment. */
static const char *const base_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C",
	"HOME=/nonexistent"
};

static _Noreturn void child(const struct check *ch, const char *const argv[], int out)
{
	const char *fault = fdb_report_criu_fault(ch->rep);
	const char *env[5] = { base_env[0], base_env[1], base_env[2], NULL, NULL };
	char fault_env[64];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	if (fault) {
		snprintf(fault_env, sizeof(fault_env), "CRIU_FAULT=%s", fault);
		env[3] = fault_env;
	}
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
		close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(127);
	execve(argv[0], (char *const *)argv, (char *const *)env);
	_exit(127);
}

/* Return: criu's wait status, or -errno: -ETIMEDOUT, -EINTR (it has been killed), ... */
static int run(struct check *ch, const char *const argv[], int out, uint32_t deadline_ms)
{
	autofd int pidfd = -1;
	pid_t pid = fork();
	int status, r;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		child(ch, argv, out);
	pidfd = pidfd_open(pid, 0);
	r = pidfd < 0 ? -errno
		      : check_wait(ch, pidfd, POLLIN, check_now_us() + (int64_t)deadline_ms * 1000);
	if (r < 0) {
		(void)kill(-pid, SIGKILL); /* its group, and it leads one since setsid() ... */
		(void)kill(pid, SIGKILL);  /* ... which it may not have come to yet */
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : status;
}

/* ---- version ---- */

int check_criu_version(struct check *ch)
{
	const char *const argv[] = { fdb_report_criu_path(ch->rep), "--version", NULL };
	autofd int out = memfd_create("criu", MFD_CLOEXEC);
	char text[256], *version;
	ssize_t n;
	int status;

	if (out < 0)
		return check_fail(
			ch, CTL_FAILED, "cannot make a file in memory: %s", strerror(errno));
	status = run(ch, argv, out, VERSION_MS);
	n = pread(out, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = 0;
	version = strstr(text, "Version: ");
	if (status != 0 || !version)
		return check_fail(ch, CTL_CRIU,
			"%s --version says nothing: it is no criu, or it does not run here",
			argv[0]);
	version += strlen("Version: ");
	snprintf(ch->criu_version, sizeof(ch->criu_version), "%.*s", (int)strcspn(version, " \n"),
		version);
	return 0;
}

/* ---- dump ---- */

static bool has_text(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0;
}

/* out: what criu has written elsewhere than into its log. */
static int explain(struct check *ch, int status, const char *log_path, int out)
{
	autofd int file = open(log_path, O_RDONLY | O_CLOEXEC);
	int log = has_text(file) ? file : out;
	struct err err;

	if (!ch->log)
		(void)logfile_keep(log, NULL, &ch->log, &err);
	if (ch->ctl->verbose && ch->ctl->format == CTL_TEXT)
		logfile_tail(stderr, log, 20);
	if (status == -EINTR)
		return -1; /* said already */
	if (status == -ETIMEDOUT)
		return check_fail(ch, CTL_CRIU,
			"criu hangs: its dump was ended by force after %.1f s%s",
			(double)ch->deadline_ms / 1000, check_hang_advice(ch));
	if (status < 0)
		return check_fail(ch, CTL_FAILED, "cannot run criu: %s", strerror(-status));
	if (WIFSIGNALED(status))
		return check_fail(ch, CTL_CRIU, "criu's dump was ended by SIG%s",
			sigabbrev_np(WTERMSIG(status)));
	return check_fail(ch, CTL_CRIU, "criu could not dump a tiny process: exit status %d",
		WEXITSTATUS(status));
}

int check_criu_dump(struct check *ch, pid_t pid, const char *dir)
{
	char tree[16];
	const char *const argv[] = { fdb_report_criu_path(ch->rep), "dump", "-t", tree, "-D", dir,
		"-o", DUMP_LOG, "-v4", "--no-default-config", NULL };
	autofd int out = memfd_create("criu", MFD_CLOEXEC);
	autofree char *log = NULL;
	int64_t start_us = check_now_us();
	int status;

	snprintf(tree, sizeof(tree), "%d", (int)pid);
	if (out < 0 || asprintf(&log, "%s/" DUMP_LOG, dir) < 0)
		return check_fail(ch, CTL_FAILED, "cannot prepare a dump");
	status = run(ch, argv, out, ch->deadline_ms);
	if (status != 0)
		return explain(ch, status, log, out);
	ch->dump_us = (uint64_t)(check_now_us() - start_us);
	return 0;
}

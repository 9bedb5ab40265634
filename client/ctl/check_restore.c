/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second half of `check`: restore the task through the broker with a lent file. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check.h"
#include "logfile.h"
#include "output.h"

#define LENT      "check"
#define MARGIN_MS 5000 /* for the broker to clean up after its own deadline */
#define END_MS    5000

/* The pid in our own namespace, for kcmp(). 0: the task cannot be seen from here. */
static pid_t pid_of(int pidfd)
{
	char path[64], line[128];
	pid_t pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	fclose(f);
	return pid > 0 ? pid : 0;
}

static int look(struct check *ch, int pidfd, int lent)
{
	pid_t pid = pid_of(pidfd);
	long same;

	if (!pid)
		return check_fail(ch, CTL_FAILED,
			"the restored process cannot be seen: another pid namespace?");
	same = syscall(SYS_kcmp, getpid(), pid, KCMP_FILE, lent, CHECK_TARGET_FD);
	if (same < 0)
		return check_fail(
			ch, CTL_FAILED, "cannot compare open files (kcmp): %s", strerror(errno));
	if (same > 0)
		return check_fail(ch, CTL_FAILED,
			"the restored process has another open file than the one that was lent");
	return 0;
}

/* By its pidfd: the number alone may be another's. */
static void end_task(struct check *ch, int pidfd)
{
	if (pidfd < 0)
		return;
	(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	(void)check_wait(ch, pidfd, POLLIN, check_now_us() + END_MS * 1000);
}

static int judge(struct check *ch, const struct fdb_result *res, int lent)
{
	struct err err;
	int r;

	if (fdb_result_success(res)) {
		ch->restore_us = fdb_result_total_us(res);
		r = look(ch, fdb_result_pidfd(res), lent);
		end_task(ch, fdb_result_pidfd(res));
		return r;
	}
	if (fdb_result_log(res) >= 0 && !ch->log)
		(void)logfile_keep(fdb_result_log(res), NULL, &ch->log, &err);
	if (fdb_result_log(res) >= 0 && ch->ctl->verbose && ch->ctl->format == CTL_TEXT)
		logfile_tail(stderr, fdb_result_log(res), 20);
	if (fdb_result_code(res) == FDB_DEADLINE)
		return check_fail(ch, CTL_CRIU,
			"criu hangs: its restore was ended by force after %.1f s%s",
			(double)ch->deadline_ms / 1000, check_hang_advice(ch));
	return check_fail(ch, out_exit_of(fdb_result_code(res)), "the restore failed: %s",
		fdb_result_text(res));
}

static int await(struct check *ch, uint64_t job, int lent)
{
	int64_t until_us = check_now_us() + ((int64_t)ch->deadline_ms + MARGIN_MS) * 1000;

	for (;;) {
		struct fdb_result *res;
		int r = fdb_wait_result(ch->c, job, 0, &res);

		if (r == 0) {
			r = judge(ch, res, lent);
			fdb_result_free(res);
			return r;
		}
		if (r != -ETIMEDOUT)
			return check_fail(ch, CTL_NO_BROKER, "%s", fdb_error_text(ch->c));
		r = check_wait(ch, fdb_fd(ch->c), fdb_poll_events(ch->c), until_us);
		if (r == -ETIMEDOUT)
			return check_fail(ch, CTL_FAILED,
				"the broker does not end a restore whose deadline is over");
		if (r < 0)
			return -1;
	}
}

static int describe(struct check *ch, struct fdb_request *rq, int images, const char *key)
{
	int r = fdb_request_images_dir(rq, images);

	fdb_request_deadline_ms(rq, ch->deadline_ms);
	return r < 0 ? r : fdb_request_map(rq, key, LENT, -1);
}

int check_restore(struct check *ch, const char *images, const char *key, const char *path)
{
	autofd int dir = open(images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofd int lent = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	struct fdb_request *rq;
	uint64_t job;
	int r;

	if (dir < 0 || lent < 0)
		return check_fail(ch, CTL_FAILED, "cannot open %s: %s", dir < 0 ? images : path,
			strerror(errno));
	if (fdb_request_new(ch->c, &rq) < 0)
		return check_fail(ch, CTL_FAILED, "out of memory");
	if (fdb_lend(ch->c, LENT, lent, CTL_WAIT_MS) < 0 || describe(ch, rq, dir, key) < 0 ||
		fdb_restore(ch->c, rq, CTL_WAIT_MS, &job) < 0)
		r = check_fail(ch, out_exit_of(fdb_error_code(ch->c)), "the broker refuses: %s",
			fdb_error_text(ch->c));
	else
		r = await(ch, job, lent);
	fdb_request_free(rq);
	return r;
}

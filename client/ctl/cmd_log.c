/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `log`: criu's log of a job, which the broker keeps; with -f for as long as criu writes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "dial.h"
#include "help.h"
#include "job_arg.h"
#include "logfile.h"
#include "options.h"
#include "output.h"
#include "pager.h"

#define WHAT "log"

/* Between two looks at a log that grows, and at a job that has none yet. */
#define LOOK_MS 100

struct log {
	uint64_t job;
	bool follow;
	bool terminal; /* it goes to one */
	int fd;        /* owned; -1: none yet */
	off_t at;      /* so much of it is told */
};

static int failed(const struct ctl *ctl, int r)
{
	struct out_error e = { .exit = CTL_FAILED, .text = "cannot read criu's log", .sys = -r };

	return out_error(ctl, WHAT, &e, NULL);
}

/* ---- what there is ---- */

static void put_line(void *none, const char *line)
{
	(void)none;
	puts(line);
}

/* One JSON text a line, however it was asked for: who reads them must know where one ends. */
static void put_json_line(void *job, const char *line)
{
	cJSON *json = cJSON_CreateObject();

	out_json_number(json, "job", *(const uint64_t *)job);
	out_json_text(json, "line", line);
	out_json(&(struct ctl){ .format = CTL_JSON_SHORT }, json);
}

/* Text of others: a terminal gets it escaped, everything else as criu has written it. */
static int put(const struct ctl *ctl, struct log *l, bool all)
{
	if (ctl->format != CTL_TEXT)
		return logfile_lines(l->fd, &l->at, all, put_json_line, &l->job);
	if (l->terminal)
		return logfile_lines(l->fd, &l->at, all, put_line, NULL);
	return logfile_copy(stdout, l->fd, &l->at);
}

static int put_json(const struct ctl *ctl, const struct log *l, bool complete)
{
	struct stat st;
	autofree char *text = fstat(l->fd, &st) < 0 ? NULL : malloc((size_t)st.st_size + 1);
	ssize_t n = text ? pread(l->fd, text, (size_t)st.st_size, 0) : -1;
	cJSON *json;

	if (n < 0)
		return -errno;
	text[n] = 0;
	json = cJSON_CreateObject();
	out_json_number(json, "job", l->job);
	cJSON_AddBoolToObject(json, "complete", complete);
	out_json_text(json, "log", text);
	out_json(ctl, json);
	return 0;
}

static int show_once(struct ctl *ctl, struct fdb_client *c, struct log *l)
{
	struct screen screen;
	struct pager pager;
	bool complete;
	int r;

	if (fdb_log(c, l->job, CTL_WAIT_MS, &l->fd, &complete) < 0)
		return out_client_error(ctl, WHAT, c);
	pager_begin(&pager, ctl, &screen);
	r = ctl->format == CTL_TEXT ? put(ctl, l, true) : put_json(ctl, l, complete);
	pager_end(&pager);
	return r < 0 ? failed(ctl, r) : out_flush(ctl, WHAT, CTL_DONE);
}

/* ---- what comes ---- */

/* Is there no log yet, for criu is still to be started? */
static bool is_early(struct fdb_client *c, uint64_t number)
{
	struct fdb_job *job;
	bool early;

	if (fdb_show(c, number, CTL_WAIT_MS, &job) < 0)
		return false;
	early = fdb_job_state(job) <= FDB_JOB_RESTORING;
	fdb_job_free(job);
	return early;
}

/* Return: 0; -EAGAIN: there is no log yet; another -errno of fdb_log(). */
static int ask(struct fdb_client *c, struct log *l, int *ret_fd, bool *ret_complete)
{
	int r = fdb_log(c, l->job, CTL_WAIT_MS, ret_fd, ret_complete);

	if (r != -EALREADY || l->fd >= 0)
		return r;
	if (is_early(c, l->job))
		return -EAGAIN;
	/* Between the two questions criu may have been started, and have ended. */
	return fdb_log(c, l->job, CTL_WAIT_MS, ret_fd, ret_complete);
}

/* Return: 0, *ret_complete; an exit code; told. */
static int look(struct ctl *ctl, struct fdb_client *c, struct log *l, bool *ret_complete)
{
	int fd, r = ask(c, l, &fd, ret_complete);

	if (r == 0) {
		/* Each is an open file of its own on the same log; that of a broker started anew may be another. */
		cleanup_fd(&l->fd);
		l->fd = fd;
		return 0;
	}
	*ret_complete = false;
	if (r == -EAGAIN)
		return 0;
	return r == -EPIPE ? dial_anew(ctl, WHAT, c, NULL) : out_client_error(ctl, WHAT, c);
}

static int follow(struct ctl *ctl, struct fdb_client *c, struct log *l)
{
	bool complete = false;
	int code = look(ctl, c, l, &complete);

	while (code == 0) {
		/* Asked first, read then: what was complete when asked is complete when read. */
		int r = l->fd < 0 ? 0 : put(ctl, l, complete);

		if (r < 0)
			return failed(ctl, r);
		if (complete || fflush(stdout) != 0)
			return out_flush(ctl, WHAT, CTL_DONE);
		usleep(LOOK_MS * 1000);
		code = look(ctl, c, l, &complete);
	}
	return code;
}

static int show(struct ctl *ctl, struct fdb_client *c, void *arg)
{
	struct log *l = arg;
	int code = l->follow ? follow(ctl, c, l) : show_once(ctl, c, l);

	cleanup_fd(&l->fd);
	return code;
}

int cmd_log(struct ctl *ctl, int argc, char **argv)
{
	struct log l = { .terminal = isatty(STDOUT_FILENO), .fd = -1 };
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	options_add(&o, "follow", no_argument, 'f');
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		if (val == OPTIONS_HELP)
			return help_show(WHAT);
		if (val != 'f')
			return CTL_USAGE;
		l.follow = true;
	}
	code = job_arg_one(ctl, WHAT, argc, argv, &l.job);
	return code ? code : dial_and(ctl, WHAT, show, &l);
}

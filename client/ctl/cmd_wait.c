/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `wait`: until jobs have ended, and how. */
#include <errno.h>

#include "dial.h"
#include "figures.h"
#include "help.h"
#include "job_arg.h"
#include "job_json.h"
#include "options.h"
#include "output.h"
#include "words.h"

#define WHAT "wait"

enum { OPT_EXIT_STATUS = OPTIONS_OWN };

struct wait {
	uint64_t jobs[JOB_ARG_MAX];
	size_t n;
};

typedef unsigned long long ull; /* of printf */

/* Of several jobs the line shall tell which one it is of. */
static void say_none(const struct ctl *ctl)
{
	if (ctl->format == CTL_TEXT && !ctl->hands_on)
		out_line(stdout, "-");
}

/* What its end means for the exit code, and why. */
static int failure(const struct ctl *ctl, const struct fdb_job *job)
{
	const struct fdb_result *res = fdb_job_result(job);
	struct out_error e = { .exit = CTL_FAILED };
	char text[WORDS_SIZE + 64], words[WORDS_SIZE];

	e.text = text;
	if (!res || fdb_result_success(res)) {
		snprintf(text, sizeof(text), "job %llu: its root task %s", (ull)fdb_job_number(job),
			words_end(words, job));
	} else {
		e.exit = out_exit_of(fdb_result_code(res));
		e.hint = fdb_result_hint(res);
		e.job = fdb_job_has_log(job) ? fdb_job_number(job) : 0;
		snprintf(text, sizeof(text), "job %llu has failed: %s", (ull)fdb_job_number(job),
			fdb_result_text(res));
	}
	say_none(ctl);
	/* In JSON the job itself has told it. */
	if (ctl->format != CTL_TEXT)
		return ctl->hands_on ? CTL_ITSELF : (int)e.exit;
	return out_error(ctl, WHAT, &e, NULL);
}

/* Return: an exit code. */
static int tell(const struct ctl *ctl, const struct fdb_job *job)
{
	int status = words_shell_status(job);
	char words[WORDS_SIZE], age[FIGURE_SIZE];

	if (ctl->format != CTL_TEXT)
		out_json(ctl, job_json(job));
	if (status < 0)
		return failure(ctl, job);
	if (ctl->format == CTL_TEXT && !ctl->hands_on)
		out_line(stdout, "%d", status);
	if (ctl->verbose)
		out_line(stderr, "job %llu: its root task %s, %s after the job was accepted",
			(ull)fdb_job_number(job), words_end(words, job),
			figure_age(age, fdb_job_age_us(job)));
	return out_flush(ctl, WHAT, ctl->hands_on ? status : CTL_DONE);
}

static int wait_one(struct ctl *ctl, struct fdb_client *c, uint64_t number)
{
	struct fdb_job *job;
	int r, code;

	while ((r = fdb_wait(c, number, -1, &job)) == -EPIPE) {
		code = dial_anew(ctl, WHAT, c, NULL);
		if (code != 0)
			return code;
	}
	if (r == -ESRCH)
		say_none(ctl);
	if (r < 0)
		return out_client_error(ctl, WHAT, c);
	code = tell(ctl, job);
	fdb_job_free(job);
	return code;
}

static int wait_all(struct ctl *ctl, struct fdb_client *c, void *arg)
{
	const struct wait *w = arg;
	int code = CTL_DONE;

	for (size_t i = 0; i < w->n; i++) {
		int one = wait_one(ctl, c, w->jobs[i]);

		code = code ? code : one;
		if (one == CTL_NO_BROKER)
			break;
	}
	return code;
}

int cmd_wait(struct ctl *ctl, int argc, char **argv)
{
	struct wait w;
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	options_add(&o, "exit-status", no_argument, OPT_EXIT_STATUS);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		if (val == OPTIONS_HELP)
			return help_show(WHAT);
		if (val != OPT_EXIT_STATUS)
			return CTL_USAGE;
		ctl->hands_on = true;
	}
	code = job_arg_read(ctl, WHAT, argc, argv, ctl->hands_on ? 1 : JOB_ARG_MAX, w.jobs, &w.n);
	if (code == 0 && w.n == 0)
		code = out_usage(ctl, WHAT, "which job?");
	return code ? code : dial_and(ctl, WHAT, wait_all, &w);
}

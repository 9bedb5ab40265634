/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `check`: does a restore work here? Read downwards: prepared, dumped, restored, told, cleaned up.
 *
 * Its parts: check_machine.c (what is missing), check_criu.c (criu's version, the dump),
 * check_target.c (the task), check_restore.c (the restore through the broker).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check.h"
#include "dial.h"
#include "figures.h"
#include "help.h"
#include "options.h"
#include "output.h"
#include "room.h"
#include "spec.h"

#define WHAT         "check"
#define DEADLINE_MS  10000
#define OPT_DEADLINE OPTIONS_OWN

int check_fail(struct check *ch, enum ctl_exit exit, const char *fmt, ...)
{
	va_list ap;

	if (ch->exit != CTL_DONE)
		return -1;
	ch->exit = exit;
	va_start(ap, fmt);
	vsnprintf(ch->failure, sizeof(ch->failure), fmt, ap);
	va_end(ap);
	return -1;
}

const char *check_hang_advice(const struct check *ch)
{
	if (fdb_report_criu_fault(ch->rep))
		return "";
	return "; if hardware breakpoints do not fire here, start the broker with --criu-fault 130";
}

int64_t check_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int check_wait(struct check *ch, int fd, short events, int64_t until_us)
{
	for (;;) {
		struct pollfd p[] = { { .fd = fd, .events = events },
			{ .fd = ch->signals.fd, .events = POLLIN } };
		int64_t left_us = until_us - check_now_us();
		int n = poll(p, 2, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
		int sig = signals_taken(&ch->signals);

		if (sig) {
			check_fail(ch, CTL_CANCELLED, "interrupted by SIG%s", sigabbrev_np(sig));
			return -EINTR;
		}
		if (n > 0 && p[0].revents)
			return 0;
		if (left_us <= 0)
			return -ETIMEDOUT;
	}
}

/* ---- 1. prepare ---- */

static int prepare(struct check *ch)
{
	if (geteuid() != 0)
		return check_fail(ch, CTL_FAILED, "only root can dump and restore: run it by sudo");
	/* If this fails, dial() has told why. */
	ch->exit = (enum ctl_exit)dial(ch->ctl, WHAT, ch->c, true);
	if (ch->exit != CTL_DONE)
		return -1;
	if (fdb_status(ch->c, CTL_WAIT_MS, &ch->rep) < 0)
		return check_fail(ch, CTL_NO_BROKER, "%s", fdb_error_text(ch->c));
	if (!fdb_report_criu_usable(ch->rep))
		return check_fail(
			ch, CTL_CRIU, "there is no criu at %s", fdb_report_criu_path(ch->rep));
	return check_criu_version(ch);
}

/* ---- 2. dump, 3. restore ---- */

static int dump(struct check *ch, const struct room *room)
{
	struct check_target target = { .pidfd = -1 };
	int r = check_target_start(ch, room->file, &target);

	if (r == 0)
		r = check_criu_dump(ch, target.pid, room->images);
	/* criu has killed it, and now its pid must be free. One that is half dumped goes too. */
	check_target_end(&target);
	return r;
}

static void dump_and_restore(struct check *ch)
{
	struct room room;
	struct err err;

	if (room_make(&room, &err) < 0) {
		check_fail(ch, CTL_FAILED, "%s", err.text);
		return;
	}
	/* criu's key of a file: its path without the first slash. */
	if (dump(ch, &room) == 0)
		(void)check_restore(ch, room.images, room.file + 1, room.lent);
	room_remove(&room);
}

/* ---- 4. tell ---- */

static int tell_json(const struct check *ch)
{
	cJSON *json = cJSON_CreateObject(), *criu, *list;
	struct out_error e = { .exit = ch->exit, .text = ch->failure, .log = ch->log };

	criu = cJSON_AddObjectToObject(json, "criu");
	out_json_text(criu, "path", ch->rep ? fdb_report_criu_path(ch->rep) : NULL);
	out_json_text(criu, "version", ch->criu_version[0] ? ch->criu_version : NULL);
	out_json_text(criu, "fault", ch->rep ? fdb_report_criu_fault(ch->rep) : NULL);
	out_json_text(json, "broker_version", ch->rep ? fdb_report_version(ch->rep) : NULL);
	cJSON_AddBoolToObject(json, "private_broker", ch->ctl->local);
	out_json_text(json, "kernel", ch->release);
	if (ch->dump_us)
		cJSON_AddNumberToObject(json, "dump_us", (double)ch->dump_us);
	if (ch->restore_us)
		cJSON_AddNumberToObject(json, "restore_us", (double)ch->restore_us);
	list = cJSON_AddArrayToObject(json, "findings");
	for (size_t i = 0; i < ch->n_findings; i++) {
		cJSON *one = cJSON_CreateObject();

		out_json_text(one, "text", ch->findings[i]->text);
		out_json_text(one, "todo", ch->findings[i]->todo);
		cJSON_AddItemToArray(list, one);
	}
	if (ch->exit != CTL_DONE)
		return out_error(ch->ctl, WHAT, &e, json);
	cJSON_AddStringToObject(json, "outcome", "works");
	out_json(ch->ctl, json);
	return CTL_DONE;
}

static int tell_text(const struct check *ch)
{
	struct out_error e = { .exit = ch->exit, .text = ch->failure, .log = ch->log };
	char took[FIGURE_SIZE];

	if (!ch->rep)
		return out_error(ch->ctl, WHAT, &e, NULL);
	out_line(stdout, "kernel   %s", ch->release);
	out_line(stdout, "broker   criu-fdbroker %s, %s", fdb_report_version(ch->rep),
		ch->ctl->local    ? "private"
		: ch->ctl->socket ? ch->ctl->socket
				  : FDB_DEFAULT_SOCKET);
	out_line(stdout, "criu     %s, version %s", fdb_report_criu_path(ch->rep),
		ch->criu_version[0] ? ch->criu_version : "unknown");
	if (ch->dump_us)
		out_line(stdout, "dump     works: %s", figure_took(took, ch->dump_us));
	if (ch->restore_us)
		out_line(stdout, "restore  works: %s", figure_took(took, ch->restore_us));
	for (size_t i = 0; i < ch->n_findings; i++) {
		out_line(stdout, "note     %s", ch->findings[i]->text);
		out_line(stdout, "         -> %s", ch->findings[i]->todo);
	}
	if (ch->exit != CTL_DONE)
		return out_error(ch->ctl, WHAT, &e, NULL);
	out_line(stdout,
		"Restores work here: the restored process had the very file that was lent.");
	return CTL_DONE;
}

/* ---- all of it ---- */

static int check(struct check *ch)
{
	if (prepare(ch) == 0)
		dump_and_restore(ch);
	if (!ch->rep && !ch->failure[0])
		return ch->exit; /* told by dial() */
	if (ch->rep)
		check_machine(ch);
	return ch->ctl->format == CTL_TEXT ? tell_text(ch) : tell_json(ch);
}

static int parse(struct ctl *ctl, int argc, char **argv, uint32_t *ret_deadline_ms)
{
	struct options o;
	struct err err;
	int val;

	options_init(&o, ctl, WHAT, false);
	options_add(&o, "deadline", required_argument, OPT_DEADLINE);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		if (val == OPTIONS_HELP)
			return -1;
		if (val == OPTIONS_BAD)
			return CTL_USAGE;
		if (spec_parse_seconds(optarg, ret_deadline_ms, &err) < 0)
			return out_usage(ctl, WHAT, "--deadline: %s", err.text);
	}
	if (options_too_many(&o, argc, argv))
		return CTL_USAGE;
	return 0;
}

int cmd_check(struct ctl *ctl, int argc, char **argv)
{
	struct check ch = { .ctl = ctl, .deadline_ms = DEADLINE_MS, .signals = SIGNALS_NONE };
	int code = parse(ctl, argc, argv, &ch.deadline_ms);

	if (code != 0)
		return code < 0 ? help_show(WHAT) : code;
	if (fdb_new(&ch.c) < 0)
		return out_error(ctl, WHAT,
			&(struct out_error){ .exit = CTL_FAILED, .text = "out of memory" }, NULL);
	signals_watch(&ch.signals);
	code = check(&ch);
	signals_unwatch(&ch.signals);
	(void)fdb_disconnect(ch.c, CTL_WAIT_MS);
	fdb_report_free(ch.rep);
	fdb_free(ch.c);
	free(ch.log);
	return code;
}

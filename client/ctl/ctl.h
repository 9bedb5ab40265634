/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all commands of fdbroker-ctl share: its exit codes and the options that every command takes.
 *
 *   main                 which command; the help
 *   cmd_*                one command each
 *   options, spec        command line -> structs (pure)
 *   mapping_args         what `restore` and `plan` say alike; mapping_file: the same from a file
 *   criu_options         the options that are spelled as criu's own
 *   dial                 the connection, or a private broker
 *   images               images read without a broker; inspect_*, plan_view, needs_view: shown
 *   screen, line         lines as wide as the terminal
 *   output, text         what is printed, and how foreign text becomes harmless
 *   table, figures       rows under a header; times and sizes as people read them
 *   words, job_*         jobs in words, as JSON, as a page
 *   pager                long output on a terminal
 *   progress             a line on the terminal while a restore lasts; restore_wait: that wait
 *   check_*              the parts of `check`
 */
#ifndef FDBROKER_CTL_H
#define FDBROKER_CTL_H

#include <stdbool.h>

/* Documented in the help of main.c. */
enum ctl_exit {
	CTL_DONE = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_REFUSED = 3, /* nothing has happened: refused before criu, no such job, too late */
	CTL_CRIU = 4,    /* criu failed, or could not be run */
	CTL_CANCELLED =
		5, /* interrupted, cancelled, the deadline was over, the broker died under it */
	CTL_NO_BROKER = 6, /* none to talk to, or it went away */
	CTL_ITSELF =
		125, /* any of these, where the status of a task is handed on (as podman has it) */
};

enum ctl_format { CTL_TEXT, CTL_JSON_PRETTY, CTL_JSON_SHORT };

/* Longest wait for the answer to anything but a restore. */
#define CTL_WAIT_MS 10000

struct ctl {
	enum ctl_format format;
	int verbose;        /* how many -v */
	const char *socket; /* NULL: the default */
	bool local;         /* start a private broker */
	const char *criu;   /* for it; NULL: its default */
	bool hands_on;      /* the exit code is a task's: CTL_ITSELF for our own failures */
	bool no_pager;
	bool no_legend; /* of a table: rows only */
	bool full;      /* nothing is cut to the terminal's width */
	int broker_log; /* what it says; owned by the process; -1: none, or on the terminal */
};

/* One command. argv[0] is its name. Return: an exit code. */
int cmd_inspect(struct ctl *ctl, int argc, char **argv);
int cmd_plan(struct ctl *ctl, int argc, char **argv);
int cmd_restore(struct ctl *ctl, int argc, char **argv);
int cmd_check(struct ctl *ctl, int argc, char **argv);
int cmd_status(struct ctl *ctl, int argc, char **argv);
int cmd_list(struct ctl *ctl, int argc, char **argv);
int cmd_show(struct ctl *ctl, int argc, char **argv);
int cmd_wait(struct ctl *ctl, int argc, char **argv);
int cmd_cancel(struct ctl *ctl, int argc, char **argv);
int cmd_log(struct ctl *ctl, int argc, char **argv);
int cmd_watch(struct ctl *ctl, int argc, char **argv);
int cmd_drain(struct ctl *ctl, int argc, char **argv);
int cmd_config(struct ctl *ctl, int argc, char **argv);
int cmd_metrics(struct ctl *ctl, int argc, char **argv);

#endif

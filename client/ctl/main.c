/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl: which command is it? The commands: cmd_*.c. */
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "options.h"
#include "output.h"
#include "standard.h"
#include "version.h"

#define OPT_VERSION OPTIONS_OWN

static const struct {
	const char *name;
	int (*run)(struct ctl *ctl, int argc, char **argv);
} commands[] = {
	{ "inspect", cmd_inspect },
	{ "plan", cmd_plan },
	{ "restore", cmd_restore },
	{ "check", cmd_check },
	{ "status", cmd_status },
	{ "list", cmd_list },
	{ "show", cmd_show },
	{ "wait", cmd_wait },
	{ "cancel", cmd_cancel },
	{ "log", cmd_log },
	{ "watch", cmd_watch },
	{ "drain", cmd_drain },
	{ "config", cmd_config },
	{ "metrics", cmd_metrics },
};

static int run(struct ctl *ctl, int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, argv[0]) != 0)
			continue;
		optind = 0; /* GNU: begin anew, with another list of options */
		return commands[i].run(ctl, argc, argv);
	}
	return out_usage(ctl, "", "there is no command '%s'", argv[0]);
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .format = CTL_TEXT, .broker_log = -1 };
	struct options o;
	int val;

	if (standard_fill() < 0)
		return CTL_FAILED; /* nowhere to say it */
	options_find_json(&ctl, argc, argv);
	options_init(&o, &ctl, "", true);
	options_add(&o, "version", no_argument, OPT_VERSION);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		switch (val) {
		case OPTIONS_HELP:
			return help_show("");
		case OPT_VERSION:
			puts("fdbroker-ctl " FDB_VERSION);
			return CTL_DONE;
		default:
			return CTL_USAGE;
		}
	}
	if (optind >= argc)
		return out_usage(&ctl, "", "which command?");
	return run(&ctl, argc - optind, argv + optind);
}

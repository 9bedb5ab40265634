/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of criu-fdbroker. Nothing else. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "config/config_show.h"
#include "config/config_value.h"
#include "policy/policy_print.h"
#include "config/settings.h"
#include "version.h"

static const char help[] =
	"Usage: criu-fdbroker [OPTION]...\n"
	"Restores processes with criu for clients that lend their descriptors.\n"
	"\n"
	"  --config PATH      read this file, or the *.conf of this folder, instead of\n"
	"                     those of /usr/lib/criu-fdbroker, /etc/criu-fdbroker and\n"
	"                     /etc/criu-fdbroker/criu-fdbroker.conf.d\n"
	"  --no-config        read none\n"
	"  --check-config     say what is wrong with them, and exit: 0 nothing, 1 something\n"
	"  --dump-options     print all that can be set there, for scripts, and exit\n"
	"  --dump-example     print a configuration file with all defaults, and exit\n"
	"  --dump-policy      print which options of criu each class of users may set,\n"
	"                     for scripts, and exit\n"
	"\n"
	"Before the configuration goes what is said here:\n"
	"  --socket PATH      listen on this socket; systemd's sockets are served as well\n"
	"  --local FD         serve the one client behind this inherited socket, then exit\n"
	"  --criu PATH        the criu to run [criu, from /usr/local and /usr]\n"
	"  --criu-fault N     CRIU_FAULT for criu; 0: none [130 where hardware breakpoints\n"
	"                     do not fire, else none]\n"
	"  --deadline SECONDS default deadline of a restore [600]\n"
	"  --workers N        restores that run criu at one time, 1 to 1024 [two for each\n"
	"                     processor, 4 at least]\n"
	"  --state DIR        where jobs are remembered over a restart\n"
	"                     [/run/criu-fdbroker/state; none with --local]\n"
	"  --idle-exit SECONDS end after so long without clients, restores and restored\n"
	"                     trees, if systemd listens for us; 0: never [0]\n"
	"  --group NAME       members of this group may restore, which makes them as good\n"
	"                     as root [nobody but root may]\n"
	"  --allow-own        every other user may restore as who they are: criu runs with\n"
	"                     their rights; see --dump-policy [off]\n"
	"  -v, --verbose      log more\n"
	"  -h, --help\n"
	"      --version\n"
	"\n"
	"Clients: fdbroker-ctl, libfdbroker. SIGHUP reads the configuration again. SIGTERM\n"
	"cancels restores under way and stops; restored processes live on. Exit codes:\n"
	"0 stopped, 1 cannot serve, 2 usage.\n";

enum {
	OPT_SETTING = 256, /* and what follows: indexes of settings[] */
	OPT_LOCAL = 512,
	OPT_ALLOW_OWN,
	OPT_CONFIG,
	OPT_NO_CONFIG,
	OPT_CHECK,
	OPT_OPTIONS,
	OPT_EXAMPLE,
	OPT_POLICY,
	OPT_VERSION
};

/* Options that are settings. */
static const struct {
	const char *option, *section, *key;
} settings[] = {
	{ "--socket", "Broker", "Socket" },
	{ "--criu", "Broker", "CriuPath" },
	{ "--criu-fault", "Broker", "CriuFault" },
	{ "--deadline", "Broker", "DefaultDeadlineSec" },
	{ "--workers", "Limits", "MaxWorkers" },
	{ "--state", "Broker", "StateDirectory" },
	{ "--idle-exit", "Broker", "IdleExitSec" },
	{ "--group", "Policy", "Group" },
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, OPT_SETTING },
	{ "criu", required_argument, NULL, OPT_SETTING + 1 },
	{ "criu-fault", required_argument, NULL, OPT_SETTING + 2 },
	{ "deadline", required_argument, NULL, OPT_SETTING + 3 },
	{ "workers", required_argument, NULL, OPT_SETTING + 4 },
	{ "state", required_argument, NULL, OPT_SETTING + 5 },
	{ "idle-exit", required_argument, NULL, OPT_SETTING + 6 },
	{ "group", required_argument, NULL, OPT_SETTING + 7 },
	{ "local", required_argument, NULL, OPT_LOCAL },
	{ "allow-own", no_argument, NULL, OPT_ALLOW_OWN },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "no-config", no_argument, NULL, OPT_NO_CONFIG },
	{ "check-config", no_argument, NULL, OPT_CHECK },
	{ "dump-options", no_argument, NULL, OPT_OPTIONS },
	{ "dump-example", no_argument, NULL, OPT_EXAMPLE },
	{ "dump-policy", no_argument, NULL, OPT_POLICY },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

static _Noreturn void usage(const char *option, const char *text)
{
	fprintf(stderr, "criu-fdbroker: %s: %s\nTry 'criu-fdbroker --help'.\n", option, text);
	exit(2);
}

static int descriptor(void)
{
	char *end, text[96];
	long n = strtol(optarg, &end, 10);

	if (end == optarg || *end || n < 3 || n > 1000000) {
		snprintf(text, sizeof(text), "'%.32s' is no number within 3 .. 1000000", optarg);
		usage("--local", text);
	}
	return (int)n;
}

/* The last one of an option counts. It is never empty: that would be the default. */
static void override(struct config_source *source, const char *option, const char *section,
	const char *key, const char *text)
{
	struct config_override *o = source->overrides;

	if (!text[0])
		usage(option, "an empty value");
	while (o < source->overrides + source->n_overrides && strcmp(o->origin, option) != 0)
		o++;
	if (o == source->overrides + source->n_overrides)
		source->n_overrides++;
	*o = (struct config_override){ section, key, text, option };
}

_Static_assert(sizeof(settings) / sizeof(settings[0]) < CONFIG_MAX_OVERRIDES, "and --verbose");

/* Prints and ends, or returns whether the configuration is only to be looked at. */
static bool parse(int argc, char **argv, struct config_source *source)
{
	bool check = false;
	int c;

	while ((c = getopt_long(argc, argv, "vh", options, NULL)) != -1) {
		switch (c) {
		case OPT_LOCAL:
			source->local = descriptor();
			break;
		case OPT_CONFIG:
			source->path = optarg;
			break;
		case OPT_NO_CONFIG:
			source->no_files = true;
			break;
		case OPT_CHECK:
			check = true;
			break;
		case OPT_ALLOW_OWN:
			override(source, "--allow-own", "Policy", "AllowOwn", "yes");
			break;
		case OPT_OPTIONS:
			config_show_options(stdout);
			exit(0);
		case OPT_EXAMPLE:
			config_show_example(stdout);
			exit(0);
		case OPT_POLICY:
			policy_print(stdout);
			exit(fflush(stdout) != 0);
		case 'v':
			override(source, "--verbose", "Log", "Level", "debug");
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case OPT_VERSION:
			puts("criu-fdbroker " FDB_VERSION);
			exit(0);
		default:
			if (c < OPT_SETTING)
				exit(2);
			c -= OPT_SETTING;
			override(source, settings[c].option, settings[c].section, settings[c].key,
				optarg);
		}
	}
	if (optind < argc)
		usage(argv[optind], "takes no arguments");
	if (source->path && source->no_files)
		usage("--no-config", "not with --config");
	return check;
}

/* What is wrong with the command line is so whatever the files say. */
static void check_usage(const struct config_source *source)
{
	struct config config;
	char why[256];

	if (config_init(&config) < 0)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < source->n_overrides; i++) {
		const struct config_override *o = &source->overrides[i];

		if (config_value_parse(config_option_find(o->section, o->key), o->text, &config,
			    why, sizeof(why)) < 0)
			usage(o->origin, why);
	}
	config_done(&config);
}

static void print_faults(const struct config_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		fprintf(stderr, "%s\n", faults->texts[i]);
	if (faults->left_out)
		fprintf(stderr, "and %zu more faults\n", faults->left_out);
}

int main(int argc, char **argv)
{
	struct config_source source = { .local = -1 };
	struct config_faults faults;
	struct config config;
	bool check = parse(argc, argv, &source);
	int code;

	check_usage(&source);
	code = config_load(&source, &config, &faults) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (code && check)
		print_faults(&faults);
	else if (code)
		settings_log_faults(&faults);
	config_faults_done(&faults);
	if (code)
		return code;
	if (!check)
		code = broker_run(&source, &config);
	config_done(&config);
	return code;
}

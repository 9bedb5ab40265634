/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of criu-fdbroker. Nothing else. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "log.h"
#include "policy_print.h"
#include "version.h"

static const char help[] =
	"Usage: criu-fdbroker [OPTION]...\n"
	"Restores processes with criu for clients that lend their descriptors.\n"
	"\n"
	"  --socket PATH      listen on this socket; systemd's sockets are served as well\n"
	"  --local FD         serve the one client behind this inherited socket, then exit\n"
	"  --criu PATH        the criu to run [criu, from /usr/local and /usr]\n"
	"  --criu-fault N     CRIU_FAULT for criu; 0: none [130 where hardware breakpoints\n"
	"                     do not fire, else none]\n"
	"  --deadline SECONDS default deadline of a restore, 1 to 86400 [600]\n"
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
	"  --dump-policy      print which options of criu each class of users may set\n"
	"  -v, --verbose      log more\n"
	"  -h, --help\n"
	"      --version\n"
	"\n"
	"Clients: fdbroker-ctl, libfdbroker. SIGTERM cancels restores under way and stops;\n"
	"restored processes live on. Exit codes: 0 stopped, 1 cannot serve, 2 usage.\n";

enum {
	OPT_SOCKET = 256,
	OPT_LOCAL,
	OPT_CRIU,
	OPT_FAULT,
	OPT_DEADLINE,
	OPT_WORKERS,
	OPT_STATE,
	OPT_GROUP,
	OPT_IDLE,
	OPT_ALLOW_OWN,
	OPT_DUMP_POLICY,
	OPT_VERSION
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "local", required_argument, NULL, OPT_LOCAL },
	{ "criu", required_argument, NULL, OPT_CRIU },
	{ "criu-fault", required_argument, NULL, OPT_FAULT },
	{ "deadline", required_argument, NULL, OPT_DEADLINE },
	{ "workers", required_argument, NULL, OPT_WORKERS },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "allow-own", no_argument, NULL, OPT_ALLOW_OWN },
	{ "dump-policy", no_argument, NULL, OPT_DUMP_POLICY },
	{ "idle-exit", required_argument, NULL, OPT_IDLE },
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

static long number(const char *option, long lowest, long highest)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(optarg, &end, 10);
	if (errno || end == optarg || *end || n < lowest || n > highest) {
		char text[96];

		snprintf(text, sizeof(text), "'%.32s' is no number within %ld .. %ld", optarg,
			lowest, highest);
		usage(option, text);
	}
	return n;
}

static const gid_t *group(const char *name)
{
	static gid_t gid;
	const struct group *g = getgrnam(name);

	if (!g) {
		char text[96];

		snprintf(text, sizeof(text), "there is no group '%.32s'", name);
		usage("--group", text);
	}
	gid = g->gr_gid;
	return &gid;
}

/* Beyond the processors only waiting grows; but a criu that hangs shall not hold up all others. */
static unsigned default_workers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 2 ? (unsigned)n * 2 : 4;
}

static void parse(int argc, char **argv, struct config *config)
{
	int c;

	while ((c = getopt_long(argc, argv, "vh", options, NULL)) != -1) {
		switch (c) {
		case OPT_SOCKET:
			config->socket_path = optarg;
			break;
		case OPT_LOCAL:
			config->local = (int)number("--local", 3, 1000000);
			break;
		case OPT_CRIU:
			config->criu = optarg;
			break;
		case OPT_FAULT:
			config->fault = number("--criu-fault", 0, 1000) ? optarg : "";
			break;
		case OPT_DEADLINE:
			config->deadline_ms =
				(uint32_t)number("--deadline", 1, CONFIG_MAX_DEADLINE_MS / 1000) *
				1000;
			break;
		case OPT_WORKERS:
			config->workers = (unsigned)number("--workers", 1, 1024);
			break;
		case OPT_STATE:
			config->state_dir = optarg;
			break;
		case OPT_GROUP:
			config->group = group(optarg);
			break;
		case OPT_IDLE:
			config->idle_s = (unsigned)number("--idle-exit", 0, 86400);
			break;
		case OPT_ALLOW_OWN:
			config->allow_own = true;
			break;
		case OPT_DUMP_POLICY:
			policy_print(stdout);
			exit(fflush(stdout) != 0);
		case 'v':
			log_set_level(LOG_DEBUG);
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case OPT_VERSION:
			puts("criu-fdbroker " FDB_VERSION);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc)
		usage(argv[optind], "takes no arguments");
}

int main(int argc, char **argv)
{
	struct config config = { .local = -1, .deadline_ms = CONFIG_DEADLINE_MS };

	config.workers = default_workers();
	parse(argc, argv, &config);
	if (!config.state_dir && config.local < 0)
		config.state_dir = CONFIG_STATE_DIR;
	return broker_run(&config);
}

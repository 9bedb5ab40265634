/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line, as far as all commands share it. See options.h. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "output.h"

enum {
	OPT_SOCKET = OPTIONS_COMMON,
	OPT_LOCAL,
	OPT_CRIU,
	OPT_JSON,
	OPT_NO_PAGER,
	OPT_NO_LEGEND,
	OPT_FULL,
};

void options_init(struct options *o, struct ctl *ctl, const char *command, bool stop)
{
	*o = (struct options){ .ctl = ctl, .command = command };
	/* ':' makes getopt_long() tell a missing argument from an unknown option. */
	snprintf(o->letters, sizeof(o->letters), "%s", stop ? "+:" : ":");
	options_add(o, "socket", required_argument, OPT_SOCKET);
	options_add(o, "local", no_argument, OPT_LOCAL);
	options_add(o, "criu", required_argument, OPT_CRIU);
	options_add(o, "json", optional_argument, OPT_JSON);
	options_add(o, "no-pager", no_argument, OPT_NO_PAGER);
	options_add(o, "no-legend", no_argument, OPT_NO_LEGEND);
	options_add(o, "full", no_argument, OPT_FULL);
	options_add(o, "verbose", no_argument, 'v');
	options_add(o, "help", no_argument, 'h');
}

void options_add(struct options *o, const char *name, int has_arg, int val)
{
	static const char *const colons[] = {
		[no_argument] = "", [required_argument] = ":", [optional_argument] = "::"
	};
	size_t used = strlen(o->letters);

	if (val < OPTIONS_COMMON)
		snprintf(
			o->letters + used, sizeof(o->letters) - used, "%c%s", val, colons[has_arg]);
	if (o->n < OPTIONS_MAX)
		o->table[o->n++] = (struct option){ name, has_arg, NULL, val };
}

/* Return: 0, or -1: no such format. */
static int set_format(struct ctl *ctl, const char *word)
{
	if (!word || !strcmp(word, "pretty"))
		ctl->format = CTL_JSON_PRETTY;
	else if (!strcmp(word, "short"))
		ctl->format = CTL_JSON_SHORT;
	else if (!strcmp(word, "off"))
		ctl->format = CTL_TEXT;
	else
		return -1;
	return 0;
}

void options_find_json(struct ctl *ctl, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "--json"))
			(void)set_format(ctl, NULL);
		else if (!strncmp(argv[i], "--json=", strlen("--json=")))
			(void)set_format(ctl, argv[i] + strlen("--json="));
	}
}

/* How many long options begin with what stands between "--" and "=" in a word. */
static unsigned begin_so(const struct options *o, const char *word)
{
	size_t len = strcspn(word + 2, "=");
	unsigned n = 0;

	for (const struct option *l = o->table; l->name; l++)
		n += !strncmp(l->name, word + 2, len);
	return n;
}

/* The option at fault as it was written: getopt_long() keeps the letter, or the word. */
static int wrong(const struct options *o, int c, char **argv)
{
	const char *word = argv[optind - 1];
	bool is_long = !strncmp(word, "--", 2) && word[2];
	unsigned n = is_long ? begin_so(o, word) : 0;
	const char *why = c == ':' ? "needs an argument"
			  : n > 1  ? "may mean several"
			  : n == 1 ? "takes no argument"
				   : "is unknown";

	if (is_long)
		out_usage(o->ctl, o->command, "option '%s' %s", word, why);
	else
		out_usage(o->ctl, o->command, "option '-%c' %s", optopt, why);
	return OPTIONS_BAD;
}

static int common(struct options *o, int c)
{
	struct ctl *ctl = o->ctl;

	switch (c) {
	case OPT_SOCKET:
		ctl->socket = optarg;
		return 0;
	case OPT_LOCAL:
		ctl->local = true;
		return 0;
	case OPT_CRIU:
		ctl->criu = optarg;
		return 0;
	case OPT_JSON:
		if (set_format(ctl, optarg) == 0)
			return 0;
		out_usage(ctl, o->command, "--json is pretty, short or off, not '%s'", optarg);
		return OPTIONS_BAD;
	case OPT_NO_PAGER:
		ctl->no_pager = true;
		return 0;
	case OPT_NO_LEGEND:
		ctl->no_legend = true;
		return 0;
	case OPT_FULL:
		ctl->full = true;
		return 0;
	case 'v':
		ctl->verbose++;
		return 0;
	case 'h':
		return OPTIONS_HELP;
	default:
		return c;
	}
}

static int check_together(const struct options *o)
{
	if (o->ctl->local && o->ctl->socket)
		out_usage(o->ctl, o->command,
			"--local starts a broker of its own: it has no --socket");
	else if (o->ctl->criu && !o->ctl->local)
		out_usage(o->ctl, o->command,
			"--criu needs --local: a broker that runs already has its own");
	else
		return OPTIONS_END;
	return OPTIONS_BAD;
}

int options_next(struct options *o, int argc, char **argv)
{
	opterr = 0;
	for (;;) {
		int c = getopt_long(argc, argv, o->letters, o->table, NULL);

		if (c == -1)
			return check_together(o);
		if (c == ':' || c == '?')
			return wrong(o, c, argv);
		c = common(o, c);
		if (c != 0)
			return c;
	}
}

bool options_too_many(const struct options *o, int argc, char **argv)
{
	const struct option *dir = o->table;

	if (optind >= argc)
		return false;
	/* What puts a directory there has forgotten the -D. */
	while (dir->name && strcmp(dir->name, "images-dir") != 0)
		dir++;
	out_usage(o->ctl, o->command, "'%s' is one too many%s", argv[optind],
		dir->name ? ": images are given by -D DIR" : "");
	return true;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `config`: the broker's settings, and where each comes from. */
#include <string.h>

#include "dial.h"
#include "help.h"
#include "options.h"
#include "output.h"
#include "pager.h"

#define WHAT "config"

enum { OPT_CHANGED = OPTIONS_OWN };

struct wanted {
	bool changed;    /* only what is not the default */
	const char *key; /* NULL: all */
};

static bool shown(const struct wanted *w, const struct fdb_config *config, size_t i)
{
	if (w->key && strcmp(fdb_config_key(config, i), w->key) != 0)
		return false;
	return !w->changed ||
	       strcmp(fdb_config_value(config, i), fdb_config_default(config, i)) != 0;
}

static bool is_there(const struct wanted *w, const struct fdb_config *config)
{
	for (size_t i = 0; w->key && i < fdb_config_n(config); i++)
		if (!strcmp(fdb_config_key(config, i), w->key))
			return true;
	return !w->key;
}

/* A file that could be read again: what is behind ';' is a comment. */
static void print_text(const struct wanted *w, const struct fdb_config *config)
{
	const char *section = NULL;

	for (size_t i = 0; i < fdb_config_n(config); i++) {
		const char *of = fdb_config_section(config, i);

		if (!shown(w, config, i))
			continue;
		if (section && strcmp(section, of) != 0)
			out_line(stdout, "%s", "");
		if (!section || strcmp(section, of) != 0)
			out_line(stdout, "[%s]", of);
		section = of;
		out_line(stdout, "%s=%s ; %s", fdb_config_key(config, i),
			fdb_config_value(config, i), fdb_config_origin(config, i) ?: "default");
	}
}

static void print_json(
	const struct ctl *ctl, const struct wanted *w, const struct fdb_config *config)
{
	cJSON *json = cJSON_CreateArray();

	for (size_t i = 0; i < fdb_config_n(config); i++) {
		cJSON *item = shown(w, config, i) ? cJSON_CreateObject() : NULL;

		if (!item)
			continue;
		out_json_text(item, "section", fdb_config_section(config, i));
		out_json_text(item, "key", fdb_config_key(config, i));
		out_json_text(item, "value", fdb_config_value(config, i));
		out_json_text(item, "origin", fdb_config_origin(config, i) ?: "default");
		out_json_text(item, "default", fdb_config_default(config, i));
		cJSON_AddItemToArray(json, item);
	}
	out_json(ctl, json);
}

static int show(struct ctl *ctl, struct fdb_client *c, void *arg)
{
	const struct wanted *w = arg;
	struct fdb_config *config;
	struct screen screen;
	struct pager pager;
	int code = CTL_DONE;

	if (fdb_config(c, CTL_WAIT_MS, &config) < 0)
		return out_client_error(ctl, WHAT, c);
	if (!is_there(w, config)) {
		char text[160];

		snprintf(text, sizeof(text), "the broker has no setting '%.100s'", w->key);
		code = out_error(
			ctl, WHAT, &(struct out_error){ .exit = CTL_REFUSED, .text = text }, NULL);
		fdb_config_free(config);
		return code;
	}
	pager_begin(&pager, ctl, &screen);
	if (ctl->format == CTL_TEXT)
		print_text(w, config);
	else
		print_json(ctl, w, config);
	pager_end(&pager);
	fdb_config_free(config);
	return out_flush(ctl, WHAT, code);
}

int cmd_config(struct ctl *ctl, int argc, char **argv)
{
	struct wanted w = { 0 };
	struct options o;
	int val, code;

	options_init(&o, ctl, WHAT, false);
	options_add(&o, "changed", no_argument, OPT_CHANGED);
	while ((val = options_next(&o, argc, argv)) != OPTIONS_END) {
		if (val == OPTIONS_HELP)
			return help_show(WHAT);
		if (val == OPTIONS_BAD)
			return CTL_USAGE;
		w.changed = true;
	}
	if (optind < argc)
		w.key = argv[optind++];
	if (optind < argc)
		return out_usage(ctl, WHAT, "one KEY at most, not also '%s'", argv[optind]);
	code = dial_only_running(ctl, WHAT);
	return code ? code : dial_and(ctl, WHAT, show, &w);
}

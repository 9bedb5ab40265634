/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* `criu-fdbroker --dump-options` and `--dump-example`. */
#include "config/config_show.h"

#include <string.h>

#include "config/config_value.h"

void config_show_options(FILE *out)
{
	char range[128];

	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		config_value_range(o, range, sizeof(range));
		fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", o->section, o->key,
			config_type_name(o->type), o->fallback, range[0] ? range : "-",
			o->at_start ? "restart" : "reload", o->what);
	}
}

void config_show_example(FILE *out)
{
	const char *section = "";
	char range[128];

	fputs("# criu-fdbroker.conf(5). Each line shows a default; take the '#' away to change it.\n"
	      "# Checked by criu-fdbroker --check-config, taken by systemctl reload criu-fdbroker.\n",
		out);
	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		if (strcmp(section, o->section) != 0)
			fprintf(out, "\n[%s]\n", o->section);
		section = o->section;
		config_value_range(o, range, sizeof(range));
		fprintf(out, "\n# %s%s%s%s%s\n#%s=%s\n", o->what, range[0] ? " (" : "", range,
			range[0] ? ")" : "", o->at_start ? "; a change takes a restart" : "",
			o->key, o->fallback);
	}
}

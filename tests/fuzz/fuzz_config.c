/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a configuration file: what is taken is written and taken again; what is not is told printably. */
#include <stdlib.h>
#include <string.h>

#include "config/config_text.h"
#include "config/config_value.h"

static void config_same_again(const struct config *config)
{
	char text[CONFIG_VALUE_MAX], again[CONFIG_VALUE_MAX], why[256];
	struct config other;

	if (config_init(&other) < 0)
		abort();
	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		config_value_text(o, config, text, sizeof(text));
		if (config_value_parse(o, text, &other, why, sizeof(why)) < 0)
			abort();
		if (strcmp(text, config_value_text(o, &other, again, sizeof(again))) != 0)
			abort();
	}
	config_done(&other);
}

static void config_printable(const struct config_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		for (const char *c = faults->texts[i]; *c; c++)
			if ((*c > 0 && *c < ' ') || *c == 127)
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_faults faults = { 0 };
	struct config config;

	if (config_init(&config) < 0)
		abort();
	config_text_read("f", (const char *)data, size, &config, &faults);
	config_same_again(&config);
	config_printable(&faults);
	config_faults_done(&faults);
	config_done(&config);
	return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GetConfig: which settings hold, and who has said so. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/printable.h"
#include "calls/handlers.h"
#include "calls/message.h"
#include "config/config_value.h"

#define SHOWN_MAX (4 * CONFIG_VALUE_MAX) /* of bytes that are no text four are made */

struct settings {
	Fdbroker__V1__Setting items[CONFIG_MAX_OPTIONS], *list[CONFIG_MAX_OPTIONS];
	char *texts[CONFIG_MAX_OPTIONS * 2]; /* owned */
	size_t n_texts;
};

/* A string field must be UTF-8, which a path need not be. Return: NULL: no memory. */
static char *keep(struct settings *s, const char *text)
{
	char shown[SHOWN_MAX];
	char *copy = strdup(printable(shown, sizeof(shown), text, strlen(text)));

	if (copy)
		s->texts[s->n_texts++] = copy;
	return copy;
}

static int fill(const struct config *config, size_t i, struct settings *s)
{
	const struct config_option *o = &config_options[i];
	Fdbroker__V1__Setting *to = &s->items[i];
	char value[CONFIG_VALUE_MAX];

	fdbroker__v1__setting__init(to);
	s->list[i] = to;
	to->section = (char *)o->section;
	to->key = (char *)o->key;
	to->default_ = (char *)o->fallback;
	to->value = keep(s, config_value_text(o, config, value, sizeof(value)));
	if (config->origins[i])
		to->origin = keep(s, config->origins[i]);
	return to->value && !to->origin == !config->origins[i] ? 0 : -1;
}

static void settings_free(struct settings *s)
{
	for (size_t i = 0; s && i < s->n_texts; i++)
		free(s->texts[i]);
	free(s);
}

int get_config_call(const struct call *call, struct err *err)
{
	Fdbroker__V1__ServerMessage message = FDBROKER__V1__SERVER_MESSAGE__INIT;
	Fdbroker__V1__Config body = FDBROKER__V1__CONFIG__INIT;
	struct settings *s = calloc(1, sizeof(*s));
	int r = s ? 0 : -1;

	for (size_t i = 0; i < config_n_options && r == 0; i++)
		r = fill(call->calls->config, i, s);
	if (r == 0) {
		body.n_settings = config_n_options;
		body.settings = s->list;
		message.has_serial = true;
		message.serial = call->message->serial;
		message.body_case = FDBROKER__V1__SERVER_MESSAGE__BODY_CONFIG;
		message.config = &body;
		message_send(call->session, &message, NULL);
	}
	settings_free(s);
	return r == 0 ? 0 : err_set(err, ERR_INTERNAL, ENOMEM, NULL, "no memory for the settings");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GetConfig: the broker's settings. */
#include <string.h>

#include "base/cleanup.h"
#include "convert.h"
#include "pump.h"

int fdb_start_config(struct fdb_client *c, uint64_t *ret_call)
{
	Fdbroker__V1__ClientMessage m = FDBROKER__V1__CLIENT_MESSAGE__INIT;
	Fdbroker__V1__GetConfig get = FDBROKER__V1__GET_CONFIG__INIT;

	m.call_case = FDBROKER__V1__CLIENT_MESSAGE__CALL_GET_CONFIG;
	m.get_config = &get;
	return pump_send(c, &m, NULL, 0, ret_call);
}

int fdb_config(struct fdb_client *c, int wait_ms, struct fdb_config **ret)
{
	struct fdb_event *ev = NULL;
	uint64_t call = 0;
	int r = fdb_start_config(c, &call);

	if (r == 0)
		r = arrived_answer(c, call, wait_ms, &ev);
	if (r != 0)
		return r;
	*ret = fdb_event_take_config(ev);
	fdb_event_free(ev);
	return 0;
}

struct fdb_config *fdb_event_take_config(struct fdb_event *ev)
{
	return TAKE_PTR(ev->config);
}

/* ---- what was told ---- */

static int copy(struct setting *to, const Fdbroker__V1__Setting *from)
{
	*to = (struct setting){
		.section = strdup(from->section ? from->section : ""),
		.key = strdup(from->key ? from->key : ""),
		.value = strdup(from->value ? from->value : ""),
		.fallback = strdup(from->default_ ? from->default_ : ""),
		.origin = from->origin ? strdup(from->origin) : NULL,
	};
	return to->section && to->key && to->value && to->fallback && !to->origin == !from->origin
		       ? 0
		       : -1;
}

struct fdb_config *convert_config(const Fdbroker__V1__Config *from)
{
	struct fdb_config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->settings = calloc(from->n_settings + 1, sizeof(*config->settings));
	while (config->settings && config->n < from->n_settings) {
		size_t i = config->n++;

		if (copy(&config->settings[i], from->settings[i]) < 0) {
			fdb_config_free(config);
			return NULL;
		}
	}
	if (config->settings)
		return config;
	fdb_config_free(config);
	return NULL;
}

void fdb_config_free(struct fdb_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n; i++) {
		free(config->settings[i].section);
		free(config->settings[i].key);
		free(config->settings[i].value);
		free(config->settings[i].fallback);
		free(config->settings[i].origin);
	}
	free(config->settings);
	free(config);
}

size_t fdb_config_n(const struct fdb_config *config)
{
	return config->n;
}

const char *fdb_config_section(const struct fdb_config *config, size_t i)
{
	return i < config->n ? config->settings[i].section : NULL;
}

const char *fdb_config_key(const struct fdb_config *config, size_t i)
{
	return i < config->n ? config->settings[i].key : NULL;
}

const char *fdb_config_value(const struct fdb_config *config, size_t i)
{
	return i < config->n ? config->settings[i].value : NULL;
}

const char *fdb_config_origin(const struct fdb_config *config, size_t i)
{
	return i < config->n ? config->settings[i].origin : NULL;
}

const char *fdb_config_default(const struct fdb_config *config, size_t i)
{
	return i < config->n ? config->settings[i].fallback : NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration while the daemon runs. See settings.h. */
#include "config/settings.h"

#include <string.h>

#include "config/config_value.h"
#include "service/log.h"

void settings_apply(const struct config *config, struct users *users, struct jobs *jobs)
{
	users->limits =
		(struct users_limits){ .max = {
					       [USERS_SESSIONS] = config->user_sessions,
					       [USERS_LENT] = config->user_lent,
					       [USERS_JOBS] = config->user_restores,
					       [USERS_KEPT] = config->user_kept,
					       [USERS_LOG_BYTES] = config->user_log_bytes,
					       [USERS_QUEUED_BYTES] = config->user_queue_bytes,
					       [USERS_OWN_JOBS] = config->own_restores,
					       [USERS_OWN_TREES] = config->own_trees,
				       } };
	jobs->planning.width = config->max_planners;
	jobs->workers.width = config_workers(config);
	jobs->workers.narrow_width = config->own_workers;
	jobs->planning.max_waiting = jobs->workers.max_waiting = config->max_restores;
	jobs->planning.reserve = jobs->planning.width > 1;
	jobs->workers.reserve = jobs->workers.width > 2;
	jobs->limits = (struct jobs_limits){
		.max_under_way = (unsigned)config->max_restores,
		.max_kept = config->max_kept,
		.max_log_bytes = config->max_log_bytes,
		.max_job_log_bytes = config->max_job_log_bytes,
		.max_growing_log_bytes = config->max_growing_log_bytes,
	};
}

void settings_log_faults(const struct config_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		log_line(LOG_ERR, NULL, "%s", faults->texts[i]);
	if (faults->left_out)
		log_line(LOG_ERR, NULL, "and %zu more faults", faults->left_out);
}

/* ---- reloading ---- */

static void swap(void *a, void *b, size_t size)
{
	char held[sizeof(struct config_group)];

	memcpy(held, a, size);
	memcpy(a, b, size);
	memcpy(b, held, size);
}

static size_t member_size(const struct config_option *o)
{
	switch (o->type) {
	case CONFIG_PATH:
	case CONFIG_PROGRAM:
		return sizeof(char *);
	case CONFIG_GROUP:
		return sizeof(struct config_group);
	default:
		return sizeof(uint64_t);
	}
}

/* One setting of the old and the fresh configuration: say what changes, and hold back what cannot. */
static void compare(const struct config_option *o, struct config *old, struct config *fresh)
{
	size_t i = (size_t)(o - config_options);
	char was[CONFIG_VALUE_MAX], is[CONFIG_VALUE_MAX];

	config_value_text(o, old, was, sizeof(was));
	config_value_text(o, fresh, is, sizeof(is));
	if (!strcmp(was, is))
		return;
	if (!o->at_start) {
		log_line(LOG_INFO, NULL, "[%s] %s is %.400s now, it was %.400s", o->section, o->key,
			is, was);
		return;
	}
	log_line(LOG_WARNING, NULL, "[%s] %s stays %.400s: %.400s takes a restart", o->section,
		o->key, was, is);
	swap((char *)old + o->offset, (char *)fresh + o->offset, member_size(o));
	swap(&old->origins[i], &fresh->origins[i], sizeof(char *));
}

int settings_reload(const struct config_source *source, struct config *config)
{
	struct config_faults faults;
	struct config fresh;
	int r = config_load(source, &fresh, &faults);

	if (r < 0) {
		settings_log_faults(&faults);
		log_line(LOG_ERR, NULL, "the configuration is bad; the old one stays");
	} else {
		for (size_t i = 0; i < config_n_options; i++)
			compare(&config_options[i], config, &fresh);
		config_done(config);
		*config = fresh;
	}
	config_faults_done(&faults);
	return r;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values: words, numbers, sizes, times, paths, groups. See config_value.h. Which ones there are: config_table.c. */
#include "config/config_value.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NOBODY       ((gid_t)-1)
#define OVERFLOW_GID 65534 /* what Linux shows for a group without a number here (fs.overflowgid) */
#define NONE         "none"

struct unit {
	const char *name;
	uint64_t value;
};

/* The first of a value is the one that is written. */
static const struct unit sizes[] = {
	{ "T", UINT64_C(1) << 40 },
	{ "G", UINT64_C(1) << 30 },
	{ "M", UINT64_C(1) << 20 },
	{ "K", UINT64_C(1) << 10 },
	{ "B", 1 },
	{ "", 1 },
	{ 0 },
};

static const struct unit times[] = {
	{ "d", 86400000 },
	{ "h", 3600000 },
	{ "min", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
	{ "day", 86400000 },
	{ "days", 86400000 },
	{ "hour", 3600000 },
	{ "hours", 3600000 },
	{ "m", 60000 },
	{ "minute", 60000 },
	{ "minutes", 60000 },
	{ "sec", 1000 },
	{ "second", 1000 },
	{ "seconds", 1000 },
	{ "", 1000 },
	{ 0 },
};

static void *member(const struct config_option *o, const struct config *config)
{
	return (char *)config + o->offset;
}

/* ---- text -> number ---- */

static bool find_word(const struct config_word *words, const char *text, uint64_t *ret)
{
	for (; words && words->word; words++)
		if (!strcmp(words->word, text)) {
			*ret = words->value;
			return true;
		}
	return false;
}

static bool find_unit(const struct unit *units, const char *name, size_t n, uint64_t *ret)
{
	for (; units->name; units++)
		if (strlen(units->name) == n && !strncmp(units->name, name, n)) {
			*ret = units->value;
			return true;
		}
	return false;
}

/* Decimal digits; moves *text behind them. */
static bool take_number(const char **text, uint64_t *ret)
{
	const char *p = *text;
	uint64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	if (p == *text)
		return false;
	*text = p;
	*ret = n;
	return true;
}

static bool parse_number(const char *text, uint64_t *ret)
{
	return take_number(&text, ret) && !*text;
}

/* "64K", and with @several "1h 30min": a sum. */
static bool parse_units(const struct unit *units, bool several, const char *text, uint64_t *ret)
{
	uint64_t sum = 0;

	do {
		uint64_t n, unit;
		size_t size;

		if (!take_number(&text, &n))
			return false;
		text += strspn(text, " ");
		size = strcspn(text, " 0123456789");
		if (!find_unit(units, text, size, &unit) || __builtin_mul_overflow(n, unit, &n) ||
			__builtin_add_overflow(sum, n, &sum))
			return false;
		text += size;
		text += strspn(text, " ");
	} while (several && *text);
	*ret = sum;
	return !*text;
}

static bool parse_bool(const char *text, uint64_t *ret)
{
	static const struct config_word words[] = {
		{ "yes", 1 },
		{ "no", 0 },
		{ "true", 1 },
		{ "false", 0 },
		{ "on", 1 },
		{ "off", 0 },
		{ "1", 1 },
		{ "0", 0 },
		{ 0 },
	};

	return find_word(words, text, ret);
}

/* Return: is it of the type, and within the range? */
static bool parse_figure(const struct config_option *o, const char *text, uint64_t *ret)
{
	bool good;

	if (find_word(o->words, text, ret))
		return true;
	switch (o->type) {
	case CONFIG_NUMBER:
		good = parse_number(text, ret);
		break;
	case CONFIG_SIZE:
		good = parse_units(sizes, false, text, ret);
		break;
	case CONFIG_TIME:
		good = parse_units(times, true, text, ret);
		break;
	case CONFIG_BOOL:
		good = parse_bool(text, ret);
		break;
	default:
		good = false;
	}
	if (!good)
		return false;
	for (const struct config_word *w = o->words; w && w->word; w++)
		if (w->value == *ret)
			return true; /* "0" for "never" */
	return *ret >= o->lowest && *ret <= o->highest;
}

/* ---- number -> text ---- */

static void put_figure(enum config_type type, uint64_t n, char *buf, size_t size)
{
	const struct unit *u = type == CONFIG_TIME ? times : sizes;

	if (type == CONFIG_BOOL) {
		snprintf(buf, size, "%s", n ? "yes" : "no");
		return;
	}
	if (type != CONFIG_TIME && type != CONFIG_SIZE) {
		snprintf(buf, size, "%" PRIu64, n);
		return;
	}
	while (n % u->value != 0)
		u++;
	/* 90 minutes are not one hour and a half, but a figure with one unit. */
	snprintf(buf, size, "%" PRIu64 "%s", n / u->value,
		u->value == 1 && type == CONFIG_SIZE ? "" : u->name);
}

const char *config_value_range(const struct config_option *o, char *buf, size_t size)
{
	char low[32], high[32];
	size_t n = 0;

	buf[0] = 0;
	if (o->lowest < o->highest && o->type != CONFIG_BOOL) {
		put_figure(o->type, o->lowest, low, sizeof(low));
		put_figure(o->type, o->highest, high, sizeof(high));
		n = (size_t)snprintf(buf, size, "%s .. %s", low, high);
	}
	for (const struct config_word *w = o->words; w && w->word && n < size; w++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s",
			n == 0      ? ""
			: w[1].word ? ", "
				    : " or ",
			w->word);
	return buf;
}

const char *config_value_text(
	const struct config_option *o, const struct config *config, char *buf, size_t size)
{
	const void *at = member(o, config);
	const char *text = o->type == CONFIG_GROUP ? ((const struct config_group *)at)->name
						   : *(char *const *)at;

	if (o->type == CONFIG_PATH || o->type == CONFIG_PROGRAM || o->type == CONFIG_GROUP) {
		snprintf(buf, size, "%s", text ?: NONE);
		return buf;
	}
	for (const struct config_word *w = o->words; w && w->word; w++)
		if (w->value == *(const uint64_t *)at) {
			snprintf(buf, size, "%s", w->word);
			return buf;
		}
	put_figure(o->type, *(const uint64_t *)at, buf, size);
	return buf;
}

/* ---- paths and groups ---- */

static bool is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return false;
	return true;
}

static const char *set_text(char **at, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		return "cannot be kept: no memory";
	free(*at);
	*at = copy;
	return NULL;
}

static const char *parse_path(const struct config_option *o, const char *text, char **at)
{
	if (o->type == CONFIG_PATH && !strcmp(text, NONE))
		return set_text(at, NULL);
	if (strlen(text) >= PATH_MAX)
		return "is too long for a path";
	return is_clean(text) ? set_text(at, text) : "has control characters";
}

/* In /etc/group, and nowhere else: see config_value.h. */
static gid_t find_group(const char *name)
{
	autofree char *buf = malloc(1024 * 1024);
	FILE *file = fopen("/etc/group", "re");
	struct group group, *found = NULL;
	gid_t gid = NOBODY;

	while (buf && file && gid == NOBODY &&
		fgetgrent_r(file, &group, buf, 1024 * 1024, &found) == 0)
		if (!strcmp(found->gr_name, name))
			gid = found->gr_gid;
	if (file)
		(void)fclose(file);
	return gid;
}

static const char *parse_group(const char *text, struct config_group *at)
{
	uint64_t number;
	gid_t gid;
	const char *bad;

	if (!strcmp(text, NONE))
		return set_text(&at->name, NULL);
	gid = parse_number(text, &number) && number < NOBODY ? (gid_t)number : find_group(text);
	if (gid == NOBODY)
		return "is no group of /etc/group";
	if (gid == OVERFLOW_GID)
		return "may stand for several groups of other user namespaces";
	bad = set_text(&at->name, text);
	if (!bad)
		at->gid = gid;
	return bad;
}

/* ---- one value ---- */

static const char *parse(const struct config_option *o, const char *text, struct config *config)
{
	uint64_t figure;

	if (o->type == CONFIG_PATH || o->type == CONFIG_PROGRAM)
		return parse_path(o, text, member(o, config));
	if (o->type == CONFIG_GROUP)
		return parse_group(text, member(o, config));
	if (!parse_figure(o, text, &figure))
		return "";
	*(uint64_t *)member(o, config) = figure;
	return NULL;
}

static void say_what_is_wanted(
	const struct config_option *o, const char *text, char *why, size_t size)
{
	char range[128];
	const char *type = config_type_name(o->type);

	config_value_range(o, range, sizeof(range));
	if (o->type == CONFIG_BOOL)
		snprintf(why, size, "'%.60s' is neither yes nor no", text);
	else if (o->type == CONFIG_WORD)
		snprintf(why, size, "'%.60s' is none of %s", text, range);
	else
		snprintf(why, size, "'%.60s' is no %s within %s", text, type, range);
}

int config_value_parse(const struct config_option *o, const char *text, struct config *config,
	char *why, size_t size)
{
	const char *bad = parse(o, text[0] ? text : o->fallback, config);

	if (!bad)
		return 0;
	if (bad[0])
		snprintf(why, size, "'%.60s' %s", text, bad);
	else
		say_what_is_wanted(o, text, why, size);
	return -1;
}

/* ---- all of them ---- */

int config_init(struct config *ret)
{
	char why[256];

	*ret = (struct config){ .local = -1 };
	for (size_t i = 0; i < config_n_options; i++)
		if (config_value_parse(&config_options[i], "", ret, why, sizeof(why)) < 0) {
			config_done(ret); /* defaults are good: there is no memory */
			return -ENOMEM;
		}
	return 0;
}

void config_done(struct config *config)
{
	free(config->criu);
	free(config->state_dir);
	free(config->socket_path);
	free(config->group.name);
	for (size_t i = 0; i < CONFIG_MAX_OPTIONS; i++)
		free(config->origins[i]);
	*config = (struct config){ .local = -1 };
}

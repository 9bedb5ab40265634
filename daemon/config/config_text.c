/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of a configuration file. See config_text.h.
 *
 * inih takes the lines apart. It is given them one by one, for what it does not do: it does not tell its
 * handler which line it is at, names only the first line that it cannot read, cuts long lines in two, takes
 * indented lines for the rest of the one before, and passes over what stands behind a section's bracket.
 */
#include "config/config_text.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "config/config_value.h"

#define BLANKS " \t\r\f\v"

/* ---- faults ---- */

void config_fault(struct config_faults *faults, const char *where, const char *fmt, ...)
{
	char text[512], shown[1024];
	va_list ap;
	int n;

	if (faults->n == CONFIG_MAX_FAULTS) {
		faults->left_out++;
		return;
	}
	n = snprintf(text, sizeof(text), "%.220s: ", where);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	faults->texts[faults->n] = strdup(printable(shown, sizeof(shown), text, strlen(text)));
	if (faults->texts[faults->n])
		faults->n++;
	else
		faults->left_out++;
}

void config_faults_done(struct config_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		free(faults->texts[i]);
	*faults = (struct config_faults){ 0 };
}

/* ---- lines ---- */

struct reading {
	const char *name; /* of the file */
	const char *next; /* the rest of the text */
	const char *end;  /* of it */
	unsigned line;    /* the number of the one that inih has */
	bool wants_value; /* that one is a setting, and the handler has not heard of it */
	bool skips;       /* the section is none that we know: said once */
	bool in_section;
	struct config *config;
	struct config_faults *faults;
};

static void complain(struct reading *r, const char *text)
{
	char where[256];

	snprintf(where, sizeof(where), "%.200s:%u", r->name, r->line);
	config_fault(r->faults, where, "%s", text);
}

static void open_section(struct reading *r, const char *line)
{
	char name[64], text[128];
	const char *end = strchr(line, ']'), *rest;

	r->skips = true; /* what follows belongs to nothing */
	r->in_section = true;
	if (!end) {
		complain(r, "a section without ']'");
		return;
	}
	rest = end + 1 + strspn(end + 1, BLANKS);
	if (*rest && *rest != ';' && *rest != '#') {
		complain(r, "there is something behind ']'");
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
	if (!config_section_known(name)) {
		snprintf(text, sizeof(text), "there is no section [%s]", name);
		complain(r, text);
		return;
	}
	r->skips = false;
}

static void find_kind(struct reading *r, const char *line)
{
	if (line[0] == '[')
		open_section(r, line);
	else if (line[0] && line[0] != ';' && line[0] != '#')
		r->wants_value = true;
}

static void end_line(struct reading *r)
{
	if (r->wants_value)
		complain(r, "neither KEY=VALUE nor [SECTION] nor a comment");
	r->wants_value = false;
}

/* What inih may have of a line: nothing, if it is none that it could take whole. */
static void take_line(struct reading *r, const char *line, size_t size, char *buf, int room)
{
	char text[64];

	buf[0] = 0;
	if (memchr(line, 0, size)) {
		complain(r, "the line has a zero byte");
	} else if (size + 2 > (size_t)room) { /* with a newline and a zero */
		snprintf(text, sizeof(text), "the line is longer than %d bytes", room - 2);
		complain(r, text);
	} else {
		memcpy(buf, line, size);
		buf[size] = 0;
	}
}

/* An ini_reader: the next line, without its blanks at the front. NULL: there are no more. */
static char *read_line(char *buf, int room, void *arg)
{
	struct reading *r = arg;
	const char *start = r->next, *newline;
	size_t size;

	end_line(r);
	if (start == r->end)
		return NULL;
	newline = memchr(start, '\n', (size_t)(r->end - start));
	r->next = newline ? newline + 1 : r->end;
	r->line++;
	size = (size_t)((newline ?: r->end) - start);
	while (size && strchr(BLANKS, *start) && *start)
		start++, size--;
	take_line(r, start, size, buf, room);
	find_kind(r, buf);
	return buf;
}

/* ---- settings ---- */

/* What may have been meant: the same key written otherwise, or of another section. */
static const struct config_option *find_meant(const char *section, const char *key)
{
	const struct config_option *meant = NULL;

	for (size_t i = 0; i < config_n_options; i++) {
		const struct config_option *o = &config_options[i];

		if (strcasecmp(o->key, key) != 0)
			continue;
		if (!strcmp(o->section, section))
			return o;
		meant = meant ?: o;
	}
	return meant;
}

static void complain_of_key(struct reading *r, const char *section, const char *key)
{
	const struct config_option *meant = find_meant(section, key);
	char text[256];

	if (meant)
		snprintf(text, sizeof(text),
			"there is no '%.64s' in [%s]; '%s' is a setting of [%s]", key, section,
			meant->key, meant->section);
	else
		snprintf(text, sizeof(text), "there is no '%.64s' in [%s]", key, section);
	complain(r, text);
}

static void set(struct reading *r, const struct config_option *o, const char *value)
{
	char **origin = &r->config->origins[o - config_options];
	char why[256], text[400];

	if ((o->type == CONFIG_PATH || (o->type == CONFIG_PROGRAM && strchr(value, '/'))) &&
		value[0] && value[0] != '/' && strcmp(value, "none") != 0) {
		snprintf(text, sizeof(text), "%s: '%.100s' is no absolute path", o->key, value);
		complain(r, text);
		return;
	}
	if (config_value_parse(o, value, r->config, why, sizeof(why)) < 0) {
		snprintf(text, sizeof(text), "%s: %s", o->key, why);
		complain(r, text);
		return;
	}
	free(*origin);
	*origin = NULL;
	if (value[0] && asprintf(origin, "%s:%u", r->name, r->line) < 0) {
		*origin = NULL;
		complain(r, "no memory");
	}
}

/* An ini_handler. Return: 1: good, for inih. */
static int on_value(void *arg, const char *section, const char *key, const char *value)
{
	struct reading *r = arg;
	const struct config_option *o;

	r->wants_value = false;
	if (r->skips)
		return 1;
	if (!r->in_section) {
		complain(r, "a setting before any [SECTION]");
		return 1;
	}
	o = config_option_find(section, key);
	if (o)
		set(r, o, value);
	else
		complain_of_key(r, section, key);
	return 1;
}

void config_text_read(const char *name, const char *text, size_t size, struct config *config,
	struct config_faults *faults)
{
	static const char bom[] = "\xef\xbb\xbf";
	struct reading r = {
		.name = name, .next = text, .end = text + size, .config = config, .faults = faults
	};

	if (size >= 3 && !memcmp(text, bom, 3))
		r.next += 3;
	/* What it cannot read has been said already, all but the want of memory. */
	if (ini_parse_stream(read_line, &r, on_value, &r) < 0)
		config_fault(faults, name, "no memory");
	end_line(&r);
}

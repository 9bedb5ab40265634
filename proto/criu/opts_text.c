/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* criu_opts from text, as people write it: opts_append(). See opts.h; the table is in opts.c. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "criu/field.h"
#include "criu/opts.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Where a value is to go, and what an error calls it: "criu_opts.NAME", also for its sub-fields. */
struct put {
	const struct opts_field *f;
	const char *path;
	struct field_bytes *out;
	struct err *err;
};

__attribute__((format(printf, 2, 3))) static int bad(const struct put *p, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(p->err, ERR_BAD_REQUEST, 0, p->path, "%s: %s", p->path, text);
}

static int done(const struct put *p, int r)
{
	return r < 0 ? err_set(p->err, ERR_INTERNAL, -r, p->path, "%s", p->path) : 0;
}

static int put_bool(const struct put *p, const char *value)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (!strcasecmp(value, words[i]))
			return done(p, field_put_varint(p->out, p->f->number, i % 2));
	return bad(p, "'%.64s' is neither true nor false", value);
}

/* Decimal, or hexadecimal after 0x; no blanks, no other signs than one '-'. */
static int parse_number(const char *value, long long low, long long high, long long *ret)
{
	const char *digits = value[0] == '-' ? value + 1 : value;
	bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	char *end;

	digits += hex ? 2 : 0;
	if (!digits[0] ||
		strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != strlen(digits))
		return -EINVAL;
	errno = 0;
	*ret = strtoll(digits, &end, hex ? 16 : 10);
	if (errno)
		return -ERANGE;
	*ret = value[0] == '-' ? -*ret : *ret;
	return *ret < low || *ret > high ? -ERANGE : 0;
}

static int put_number(const struct put *p, const char *value)
{
	bool sign = p->f->type == OPTS_INT32;
	long long low = sign ? INT32_MIN : 0, high = sign ? INT32_MAX : UINT32_MAX, number;

	if (parse_number(value, low, high, &number) < 0)
		return bad(p, "'%.64s' is no number from %lld to %lld", value, low, high);
	return done(p, field_put_varint(p->out, p->f->number, (uint64_t)number));
}

static int put_enum(const struct put *p, const char *value)
{
	char names[128] = "";
	long long number;
	bool is_number = parse_number(value, INT32_MIN, INT32_MAX, &number) == 0;

	for (const struct opts_name *v = p->f->values; v->name; v++) {
		size_t used = strlen(names);

		if (is_number ? v->number == number : !strcasecmp(value, v->name))
			return done(p, field_put_varint(
					       p->out, p->f->number, (uint64_t)(int64_t)v->number));
		snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", v->name);
	}
	return bad(p, "'%.64s' is none of %s", value, names);
}

static int put_string(const struct put *p, const char *value)
{
	size_t size = strlen(value);

	if (size > OPTS_MAX_STRING)
		return bad(p, "%zu bytes are more than %d", size, OPTS_MAX_STRING);
	return done(p, field_put_bytes(p->out, p->f->number, value, size));
}

static int put_scalar(const struct put *p, const char *value)
{
	switch (p->f->type) {
	case OPTS_BOOL:
		return put_bool(p, value);
	case OPTS_INT32:
	case OPTS_UINT32:
		return put_number(p, value);
	case OPTS_ENUM:
		return put_enum(p, value);
	case OPTS_STRING:
		return put_string(p, value);
	case OPTS_MESSAGE:
		break;
	}
	return err_set(p->err, ERR_INTERNAL, EINVAL, p->path, "%s: messages do not nest", p->path);
}

/* Cuts "key=value" off the front of *rest, in place, with \, and \\ resolved. NULL: no more. */
static char *next_pair(char **rest)
{
	char *from = *rest, *to = *rest, *pair = *rest;

	if (!pair)
		return NULL;
	for (; *from && *from != ','; from++) {
		if (*from == '\\' && (from[1] == ',' || from[1] == '\\'))
			from++;
		*to++ = *from;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return pair;
}

static const char *sub_names(const struct opts_field *f, char *buf, size_t size)
{
	buf[0] = '\0';
	for (const struct opts_field *sub = f->subs; sub->name; sub++) {
		size_t used = strlen(buf);

		snprintf(buf + used, size - used, "%s%s=...", used ? "," : "", sub->name);
	}
	return buf;
}

static int put_pair(const struct put *p, char *pair, uint32_t *seen)
{
	char names[128];
	char *value = strchrnul(pair, '=');

	for (const struct opts_field *sub = p->f->subs; *value && sub->name; sub++) {
		struct put inner = { .f = sub, .path = p->path, .out = p->out, .err = p->err };

		if (strlen(sub->name) != (size_t)(value - pair) ||
			strncmp(sub->name, pair, strlen(sub->name)) != 0)
			continue;
		if (*seen & 1U << sub->number)
			return bad(p, "%s is there twice", sub->name);
		*seen |= 1U << sub->number;
		return put_scalar(&inner, value + 1);
	}
	return bad(p, "'%.64s' does not fit %s", pair, sub_names(p->f, names, sizeof(names)));
}

static int put_message(const struct put *p, const char *value)
{
	autofieldbytes struct field_bytes inside = { 0 };
	autofree char *copy = strdup(value);
	struct put inner = { .f = p->f, .path = p->path, .out = &inside, .err = p->err };
	uint32_t seen = 0;
	char *rest = copy, *pair;

	if (!copy)
		return done(p, -ENOMEM);
	while ((pair = next_pair(&rest)))
		if (put_pair(&inner, pair, &seen) < 0)
			return -1;
	for (const struct opts_field *sub = p->f->subs; sub->name; sub++)
		if (sub->required && !(seen & 1U << sub->number))
			return bad(p, "%s= is missing", sub->name);
	return done(p, field_put_bytes(p->out, p->f->number, inside.data, inside.size));
}

int opts_append(uint8_t **bytes, size_t *size, const struct opts_field *f, const char *value,
	struct err *err)
{
	struct field_bytes all = { .data = *bytes, .size = *size };
	char path[80];
	struct put p = { .f = f, .path = path, .out = &all, .err = err };

	snprintf(path, sizeof(path), "criu_opts.%s", f->name);
	if ((f->type == OPTS_MESSAGE ? put_message(&p, value) : put_scalar(&p, value)) < 0)
		return -1;
	*bytes = all.data;
	*size = all.size;
	return 0;
}

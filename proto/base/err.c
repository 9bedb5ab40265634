/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors with their place. See err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Length of the well-formed UTF-8 character at c that may be shown, bytes; 0: there is none. */
static size_t printable(const unsigned char *c)
{
	size_t n = utf8_length(c[0]);

	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	/* Control characters, of ASCII and of Latin 1. */
	if ((n == 1 && (c[0] < ' ' || c[0] == 0x7f)) || (c[0] == 0xc2 && c[1] < 0xa0))
		return 0;
	/* Encodings longer than need be, surrogates, numbers past the last. */
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f))
		return 0;
	if ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return n;
}

/* Texts quote clients and images, and end in terminals and journals: one line of good UTF-8. */
static void make_printable(char *text)
{
	unsigned char *c = (unsigned char *)text;

	while (*c) {
		size_t n = printable(c);

		if (n == 0)
			*c = '?';
		c += n ? n : 1;
	}
}

int err_set(struct err *err, enum err_code code, int sys, const char *field, const char *fmt, ...)
{
	va_list ap;
	size_t used;

	if (!err)
		return -1;
	err->code = code;
	err->sys = sys;
	snprintf(err->field, sizeof(err->field), "%s", field ? field : "");
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	if (sys && used < sizeof(err->text) - 1)
		snprintf(err->text + used, sizeof(err->text) - used, ": %s",
			strerrordesc_np(sys) ?: "unknown error");
	make_printable(err->field);
	make_printable(err->text);
	return -1;
}

const char *err_field(
	char *buf, unsigned size, const char *list, unsigned long index, const char *member)
{
	snprintf(buf, size, member ? "%s[%lu].%s" : "%s[%lu]", list, index, member);
	return buf;
}

const char *err_code_name(int code)
{
	static const char *const names[ERR_CODES] = {
		[ERR_NONE] = "ERROR_UNSPECIFIED",
		[ERR_INTERNAL] = "INTERNAL",
		[ERR_PROTOCOL] = "PROTOCOL",
		[ERR_UNSUPPORTED] = "UNSUPPORTED",
		[ERR_BAD_REQUEST] = "BAD_REQUEST",
		[ERR_PERMISSION] = "PERMISSION",
		[ERR_LIMIT] = "LIMIT",
		[ERR_NAME_TAKEN] = "NAME_TAKEN",
		[ERR_NO_SUCH_NAME] = "NO_SUCH_NAME",
		[ERR_FORBIDDEN_OPTION] = "FORBIDDEN_OPTION",
		[ERR_BAD_IMAGES] = "BAD_IMAGES",
		[ERR_NO_CRIU] = "NO_CRIU",
		[ERR_CRIU_FAILED] = "CRIU_FAILED",
		[ERR_CRIU_BROKE] = "CRIU_BROKE",
		[ERR_DEADLINE] = "DEADLINE",
		[ERR_CANCELLED] = "CANCELLED",
		[ERR_REFUSED] = "REFUSED",
		[ERR_NO_SUCH_JOB] = "NO_SUCH_JOB",
		[ERR_TOO_LATE] = "TOO_LATE",
		[ERR_BROKER_DIED] = "BROKER_DIED",
		[ERR_DRAINING] = "DRAINING",
	};

	if (code < 0 || code >= ERR_CODES)
		return "UNKNOWN";
	return names[code];
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors with their place. See err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"

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
	/* Texts quote clients and images, and end in terminals and journals. */
	printable_line(err->field);
	printable_line(err->text);
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of lent descriptors. See names.h. */
#include "names.h"

#include <string.h>

const char *names_fault(const char *name)
{
	if (!name[0])
		return "is empty";
	if (strnlen(name, NAME_MAX_BYTES + 1) > NAME_MAX_BYTES)
		return "is longer than 255 bytes";
	for (const char *c = name; *c; c++) {
		if (*c == ':')
			return "holds a colon";
		if (*c < ' ' || *c >= 127)
			return "holds a byte that is not printable ASCII";
	}
	return NULL;
}

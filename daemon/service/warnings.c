/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of what is amiss: a few constants. */
#include "service/warnings.h"

#include "service/log.h"

void warnings_add(struct warnings *warnings, const char *text)
{
	for (size_t i = 0; i < warnings->n; i++)
		if (warnings->texts[i] == text)
			return;
	log_line(LOG_WARNING, NULL, "%s", text);
	if (warnings->n < WARNINGS_MAX)
		warnings->texts[warnings->n++] = text;
}

void warnings_remove(struct warnings *warnings, const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < warnings->n; i++)
		if (warnings->texts[i] != text)
			warnings->texts[kept++] = warnings->texts[i];
	warnings->n = kept;
}

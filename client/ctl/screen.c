/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Terminal, locale, width. See screen.h. */
#include "screen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/utf8.h"

/* Narrower than this nothing can be laid out. */
#define LEAST_WIDTH 40
#define MOST_WIDTH  10000

static unsigned width_of(int fd, bool terminal)
{
	const char *columns = getenv("COLUMNS");
	unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;
	struct winsize w;

	if (n == 0 && terminal && ioctl(fd, TIOCGWINSZ, &w) == 0)
		n = w.ws_col;
	if (n == 0 || n > MOST_WIDTH)
		return 0;
	return n < LEAST_WIDTH ? LEAST_WIDTH : (unsigned)n;
}

static bool set(const char *name)
{
	const char *value = getenv(name);

	return value && value[0];
}

bool screen_can_move(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") != 0;
}

void screen_look(struct screen *ret, int fd)
{
	bool terminal = isatty(fd);

	(void)setlocale(LC_CTYPE, "");
	*ret = (struct screen){
		.lines = terminal && strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
		.colour = terminal && !set("NO_COLOR") && screen_can_move(),
		.width = width_of(fd, terminal),
	};
}

unsigned screen_columns(const char *text)
{
	unsigned columns = 0;

	while (*text) {
		uint32_t c;
		size_t n;
		int width;

		if (*text >= ' ' && *text < 0x7f) {
			columns++;
			text++;
			continue;
		}
		n = utf8_decode(text, 4, &c);
		width = n ? wcwidth((wchar_t)c) : 1;
		/* Unknown to the locale: most likely one. */
		columns += width < 0 ? 1 : (unsigned)width;
		text += n ? n : 1;
	}
	return columns;
}

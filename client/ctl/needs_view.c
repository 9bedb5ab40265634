/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Needs as text. See needs_view.h; as JSON: plan/report_inspect.c. */
#include "needs_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "line.h"
#include "plan/describe.h"
#include "plan/report_inspect.h"
#include "text.h"

/* Columns of the longest name of a need, and two more. */
#define INDENT 15

/* Characters that no shell looks at. */
#define SAFE                                                                                       \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"                                     \
	"0123456789_./:,@%+-"

/* As a shell wants it. Return: the caller's; NULL: no memory. */
static char *quoted(const char *text)
{
	bool plain = text[strspn(text, SAFE)] == 0;
	char *copy = malloc(strlen(text) * 4 + 3), *p = copy;

	if (!copy)
		return NULL;
	if (!plain)
		*p++ = '\'';
	for (; *text; text++) {
		if (*text == '\'')
			p = stpcpy(p, "'\\'");
		*p++ = *text;
	}
	if (!plain)
		*p++ = '\'';
	*p = 0;
	return copy;
}

/* The target to write; by number where its name has bytes that cannot be typed. */
static char *need_option(const struct plan *p, const struct plan_need *need)
{
	autofree char *target = malloc(DESCRIBE_NAME_SIZE);
	autofree char *shown = NULL;

	if (!target)
		return NULL;
	report_need_target(p, need, target);
	shown = text_printable(target);
	if (!shown || strcmp(shown, target) == 0)
		return shown ? quoted(target) : NULL;
	/* A namespace has no number; then at least nothing harmful is printed. */
	if (need->code == NEED_NAMESPACE)
		return quoted(shown);
	target_of_file(p->g, need->file, target, DESCRIBE_NAME_SIZE);
	return quoted(target);
}

int needs_print(const struct plan *p, const struct screen *screen, FILE *out)
{
	struct line line = { .screen = screen };
	int r = 0;

	for (size_t i = 0; i < p->n_needs && r == 0; i++) {
		const struct plan_need *need = &p->needs[i];
		autofree char *target = need_option(p, need);
		char text[512];

		if (!target) {
			r = -ENOMEM;
			break;
		}
		line_put(&line, LINE_WARN, plan_need_name(need->code));
		line_pad(&line, INDENT);
		line_put(&line, LINE_PLAIN, plan_need_text(p->g, need, text, sizeof(text)));
		line_end(&line, out);
		/* To be copied: not cut. */
		fprintf(out, "%*s--map %s=NAME\n", INDENT, "", target);
	}
	r = line.failed ? -ENOMEM : r;
	line_done(&line);
	return r;
}

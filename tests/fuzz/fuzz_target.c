/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a target, resolved in the graph of the zoo; what is parsed and written is parsed the same. */
#include "fuzz.h"
#include "plan/load.h"
#include "plan/target.h"

#define ZOO "tests/unit/data/zoo"

static const struct graph *zoo(void)
{
	static struct graph g;
	struct err err;
	int dir;

	if (g.n_files)
		return &g;
	dir = open(ZOO, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (load_graph(dir, &g, &err) < 0) {
		fprintf(stderr, "%s: %s: %s\n", ZOO, err.field, err.text);
		abort();
	}
	close(dir);
	return &g;
}

static void round_trip(const struct target *t)
{
	char text[5000];
	struct target again;
	struct err err;

	if (t->text && (strchr(t->text, '\\') || strpbrk(t->text, "\x7f")))
		return; /* made printable, so not the same */
	for (const char *c = t->text ? t->text : ""; *c; c++)
		if (*c < ' ')
			return;
	if (target_parse(target_text(t, text, sizeof(text)), &again, &err) < 0)
		abort();
	if (again.kind != t->kind || again.pid != t->pid || again.fd != t->fd ||
		again.id != t->id || (t->text && strcmp(again.text, t->text) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target_files files = { 0 };
	struct target t;
	struct err err;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = 0;
	if (target_parse(text, &t, &err) == 0) {
		round_trip(&t);
		(void)target_resolve(zoo(), &t, true, &files, &err);
		target_files_done(&files);
	}
	free(text);
	return 0;
}

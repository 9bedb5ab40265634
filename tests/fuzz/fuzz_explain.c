/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as criu's log, explained with the graph of the zoo and without: always one printable line. */
#include "fuzz.h"
#include "base/utf8.h"
#include "plan/explain.h"
#include "plan/explain_rules.h"
#include "plan/load.h"

#define EXPLAIN_ZOO "tests/unit/data/zoo"

static const struct graph *explain_zoo(void)
{
	static struct graph g;
	struct err err;
	int dir;

	if (g.n_files)
		return &g;
	dir = open(EXPLAIN_ZOO, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (load_graph(dir, &g, &err) < 0) {
		fprintf(stderr, "%s: %s: %s\n", EXPLAIN_ZOO, err.field, err.text);
		abort();
	}
	close(dir);
	return &g;
}

/* As hostile as the log itself: the name of a process. */
static const char *name_of_stranger(void *arg, pid_t pid, char *buf, size_t size)
{
	(void)arg;
	snprintf(buf, size, "a process named \x1b[2J\xff %d", pid);
	return buf;
}

static void check_line(const struct explained *e)
{
	if (!utf8_valid(e->text, strlen(e->text)) || !e->text[0])
		abort();
	for (const char *c = e->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			abort();
	if (strcmp(e->hint, explain_hint(e->reason)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct explain_mapping mappings[] = {
		{ "5.10", "log", "fdb/n1" },
		{ "key:pipe:[1668096]", "\x1b\xff", "pipe:[1]" },
		{ "no target", "x", NULL },
	};
	const struct explain_about about = { explain_zoo(), mappings,
		sizeof(mappings) / sizeof(mappings[0]), name_of_stranger, NULL };
	struct explained e;

	if (explain_log(&about, (const char *)data, size, &e))
		check_line(&e);
	if (explain_log(NULL, (const char *)data, size, &e))
		check_line(&e);
	return 0;
}

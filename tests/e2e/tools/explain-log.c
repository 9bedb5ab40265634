/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: explain-log IMAGES LOG [TARGET=LENT[=KEY]]...
 *
 * Why a restore of these images has failed, from criu's log: prints the reason, the text and the hint, a line
 * each. Exit code 0, or 1 if the log tells nothing. Without images ("-") ids stay as they are.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/pids.h"
#include "plan/explain.h"
#include "plan/load.h"

#define MAX_MAPPINGS 32
#define MAX_BYTES    (16u * 1024 * 1024)

static const char *who_has(void *arg, pid_t pid, char *buf, size_t size)
{
	struct pid_taken taken[PIDS_MAX_TAKEN];
	uint32_t asked = (uint32_t)pid;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = pids_taken(proc, &asked, 1, taken);

	(void)arg;
	close(proc);
	if (n < 1)
		return NULL;
	snprintf(buf, size, "%s", taken[0].what);
	return buf;
}

static size_t read_mappings(char **args, size_t n, struct explain_mapping *ret)
{
	size_t i;

	for (i = 0; i < n && i < MAX_MAPPINGS; i++) {
		char *rest;

		ret[i].target = strtok_r(args[i], "=", &rest);
		ret[i].lent = strtok_r(NULL, "=", &rest);
		ret[i].key = strtok_r(NULL, "", &rest);
		if (!ret[i].lent)
			exit(2);
	}
	return i;
}

int main(int argc, char **argv)
{
	struct explain_mapping mappings[MAX_MAPPINGS];
	struct explain_about about = { .mappings = mappings, .who_has_pid = who_has };
	struct explained e;
	struct graph g = { 0 };
	struct err err;
	autofree char *log = malloc(MAX_BYTES);
	FILE *f = argc > 2 ? fopen(argv[2], "re") : NULL;
	size_t size;
	int dir;

	if (!f || !log) {
		fprintf(stderr, "usage: explain-log IMAGES LOG [TARGET=LENT[=KEY]]...\n");
		return 2;
	}
	size = fread(log, 1, MAX_BYTES, f);
	fclose(f);
	if (strcmp(argv[1], "-") != 0) {
		dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (load_graph(dir, &g, &err) < 0) {
			fprintf(stderr, "explain-log: %s: %s\n", err.field, err.text);
			return 2;
		}
		close(dir);
		about.graph = &g;
	}
	about.n_mappings = read_mappings(argv + 3, (size_t)argc - 3, mappings);
	if (!explain_log(&about, log, size, &e))
		return 1;
	printf("%s\n%s\n%s\n", e.reason, e.text, e.hint);
	graph_done(&g);
	return 0;
}

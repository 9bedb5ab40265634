/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The grammar of targets, what they name in the zoo (tests/unit/data/zoo), and what is proposed instead. */
#include "images.h"
#include "plan/key.h"
#include "plan/load.h"
#include "plan/target.h"

#define ZOO "tests/unit/data/zoo"

struct row {
	const char *name, *text;
	struct target want; /* text NULL: refused */
	bool refused;
};

static void parsed(void **state)
{
	const struct row *r = *state;
	struct target t = { .number = 77 };
	struct err err = { 0 };

	if (r->refused) {
		assert_int_equal(target_parse(r->text, &t, &err), -1);
		assert_int_equal(err.code, ERR_BAD_REQUEST);
		assert_int_equal(t.number, 77);
		return;
	}
	assert_int_equal(target_parse(r->text, &t, &err), 0);
	assert_int_equal(t.kind, r->want.kind);
	assert_int_equal(t.pid, r->want.pid);
	assert_int_equal(t.fd, r->want.fd);
	assert_int_equal(t.id, r->want.id);
	assert_int_equal(t.number, r->want.number);
	if (r->want.text)
		assert_string_equal(t.text, r->want.text);
}

static void too_long(void **state)
{
	char text[5000] = "key:";
	struct target t;
	struct err err;

	(void)state;
	memset(text + 4, 'x', 4096);
	assert_int_equal(target_parse(text, &t, &err), -1);
	text[4 + 4095] = 0;
	assert_int_equal(target_parse(text, &t, &err), 0);
}

/* ---- in the zoo ---- */

static int zoo(void **state)
{
	static struct graph g;
	int dir = open(ZOO, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err err;
	int r;

	g = (struct graph){ 0 };
	r = load_graph(dir, &g, &err);
	close(dir);
	*state = &g;
	return r;
}

static int zoo_end(void **state)
{
	graph_done(*state);
	return 0;
}

static uint32_t file_at(const struct graph *g, uint32_t fd)
{
	return g->descs[graph_desc(g, g->tasks[0].table, fd)].file;
}

/* A target made from a format resolves to so many open files; its text is written to ret. */
static size_t resolve(
	const struct graph *g, struct target_files *f, struct err *err, const char *text)
{
	struct target t;

	*f = (struct target_files){ 0 };
	*err = (struct err){ 0 };
	assert_int_equal(target_parse(text, &t, err), 0);
	if (target_resolve(g, &t, true, f, err) < 0)
		return 0;
	return f->n;
}

static void one_descriptor(void **state)
{
	const struct graph *g = *state;
	struct target_files f;
	struct err err;
	char text[64], back[32];

	snprintf(text, sizeof(text), "%u.12", g->tasks[0].pid);
	assert_int_equal(resolve(g, &f, &err, text), 1);
	assert_int_equal(f.files[0], file_at(g, 10));
	snprintf(text, sizeof(text), "%u.10", g->tasks[0].pid);
	assert_string_equal(target_of_file(g, f.files[0], back, sizeof(back)), text);
	target_files_done(&f);
	snprintf(text, sizeof(text), "id:0x%x", g->files[file_at(g, 27)].id);
	assert_int_equal(resolve(g, &f, &err, text), 1);
	assert_int_equal(f.files[0], file_at(g, 27));
	target_files_done(&f);
}

/* A key hits both openings, the mapping's record and the one in flight; never the path of a FIFO. */
static void resources(void **state)
{
	const struct graph *g = *state;
	struct target_files f;
	struct err err;
	char text[64];

	assert_int_equal(resolve(g, &f, &err, "run/w/log"), 4);
	target_files_done(&f);
	assert_int_equal(resolve(g, &f, &err, "path:/run/w/log"), 4);
	target_files_done(&f);
	assert_int_equal(resolve(g, &f, &err, "path:/run/w/fifo"), 2);
	assert_int_equal(f.files[0], file_at(g, 16));
	assert_int_equal(f.files[1], file_at(g, 17));
	target_files_done(&f);
	assert_int_equal(resolve(g, &f, &err, "path:/"), 3); /* roots */
	target_files_done(&f);
	assert_int_equal(resolve(g, &f, &err, "/memfd:same"), 3);
	target_files_done(&f);
	snprintf(text, sizeof(text), "fd[5]:pipe:[%u]", g->files[file_at(g, 14)].resource);
	assert_int_equal(resolve(g, &f, &err, text), 2);
	target_files_done(&f);
	snprintf(text, sizeof(text), "path:%s", graph_path(g, file_at(g, 26)));
	assert_int_equal(resolve(g, &f, &err, text), 1);
	assert_int_equal(f.files[0], file_at(g, 26));
	target_files_done(&f);
}

static void assert_text(const struct graph *g, const char *text, const char *part)
{
	struct target_files f;
	struct err err;

	assert_int_equal(resolve(g, &f, &err, text), 0);
	assert_int_equal(err.code, ERR_BAD_REQUEST);
	if (!strstr(err.text, part))
		fail_msg("'%s' does not hold '%s'", err.text, part);
}

static void proposals(void **state)
{
	const struct graph *g = *state;
	uint32_t root = g->tasks[0].pid, pipe = g->files[file_at(g, 14)].resource;
	char text[64], part[128];

	snprintf(text, sizeof(text), "pipe[%u]", pipe);
	snprintf(part, sizeof(part), "did you mean 'key:pipe:[%u]'?", pipe);
	assert_text(g, text, part);
	assert_text(g, "/run/w/log", "did you mean 'key:run/w/log'?");
	assert_text(g, "/run/w/gone (deleted)", "did you mean 'key:run/w/gone'?");
	assert_text(g, "path:/run/w/gone (deleted)", "did you mean 'path:/run/w/gone'?");
	assert_text(g, "run/w/lok", "did you mean 'key:run/w/log'?");
	assert_text(g, "path:/run/v/log", "did you mean 'path:/run/w/log'?");
	assert_text(g, "memfd:mapped", "did you mean 'key:/memfd:mapped'?");
	assert_text(g, "something else altogether", "names nothing in the images");
	snprintf(text, sizeof(text), "%u.99", root);
	assert_text(g, text, "has the descriptors 0, 1, 2, 10, 11");
	snprintf(text, sizeof(text), "%u.3", g->tasks[2].pid);
	assert_text(g, text, "is a zombie");
	snprintf(text, sizeof(text), "%u.10", g->threads[g->tasks[0].first_thread + 1]);
	snprintf(part, sizeof(part), "is a thread; did you mean '%u.10'?", root);
	assert_text(g, text, part);
	snprintf(part, sizeof(part), "the tasks are %u, ", root);
	assert_text(g, "4711.3", part);
	snprintf(text, sizeof(text), "id:0x%x", g->files[g->files[file_at(g, 16)].path].id);
	snprintf(part, sizeof(part), "it is the path of 'id:0x%x'", g->files[file_at(g, 16)].id);
	assert_text(g, text, part);
	assert_text(g, "id:0xfffffff", "names nothing");
	assert_text(g, "key:\033[2J", "'key:\\x1b[2J'");
}

int main(void)
{
#define DESC(p, f, n)                                                                              \
	{                                                                                          \
		.kind = TARGET_DESC, .pid = p, .fd = f, .number = n                                \
	}
#define KEY(t, n)                                                                                  \
	{                                                                                          \
		.kind = TARGET_KEY, .text = t, .number = n                                         \
	}
	static struct row rows[] = {
		{ "task.descriptor", "17.4", DESC(17, 4, -1), false },
		{ "descriptor 0", "17.0", DESC(17, 0, -1), false },
		{ "with a number", "17.4:9", DESC(17, 4, 9), false },
		{ "largest", "2147483647.2147483647", DESC(2147483647, 2147483647, -1), false },
		{ "number missing", "17.4:", { 0 }, true },
		{ "number is none", "17.4:x", { 0 }, true },
		{ "number too large", "17.4:2147483648", { 0 }, true },
		{ "pid 0", "0.4", { 0 }, true },
		{ "too large is a key", "2147483648.1", KEY("2147483648.1", -1), false },
		{ "leading zero is a key", "017.4", KEY("017.4", -1), false },
		{ "sign is a key", "-1.4", KEY("-1.4", -1), false },
		{ "version number is a key", "1.2.3", KEY("1.2.3", -1), false },
		{ "key of that form", "key:17.4", KEY("17.4", -1), false },
		{ "id", "id:0xabc", { .kind = TARGET_ID, .id = 0xabc, .number = -1 }, false },
		{ "decimal id", "id:12", { .kind = TARGET_ID, .id = 12, .number = -1 }, false },
		{ "id without digits", "id:0x", { 0 }, true },
		{ "id 0", "id:0", { 0 }, true },
		{ "id too large", "id:0x100000000", { 0 }, true },
		{ "id far too large", "id:99999999999999999999999", { 0 }, true },
		{ "id with a tail", "id:12z", { 0 }, true },
		{ "path", "path:/var/log/x",
			{ .kind = TARGET_PATH, .text = "/var/log/x", .number = -1 }, false },
		{ "path without slash", "path:var/log/x", { 0 }, true },
		{ "empty path", "path:", { 0 }, true },
		{ "key", "key:pipe:[4711]", KEY("pipe:[4711]", -1), false },
		{ "empty key", "key:", { 0 }, true },
		{ "bare key", "pipe:[4711]", KEY("pipe:[4711]", -1), false },
		{ "nothing", "", { 0 }, true },
		{ "bare path is a key", "/var/log/x", KEY("/var/log/x", -1), false },
		{ "criu's own form", "fd[9]:pipe:[4711]", KEY("pipe:[4711]", 9), false },
		{ "all after criu's colon is key", "fd[9]:17.4", KEY("17.4", 9), false },
		{ "criu's form without key", "fd[9]:", { 0 }, true },
		{ "nearly criu's form", "fd[9]pipe", KEY("fd[9]pipe", -1), false },
	};
	enum { N = sizeof(rows) / sizeof(rows[0]) };
	struct CMUnitTest tests[N + 4] = {
		cmocka_unit_test(too_long),
		cmocka_unit_test_setup_teardown(one_descriptor, zoo, zoo_end),
		cmocka_unit_test_setup_teardown(resources, zoo, zoo_end),
		cmocka_unit_test_setup_teardown(proposals, zoo, zoo_end),
	};

	for (size_t i = 0; i < N; i++)
		tests[4 + i] = (struct CMUnitTest){ rows[i].name, parsed, NULL, NULL, &rows[i] };
	return cmocka_run_group_tests_name("plan/target", tests, NULL, NULL);
}

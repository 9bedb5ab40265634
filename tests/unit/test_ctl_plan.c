/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl plan: the view of people. Exit codes and files: test_ctl_mappings.c. */
#include "images.h"

#include "ctl/plan_view.h"

#define SHARER "tests/unit/data/sharer"

static const struct facts log_file = { .kind = FACTS_REGULAR, .mode = 0100644, .flags = O_RDWR };
static const struct facts pipe_end = { .kind = FACTS_PIPE, .mode = 010600, .flags = O_WRONLY };

/* The view of a plan; the caller's. */
static char *printed(const char *path, const struct plan_request *r, unsigned width)
{
	const struct screen s = { .width = width };
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autograph struct graph g = { 0 };
	autoplan struct plan p = { 0 };
	char *text = NULL;
	struct err err = { 0 };
	size_t n;
	FILE *f;

	if (load_graph(dir, &g, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	close(dir);
	assert_int_equal(plan_make(&g, r, &p, &err), 0);
	f = open_memstream(&text, &n);
	assert_non_null(f);
	assert_int_equal(plan_view_print(&p, r, "DIR", &s, f), 0);
	fclose(f);
	return text;
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void a_good_plan(void **state)
{
	const struct plan_mapping_in in = {
		.target = { .kind = TARGET_DESC, .pid = 13, .fd = 3, .number = 9 },
		.name = "log",
		.facts = log_file,
	};
	const struct plan_request r = { .mappings = &in, .n_mappings = 1, .nonce = 0xabc };
	char *text = printed(SHARER, &r, 80);

	(void)state;
	assert_string_equal(text,
		"good  DIR: 0 errors, 2 warnings\n"
		"\n"
		"TARGET    LENT  NUMBER  HOW     SPLIT  FILES  DESCRIPTORS  TASKS\n"
		"13.3   <- log   9       dup     yes    1      6            3\n"
		"    changes 13.3 18.3 13.5 18.5 17.3 17.5\n"
		"    stays   id:0x2 13.4\n"
		"    by key fdb/0000000000000abc/0\n"
		"\n"
		"warning shared-with-lender  13.3\n"
		"    position and flags of lent 'log' stay shared with its lender\n"
		"warning shared-by-tasks  13.3\n"
		"    3 tasks get lent 'log'\n");
	free(text);
}

/* Errors come first, whatever the order in which they were found. */
static void a_refused_plan(void **state)
{
	const struct plan_mapping_in in[] = {
		{ .target = { .kind = TARGET_PATH, .text = "/run/log/events", .number = -1 },
			.name = "log",
			.facts = log_file },
		{ .target = { .kind = TARGET_KEY, .text = "nothing", .number = -1 },
			.name = "other",
			.facts = log_file },
		{ .target = { .kind = TARGET_DESC, .pid = 13, .fd = 6, .number = -1 },
			.name = "pipe",
			.facts = pipe_end },
	};
	const struct plan_pid pid = { 13, 13, "a process named sh" };
	const struct plan_request r = {
		.mappings = in, .n_mappings = 3, .pids = &pid, .n_pids = 1
	};
	char *text = printed(SHARER, &r, 80), *error, *warning;

	(void)state;
	says(text, "refused  DIR: 4 errors, ");
	says(text, "path:/run/log/events <- log    any     dup     no     ");
	says(text, "key:nothing          <- other  any     -\n");
	says(text, "error mapping-replaced  path:/run/log/events\n");
	says(text, "    accepted with --at-own-risk mapping-replaced\n");
	says(text, "error no-match  key:nothing\n");
	says(text, "error wrong-kind  13.6\n");
	says(text, "error pid-taken\n    pid 13 of the tree is taken: it is a process named sh");
	error = strstr(text, "error pid-taken");
	warning = strstr(text, "warning ");
	assert_true(warning && error < warning);
	free(text);
}

static void needs_that_no_mapping_meets(void **state)
{
	const struct plan_request r = { 0 };
	struct images i = images_begin();
	char *text;

	(void)state;
	images_tree(&i);
	text = printed(i.path, &r, 80);
	assert_string_equal(text,
		"good  DIR: 0 errors, 0 warnings, 1 need not met\n"
		"\n"
		"needs: not met by any mapping\n"
		"pipe-end       10.1 is an end of pipe:[77], which has no reader in the tree\n"
		"               --map 'key:pipe:[77]'=NAME\n");
	free(text);
	images_end(&i);
}

/* However long targets and names are: no line is longer than the screen, and none obeys them. */
static void hostile_words(void **state)
{
	static char key[4000], name[200];
	const struct plan_mapping_in in = {
		.target = { .kind = TARGET_KEY, .text = key, .number = -1 },
		.name = name,
		.facts = log_file,
	};
	const struct plan_request r = { .mappings = &in, .n_mappings = 1 };
	char *text, *rest, *line;

	(void)state;
	memset(key, '\033', sizeof(key) - 1);
	memset(name, 'n', sizeof(name) - 1);
	for (unsigned width = 40; width < 120; width += 13) {
		text = rest = printed(SHARER, &r, width);
		while ((line = strsep(&rest, "\n"))) {
			assert_null(strchr(line, '\033'));
			/* A word that is longer than the screen is not cut in a text. */
			if (strncmp(line, "    ", 4) != 0 && screen_columns(line) > width)
				fail_msg("%u columns: %s", screen_columns(line), line);
		}
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_plan),
		cmocka_unit_test(a_refused_plan),
		cmocka_unit_test(needs_that_no_mapping_meets),
		cmocka_unit_test(hostile_words),
	};

	return cmocka_run_group_tests_name("ctl plan", tests, NULL, NULL);
}

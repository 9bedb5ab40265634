/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fdbroker-ctl inspect: the view of people. tests/unit/data/NAME.txt is what it must be for the images in
 * tests/unit/data/NAME; to make it anew, after a look at the difference:
 *
 *	COLUMNS=80 build/fdbroker-ctl inspect -D tests/unit/data/zoo >tests/unit/data/zoo.txt
 *
 * zoo is made by data/make-zoo. sharer is a dump of tests/e2e/targets/sharer.c, named "server", without
 * its memory.
 */
#include "images.h"

#include <locale.h>
#include <sys/resource.h>

#include "ctl/inspect_dot.h"
#include "ctl/inspect_tree.h"
#include "ctl/needs_view.h"
#include "ctl/output.h"

#define ZOO    "tests/unit/data/zoo"
#define SHARER "tests/unit/data/sharer"

static const struct plan_request nothing;

enum what { TREE, NEEDS, DOT };

/* What is printed of a directory; the caller's. */
static char *printed(
	const char *path, const struct screen *screen, uint32_t pid, bool brief, enum what what)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autograph struct graph g = { 0 };
	autoplan struct plan p = { 0 };
	struct view v = {
		.p = &p, .images = "DIR", .screen = screen, .only = NONE, .brief = brief
	};
	char *text = NULL;
	struct err err = { 0 };
	size_t n;

	if (load_graph(dir, &g, &err) < 0)
		fail_msg("%s: %s", err.field, err.text);
	close(dir);
	assert_int_equal(plan_make(&g, &nothing, &p, &err), 0);
	v.out = open_memstream(&text, &n);
	assert_non_null(v.out);
	v.only = pid ? graph_task(&g, pid) : NONE;
	assert_int_equal(view_make(&v), 0);
	assert_int_equal(what == TREE    ? tree_print(&v)
			 : what == NEEDS ? needs_print(&p, screen, v.out)
					 : dot_print(&v),
		0);
	fclose(v.out);
	view_done(&v);
	return text;
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void says_not(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

/* ---- real dumps ---- */

/* The first line that differs is told. The summary has the directory's own name. */
static void as_in_the_file(void **state)
{
	const struct screen ascii = { .width = 80 };
	char file[64], line[512], *text = printed(*state, &ascii, 0, false, TREE), *rest = text,
				  *got;
	FILE *f;

	snprintf(file, sizeof(file), "%s.txt", (const char *)*state);
	f = fopen(file, "re");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	says(line, strchr(strsep(&rest, "\n"), ':'));
	while ((got = strsep(&rest, "\n")) && rest) {
		assert_non_null(fgets(line, sizeof(line), f));
		line[strcspn(line, "\n")] = 0;
		assert_string_equal(got, line);
	}
	assert_null(fgets(line, sizeof(line), f));
	fclose(f);
	free(text);
}

/* Whatever its width: no line is longer, and none has anything but printable characters. */
static void no_line_is_too_long(void **state)
{
	(void)state;
	for (unsigned width = 40; width < 100; width += 7) {
		const struct screen s = { .width = width, .lines = width % 2 };
		char *text = printed(ZOO, &s, 0, false, TREE), *rest = text, *line;

		while ((line = strsep(&rest, "\n")))
			if (screen_columns(line) > width)
				fail_msg("%u columns: %s", screen_columns(line), line);
		free(text);
	}
}

static void with_lines_and_colours(void **state)
{
	const struct screen s = { .width = 100, .lines = true, .colour = true };
	char *text = printed(ZOO, &s, 0, false, TREE);

	(void)state;
	says(text, "├─ \033[0m\033[1m7 zoo\033[0m");
	says(text, "└─ \033[0m\033[1m9 zoo\033[0m");
	says(text, "↔ 5.22");
	/* One mark, one colour, wherever it stands. */
	says(text, " 10  w \033[1;32mC\033[0m");
	says(text, " 12  w \033[1;32mC\033[0m");
	free(text);
}

static void one_task(void **state)
{
	const struct screen s = { .width = 0 };
	char *text = printed(ZOO, &s, 9, false, TREE);

	(void)state;
	says(text, "9 zoo");
	/* A task that shares a table shows it, if it is the only one to be seen. */
	says(text, "one table of descriptors, shared by 2 tasks");
	says(text, "/run/w/log  append, at 11, also 5.12 7.10 7.12\n");
	says_not(text, "needs");
	says_not(text, "7 zoo");
	free(text);
}

static void brief(void **state)
{
	const struct screen s = { .width = 0 };
	char *text = printed(ZOO, &s, 0, true, TREE);

	(void)state;
	says(text, "0-2 10-31 33-44 as its parent\n");
	free(text);
}

/* One log: opened, duplicated, inherited, in a shared table, in flight. One letter for all of it. */
static void sharing(void **state)
{
	const struct screen s = { .width = 0 };
	char *text = printed(SHARER, &s, 0, false, TREE),
	     *drawing = printed(SHARER, &s, 0, false, DOT);
	unsigned n = 0;

	(void)state;
	for (const char *p = text; (p = strstr(p, " rw D  file  /run/log/events")); p++)
		n++;
	assert_int_equal(n, 6);
	says(text, " 4 rw E  file  /run/log/events\n");
	says(text, "shares the table of descriptors of 13 (CLONE_FILES)\n");
	/* The same letters in the drawing, each open file once. */
	says(drawing, "label=\"D: rw file\\n\"");
	says(drawing, "label=\"in flight\"");
	free(text);
	free(drawing);
}

/* ---- small sets ---- */

static void needs_can_be_pasted(void **state)
{
	const struct screen s = { .width = 40 };
	struct images i = images_begin();
	char *text;

	(void)state;
	images_tree(&i);
	text = printed(i.path, &s, 0, false, NEEDS);
	assert_string_equal(text, "pipe-end       10.1 is an end of pipe...\n"
				  "               --map 'key:pipe:[77]'=NAME\n");
	free(text);
	images_end(&i);
}

/* Nothing that images say reaches the terminal as it is. */
static void hostile_names(void **state)
{
	const struct screen s = { .width = 0, .lines = true };
	struct images i = images_begin();
	struct out o = out_begin(2, MAGIC_FILES);
	char *text;

	(void)state;
	images_tree(&i);
	out_reg(&o, 1, O_RDWR, "/a\033]0;title\a\"\xff\n\xe2\x80\xae");
	out_pipe(&o, 2, O_WRONLY, 77);
	out_save(&o, &i, "files.img");
	for (int what = TREE; what <= DOT; what++) {
		text = printed(i.path, &s, 0, false, (enum what)what);
		for (const char *p = text; *p; p++)
			assert_true(*p == '\n' || *p == '\t' || (unsigned char)*p >= ' ');
		if (what == TREE)
			says(text, "/a\\x1b]0;title\\x07\"\\xff\\x0a\\xe2\\x80\\xae\n");
		if (what == DOT)
			says(text, "/a\\\\x1b]0;title\\\\x07\\\"\\\\xff\\\\x0a");
		free(text);
	}
	images_end(&i);
}

/* A chain of tasks does not move out of the screen, nor does the stack grow with it. */
static void a_deep_tree(void **state)
{
	enum { TASKS = 1000 };
	const struct screen s = { .width = 80 };
	struct images i = images_begin();
	struct out o = out_begin(2, MAGIC_PSTREE);
	char *text;

	(void)state;
	images_tree(&i);
	for (uint32_t t = 0; t < TASKS; t++) {
		out_task(&o, 10 + t, t ? 9 + t : 0);
		put_core(&i, 10 + t, 1);
		put_ids(&i, 10 + t, 1);
	}
	out_save(&o, &i, "pstree.img");
	text = printed(i.path, &s, 0, false, TREE);
	says(text, "`- 1009 comm  child of 1008, leads session 1009\n");
	free(text);
	images_end(&i);
}

/* A socket in a queue of its own: the graph has a cycle. */
static void a_socket_in_itself(void **state)
{
	const struct screen s = { .width = 80 };
	struct images i = images_begin();
	struct out files = out_begin(2, MAGIC_FILES), queue = out_begin(2, MAGIC_QUEUES),
		   descs = out_begin(2, MAGIC_FDINFO);
	uint32_t rights[] = { 3 };
	IMG(UnixSk, UNIX_SK, sk, .id = 3, .ino = 30, .type = 1, .state = 7, .name = { 0, NULL });
	IMG(FileEntry, FILE_ENTRY, e, .type = 5, .id = 3, .usk = &sk);
	IMG(ScmEntry, SCM_ENTRY, scm, .type = 1, .n_rights = 1, .rights = rights);
	Criu__Images__ScmEntry *scms[] = { &scm };
	IMG(SkPacket, SK_PACKET, packet, .id_for = 3, .length = 0, .n_scm = 1, .scm = scms);
	char *text;

	(void)state;
	images_tree(&i);
	out_record(&files, &e);
	out_save(&files, &i, "files.img");
	out_desc(&descs, 5, 5, 3);
	put_descs(&descs, &i, 1);
	out_record(&queue, &packet);
	out_save(&queue, &i, "sk-queues.img");
	for (int what = TREE; what <= DOT; what++) {
		text = printed(i.path, &s, 0, false, (enum what)what);
		if (what == TREE)
			says(text, " 5 r  A  unix  socket:[30]");
		free(text);
	}
	images_end(&i);
}

static void marks(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(view_mark(buf, 0), "");
	assert_string_equal(view_mark(buf, 1), "A");
	assert_string_equal(view_mark(buf, 26), "Z");
	assert_string_equal(view_mark(buf, 27), "AA");
	assert_string_equal(view_mark(buf, 26 * 27), "ZZ");
	assert_string_equal(view_mark(buf, 26 * 27 + 1), "AAA");
	assert_int_equal(strlen(view_mark(buf, UINT32_MAX)), 7);
}

static int use_utf8(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
	static char zoo[] = ZOO, sharer[] = SHARER;
	const struct CMUnitTest tests[] = {
		{ "as in zoo.txt", as_in_the_file, NULL, NULL, zoo },
		{ "as in sharer.txt", as_in_the_file, NULL, NULL, sharer },
		cmocka_unit_test(no_line_is_too_long),
		cmocka_unit_test(with_lines_and_colours),
		cmocka_unit_test(one_task),
		cmocka_unit_test(brief),
		cmocka_unit_test(sharing),
		cmocka_unit_test(needs_can_be_pasted),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(a_deep_tree),
		cmocka_unit_test(a_socket_in_itself),
		cmocka_unit_test(marks),
	};

	return cmocka_run_group_tests_name("ctl inspect", tests, use_utf8, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl: lines that are never wider than the screen, and columns of text. */
#include "fixture.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/line.h"

static const struct screen ascii20 = { .width = 20 }, lines20 = { .width = 20, .lines = true },
			   wide = { .width = 0 }, colour = { .width = 20, .colour = true };

/* The line that was built; until the next call. */
static const char *end(struct line *l)
{
	static char text[512];
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	line_end(l, f);
	fclose(f);
	assert_false(l->failed);
	line_done(l);
	return text;
}

static int use_utf8(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static void columns(void **state)
{
	(void)state;
	assert_int_equal(screen_columns(""), 0);
	assert_int_equal(screen_columns("abc"), 3);
	assert_int_equal(screen_columns("aäc"), 3);
	assert_int_equal(screen_columns("世界"), 4);
	assert_int_equal(screen_columns("\xff"), 1);
}

static void what_does_not_fit_is_cut(void **state)
{
	struct line l = { .screen = &ascii20 };

	(void)state;
	line_put(&l, LINE_PLAIN, "0123456789");
	line_put(&l, LINE_PLAIN, "0123456789");
	assert_string_equal(end(&l), "01234567890123456789\n");
	l.screen = &ascii20;
	line_put(&l, LINE_PLAIN, "0123456789");
	line_put(&l, LINE_PLAIN, "01234567890");
	line_put(&l, LINE_PLAIN, "more");
	assert_string_equal(end(&l), "01234567890123456...\n");
	l.screen = &lines20;
	line_put(&l, LINE_PLAIN, "012345678901234567890");
	assert_string_equal(end(&l), "0123456789012345678…\n");
	l.screen = &wide;
	line_put(&l, LINE_PLAIN, "012345678901234567890");
	assert_string_equal(end(&l), "012345678901234567890\n");
}

static void names_are_cut_in_the_middle(void **state)
{
	const struct screen s = { .width = 40, .lines = true };
	struct line l = { .screen = &s };

	(void)state;
	line_put(&l, LINE_PLAIN, "  12 ");
	line_name(&l, LINE_PLAIN, "/usr/lib/x86_64-linux-gnu/a/long/way/down/libc.so.6", 8);
	assert_int_equal(l.columns, 32);
	line_put(&l, LINE_PLAIN, "  at 11");
	assert_string_equal(end(&l), "  12 /usr/lib…way/down/libc.so.6  at 11\n");
	l.screen = &s;
	line_name(&l, LINE_PLAIN, "/short", 8);
	assert_string_equal(end(&l), "/short\n");
}

/* A wide character is not cut in two: the line may be a column short, never long. */
static void wide_characters_stay_whole(void **state)
{
	const struct screen s = { .width = 40, .lines = true };
	struct line l = { .screen = &s };
	char name[200] = "/";
	unsigned columns_said;
	const char *text;

	(void)state;
	for (int i = 0; i < 30; i++)
		strcat(name, "世");
	line_name(&l, LINE_PLAIN, name, 0);
	columns_said = l.columns;
	assert_true(columns_said >= 38 && columns_said <= 40);
	line_put(&l, LINE_PLAIN, "|");
	text = end(&l);
	/* The line's end is one column more to screen_columns(). */
	assert_int_equal(screen_columns(text), columns_said + (columns_said < 40) + 1);
}

static void blanks_at_the_end_are_dropped(void **state)
{
	struct line l = { .screen = &ascii20 };

	(void)state;
	line_put(&l, LINE_PLAIN, "a");
	line_pad(&l, 5);
	line_put(&l, LINE_PLAIN, "b");
	line_pad(&l, 15);
	assert_string_equal(end(&l), "a    b\n");
}

static void colours_take_no_room(void **state)
{
	struct line l = { .screen = &colour };

	(void)state;
	line_put(&l, LINE_BOLD, "a");
	line_put(&l, LINE_PLAIN, "b");
	assert_int_equal(l.columns, 2);
	assert_string_equal(end(&l), "\033[1ma\033[0mb\n");
	l.screen = &ascii20;
	line_put(&l, LINE_BOLD, "a");
	assert_string_equal(end(&l), "a\n");
}

static void long_texts_are_wrapped(void **state)
{
	struct line l = { .screen = &ascii20 };
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	line_wrap(&l, 4, "one two three four five", f);
	line_wrap(&l, 4, "0123456789012345678901234", f);
	fclose(f);
	assert_string_equal(
		text, "    one two three\n    four five\n    0123456789012345678901234\n");
	free(text);
	line_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(names_are_cut_in_the_middle),
		cmocka_unit_test(wide_characters_stay_whole),
		cmocka_unit_test(blanks_at_the_end_are_dropped),
		cmocka_unit_test(colours_take_no_room),
		cmocka_unit_test(long_texts_are_wrapped),
	};

	return cmocka_run_group_tests_name("line", tests, use_utf8, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fdbroker-ctl: tables, and figures as people read them. */
#include "fixture.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/figures.h"
#include "ctl/line.h"
#include "ctl/table.h"

static const struct table_column columns[] = {
	{ "JOB", true, false },
	{ "STATE", false, false },
	{ "OUTCOME", false, true },
};

static const struct screen wide = { 0 }, narrow = { .width = 24, .lines = true },
			   coloured = { .colour = true };

static struct table two_rows(void)
{
	struct table t = { .columns = columns, .n_columns = 3 };

	table_cellf(&t, LINE_PLAIN, "%d", 7);
	table_cell(&t, LINE_GOOD, "running");
	table_cell(&t, LINE_PLAIN, "restored");
	table_cellf(&t, LINE_PLAIN, "%d", 1234);
	table_cell(&t, LINE_PLAIN, "ended");
	table_cell(&t, LINE_BAD, "failed: /tmp/x has grown");
	return t;
}

/* What it prints; until the next call. Ends the table. */
static const char *print(struct table *t, const struct screen *screen, bool header)
{
	static char text[1024];
	FILE *f = fmemopen(text, sizeof(text), "w");

	assert_non_null(f);
	assert_int_equal(table_print(t, screen, header, f), 0);
	fclose(f);
	table_done(t);
	return text;
}

static void columns_are_as_wide_as_their_widest(void **state)
{
	struct table t = two_rows();

	(void)state;
	assert_string_equal(print(&t, &wide, true), " JOB  STATE    OUTCOME\n"
						    "   7  running  restored\n"
						    "1234  ended    failed: /tmp/x has grown\n");
}

static void without_header(void **state)
{
	struct table t = { .columns = columns, .n_columns = 3 };

	(void)state;
	table_cell(&t, LINE_PLAIN, "7");
	table_cell(&t, LINE_PLAIN, "ended");
	table_cell(&t, LINE_PLAIN, "");
	assert_string_equal(print(&t, &wide, false), "7  ended\n");
}

static void elastic_columns_are_cut(void **state)
{
	struct table t = two_rows();
	char *text, *rest, *line;

	(void)state;
	text = rest = strdup(print(&t, &narrow, true));
	assert_string_equal(text, " JOB  STATE    OUTCOME\n"
				  "   7  running  restored\n"
				  "1234  ended    failed: …\n");
	while ((line = strsep(&rest, "\n")))
		assert_true(screen_columns(line) <= narrow.width);
	free(text);
}

/* The one that has most gives first. */
static void the_widest_gives_first(void **state)
{
	static const struct table_column both[] = { { "A", false, true }, { "B", false, true } };
	struct table t = { .columns = both, .n_columns = 2 };

	(void)state;
	table_cell(&t, LINE_PLAIN, "0123456789");
	table_cell(&t, LINE_PLAIN, "0123456789012345678901234567890123456789");
	assert_string_equal(print(&t, &narrow, false), "0123456789  01234567890…\n");
}

static void cells_are_made_printable(void **state)
{
	struct table t = { .columns = columns, .n_columns = 3 };

	(void)state;
	table_cell(&t, LINE_PLAIN, "1");
	table_cell(&t, LINE_PLAIN, "a\033[31mb\n");
	table_cell(&t, LINE_PLAIN, "");
	assert_string_equal(print(&t, &wide, false), "1  a\\x1b[31mb\\x0a\n");
}

static void colours_do_not_move_columns(void **state)
{
	struct table t = two_rows();

	(void)state;
	assert_string_equal(print(&t, &coloured, false),
		"   7  \033[32mrunning\033[0m  restored\n"
		"1234  ended    \033[1;31mfailed: /tmp/x has grown\033[0m\n");
}

static void an_empty_table(void **state)
{
	struct table t = { .columns = columns, .n_columns = 3 };

	(void)state;
	assert_string_equal(print(&t, &wide, true), "JOB  STATE  OUTCOME\n");
}

/* ---- figures ---- */

struct figure_case {
	const char *name;
	const char *(*figure)(char *buf, uint64_t n);
	uint64_t n;
	const char *text;
};

static void check_figure(void **state)
{
	const struct figure_case *c = *state;
	char buf[FIGURE_SIZE];

	assert_string_equal(c->figure(buf, c->n), c->text);
}

static int use_utf8(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static const char *when_today(char buf[FIGURE_SIZE], uint64_t us)
{
	return figure_when(buf, us, us + (uint64_t)22 * 3600 * 1000000);
}

static const char *when_next_day(char buf[FIGURE_SIZE], uint64_t us)
{
	return figure_when(buf, us, us + (uint64_t)23 * 3600 * 1000000);
}

static const char *when_next_year(char buf[FIGURE_SIZE], uint64_t us)
{
	return figure_when(buf, us, us + (uint64_t)365 * 24 * 3600 * 1000000);
}

static struct figure_case figures[] = {
	{ "took us", figure_took, 812, "812 us" },
	{ "took ms", figure_took, 20500, "20.5 ms" },
	{ "took s", figure_took, 1250000, "1.25 s" },
	{ "age of nothing", figure_age, 999, "0 ms" },
	{ "age in ms", figure_age, 20999, "20 ms" },
	{ "age in s", figure_age, 59999999, "59 s" },
	{ "age in min", figure_age, 725000000, "12 min 5 s" },
	{ "age without a rest", figure_age, 600000000, "10 min" },
	{ "age in h", figure_age, 4 * 3600000000 + 720000000, "4 h 12 min" },
	{ "age in d", figure_age, 3 * 86400000000 + 4 * 3600000000, "3 d 4 h" },
	{ "the oldest age", figure_age, UINT64_MAX, "213503982 d 8 h" },
	{ "moment", figure_moment, 1764035124000000, "Tue 2025-11-25 01:45:24 UTC" },
	{ "no moment", figure_moment, UINT64_MAX, "Wed 586524-01-19 08:01:49 UTC" },
	{ "clock", figure_clock, 1764035124012345, "01:45:24.012" },
	{ "when, today", when_today, 1764035124000000, "01:45:24" },
	{ "when, the day before", when_next_day, 1764035124000000, "Nov 25 01:45" },
	{ "when, a year ago", when_next_year, 1764035124000000, "Nov 25 01:45" },
	{ "a byte", figure_bytes, 1, "1 byte" },
	{ "bytes", figure_bytes, 1023, "1023 bytes" },
	{ "KiB", figure_bytes, 12700, "12.4 KiB" },
	{ "all bytes", figure_bytes, UINT64_MAX, "16.0 EiB" },
	{ "1st", figure_place, 1, "1st" },
	{ "2nd", figure_place, 2, "2nd" },
	{ "3rd", figure_place, 23, "23rd" },
	{ "11th", figure_place, 11, "11th" },
	{ "112th", figure_place, 112, "112th" },
	{ "100th", figure_place, 100, "100th" },
};

#define N_FIGURES (sizeof(figures) / sizeof(figures[0]))

int main(void)
{
	struct CMUnitTest tests[7 + N_FIGURES] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest),
		cmocka_unit_test(without_header),
		cmocka_unit_test(elastic_columns_are_cut),
		cmocka_unit_test(the_widest_gives_first),
		cmocka_unit_test(cells_are_made_printable),
		cmocka_unit_test(colours_do_not_move_columns),
		cmocka_unit_test(an_empty_table),
	};

	for (size_t i = 0; i < N_FIGURES; i++)
		tests[7 + i] = (struct CMUnitTest){ figures[i].name, check_figure, NULL, NULL,
			&figures[i] };
	return cmocka_run_group_tests_name("table", tests, use_utf8, NULL);
}

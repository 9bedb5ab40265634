/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts descriptors around every test; fixture.h says what for. Lives here: the look at /proc/self/fd
 * and the wrapper around cmocka's runner, which the linker puts in place (--wrap in the Makefile).
 */
#include "fixture.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FDS 8192 /* highest descriptor that a test may use, and one more */

/* What each open descriptor is, as /proc names it ("pipe:[17]"); NULL: closed. Strings owned. */
struct table {
	char *what[MAX_FDS];
};

/* cmocka runs one test at a time. */
static struct table before;
static const struct CMUnitTest *given; /* the caller's tests; borrowed while the group runs */

/* The names that the linker gives: _cmocka_run_group_tests() as the tests call it, and cmocka's own. */
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
	CMFixtureFunction setup, CMFixtureFunction teardown);
int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
	CMFixtureFunction setup, CMFixtureFunction teardown);

/* Read by AddressSanitizer at its start: without memory malloc() gives NULL, as it does elsewhere. */
const char *__asan_default_options(void) __attribute__((visibility("default")));

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void table_done(struct table *t)
{
	for (size_t i = 0; i < MAX_FDS; i++)
		free(t->what[i]);
	*t = (struct table){ 0 };
}

static void table_read(struct table *t)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	if (!dir) {
		perror("fixture: /proc/self/fd");
		abort();
	}
	while ((e = readdir(dir))) {
		char to[PATH_MAX];
		long fd = strtol(e->d_name, NULL, 10);
		ssize_t len;

		if (e->d_name[0] == '.' || fd == dirfd(dir) || fd >= MAX_FDS)
			continue;
		len = readlinkat(dirfd(dir), e->d_name, to, sizeof(to));
		t->what[fd] = len < 0 ? strdup("?") : strndup(to, (size_t)len);
	}
	closedir(dir);
}

/* Fails the running test if the tables differ, after it has named every difference. */
static void compare(const struct table *then, const struct table *now)
{
	unsigned differ = 0;

	for (size_t i = 0; i < MAX_FDS; i++) {
		const char *a = then->what[i], *b = now->what[i];

		if (a == b || (a && b && !strcmp(a, b)))
			continue;
		differ++;
		print_message("descriptor %zu: before the test %s, after it %s\n", i,
			a ? a : "closed", b ? b : "closed");
	}
	if (differ)
		fail_msg("%u descriptors are not as before the test", differ);
}

static int fixture_setup(void **state)
{
	const struct CMUnitTest *test = *state;

	table_done(&before);
	table_read(&before);
	given = test;
	*state = test->initial_state;
	return test->setup_func ? test->setup_func(state) : 0;
}

static int fixture_teardown(void **state)
{
	static struct table after; /* static: fail_msg() does not return */
	int r = given->teardown_func ? given->teardown_func(state) : 0;

	table_done(&after);
	table_read(&after);
	compare(&before, &after);
	return r;
}

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
	CMFixtureFunction setup, CMFixtureFunction teardown)
{
	struct CMUnitTest *wrapped = calloc(n ? n : 1, sizeof(*wrapped));
	int r;

	if (!wrapped)
		return -1;
	for (size_t i = 0; i < n; i++)
		wrapped[i] = (struct CMUnitTest){ tests[i].name, tests[i].test_func, fixture_setup,
			fixture_teardown, (void *)&tests[i] };
	r = __real__cmocka_run_group_tests(name, wrapped, n, setup, teardown);
	free(wrapped);
	table_done(&before);
	return r;
}

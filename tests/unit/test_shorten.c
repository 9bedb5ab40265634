/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first and last lines of a log, and how much is missing between them. */
#include "jobs/shorten.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

#define MIB (1024 * 1024)

static char *whole, *got; /* of MIB bytes each */
static int from, to;

static int setup(void **state)
{
	(void)state;
	from = memfd_create("from", MFD_CLOEXEC);
	to = memfd_create("to", MFD_CLOEXEC);
	whole = calloc(1, MIB);
	got = calloc(1, MIB);
	return whole && got && from >= 0 && to >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	close(from);
	close(to);
	free(whole);
	free(got);
	return 0;
}

/* Return: the size of what has become of it. */
static size_t run(size_t size, size_t max)
{
	ssize_t n;

	assert_int_equal(pwrite(from, whole, size, 0), size);
	assert_int_equal(shorten(from, (off_t)size, max, to), 0);
	n = pread(to, got, MIB - 1, 0);
	assert_true(n >= 0);
	got[n] = '\0';
	assert_int_equal(lseek(from, 0, SEEK_CUR), 0);
	return (size_t)n;
}

/* The text: a beginning of the log, one line, an end of the log; and the line is right about the rest. */
static void check(size_t size, size_t n)
{
	const char *line = strstr(got, "[criu-fdbroker: ");
	unsigned long out;
	size_t head, tail;
	int len = 0;

	assert_non_null(line);
	assert_int_equal(sscanf(line, "[criu-fdbroker: %lu bytes of this log are left out here]%n",
				 &out, &len),
		1);
	assert_int_equal(line[len], '\n');
	head = (size_t)(line - got);
	tail = n - head - (size_t)len - 1;
	if (head && memcmp(got, whole, head) != 0) {
		head--; /* the end of a line that the log did not have there */
		assert_int_equal(got[head], '\n');
	}
	assert_memory_equal(got, whole, head);
	assert_memory_equal(got + n - tail, whole + size - tail, tail);
	assert_int_equal(head + out + tail, size);
}

static void lines(void **state)
{
	size_t size = 0, n;

	(void)state;
	for (int i = 0; size < 300000; i++)
		size += (size_t)sprintf(whole + size, "(%06d) a line of the log\n", i);
	n = run(size, 100000);
	check(size, n);
	assert_in_range(n, 99000, 100000);
	assert_true(strncmp(got, "(000000) a", 10) == 0);
	assert_non_null(strstr(got, " log\n[criu-fdbroker"));
	assert_non_null(strstr(got, "left out here]\n("));
	assert_string_equal(got + n - 5, " log\n");
}

static void no_lines(void **state)
{
	size_t n;

	(void)state;
	memset(whole, 'x', 200000);
	n = run(200000, 50000);
	check(200000, n);
	assert_in_range(n, 49000, 50000);
	assert_non_null(strstr(got, "x\n[criu-fdbroker"));
}

static void zeros(void **state)
{
	(void)state;
	assert_int_equal(pwrite(from, whole, 9000, 0), 9000);
	assert_int_equal(shorten(from, 9000, 1000, to), 0);
	assert_in_range(lseek(to, 0, SEEK_END), 900, 1000);
}

static void hardly_any_room(void **state)
{
	size_t n;

	(void)state;
	memset(whole, '\n', 5000);
	n = run(5000, 10);
	check(5000, n);
	assert_int_equal(got[0], '[');
	assert_int_equal(got[n - 2], ']');
}

/* It was cut meanwhile: what is there is copied. */
static void shorter_than_it_was(void **state)
{
	(void)state;
	memset(whole, 'x', 100);
	assert_int_equal(pwrite(from, whole, 100, 0), 100);
	assert_int_equal(shorten(from, 5000, 2000, to), 0);
	assert_in_range(lseek(to, 0, SEEK_END), 100, 300);
}

static void no_room_there(void **state)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	memset(whole, 'x', 5000);
	assert_int_equal(pwrite(from, whole, 5000, 0), 5000);
	assert_int_equal(shorten(from, 5000, 2000, full), -ENOSPC);
	close(full);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(lines), TEST(no_lines), TEST(zeros),
		TEST(hardly_any_room), TEST(shorter_than_it_was), TEST(no_room_there) };

	return cmocka_run_group_tests_name("shorten", tests, NULL, NULL);
}

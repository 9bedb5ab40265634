/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* io.c: what is read and written is whole, and two may list one directory. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fixture.h"

#define MUCH 300000 /* more than a pipe holds */

static void *drain(void *arg)
{
	static char got[MUCH];
	size_t n = 0;

	for (ssize_t r; n < MUCH && (r = read(*(int *)arg, got + n, 1000)) > 0;)
		n += (size_t)r;
	return (void *)n;
}

static void writes_all_into_a_pipe(void **state)
{
	autofree char *much = calloc(1, MUCH);
	pthread_t thread;
	void *drained;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&thread, NULL, drain, &ends[0]), 0);
	assert_int_equal(io_write_all(ends[1], much, MUCH), 0);
	assert_int_equal(pthread_join(thread, &drained), 0);
	assert_int_equal((size_t)drained, MUCH);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(io_write_all(-1, much, 1), -EBADF);
	assert_int_equal(io_write_all(-1, much, 0), 0);
}

static void reads_from_a_place(void **state)
{
	autofd int fd = memfd_create("test", MFD_CLOEXEC);
	char got[8] = "";

	(void)state;
	assert_int_equal(io_write_all(fd, "0123456789", 10), 0);
	assert_int_equal(io_read_at(fd, got, 4, 3), 4);
	assert_string_equal(got, "3456");
	assert_int_equal(io_read_at(fd, got, 8, 7), 3);
	assert_memory_equal(got, "789", 3);
	assert_int_equal(io_read_at(fd, got, 8, 10), 0);
	assert_int_equal(io_read_at(-1, got, 8, 0), -EBADF);
}

static unsigned count(DIR *list)
{
	unsigned n = 0;

	while (readdir(list))
		n++;
	return n;
}

static void lists_twice(void **state)
{
	char path[] = "/tmp/fdbroker-test-XXXXXX";
	autofd int dir = -1;
	DIR *one, *other;

	(void)state;
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	one = io_list(dir);
	other = io_list(dir);
	assert_non_null(one);
	assert_non_null(other);
	assert_int_equal(count(one), 2);
	assert_int_equal(count(other), 2);
	closedir(one);
	closedir(other);
	assert_int_equal(rmdir(path), 0);
	assert_null(io_list(-1));
	assert_int_equal(errno, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_all_into_a_pipe),
		cmocka_unit_test(reads_from_a_place),
		cmocka_unit_test(lists_twice),
	};

	return cmocka_run_group_tests_name("io", tests, NULL, NULL);
}

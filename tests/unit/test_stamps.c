/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever happens to the files of a directory is noticed. */
#include "prepare/stamps.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static char path[32];
static int dir;
static struct stamps stamps;

static void put(const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/fdbroker-stamps-XXXXXX");
	if (!mkdtemp(path))
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put("a.img", "one");
	put("b.img", "two");
	stamps = (struct stamps){ 0 };
	return stamps_take(dir, &stamps);
}

static int teardown(void **state)
{
	static const char *const names[] = { "a.img", "b.img", "c.img" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		(void)unlinkat(dir, names[i], 0);
	close(dir);
	stamps_done(&stamps);
	return rmdir(path);
}

static void nothing(void **state)
{
	char buf[8];
	int fd = openat(dir, "a.img", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(stamps.n, 2);
	assert_true(read(fd, buf, sizeof(buf)) > 0); /* the access time may change */
	close(fd);
	assert_true(stamps_hold(dir, &stamps));
}

static void written(void **state)
{
	(void)state;
	put("a.img", "ONE");
	assert_false(stamps_hold(dir, &stamps));
}

static void written_and_dated_back(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(fstatat(dir, "a.img", &st, 0), 0);
	put("a.img", "ONE");
	assert_int_equal(
		utimensat(dir, "a.img", (struct timespec[2]){ st.st_atim, st.st_mtim }, 0), 0);
	assert_false(stamps_hold(dir, &stamps)); /* ctime cannot be set */
}

static void replaced(void **state)
{
	(void)state;
	put("c.img", "one");
	assert_int_equal(renameat(dir, "c.img", dir, "a.img"), 0);
	assert_false(stamps_hold(dir, &stamps));
}

/* What criu and its callers write there. */
static void others(void **state)
{
	(void)state;
	put("stats-restore", "x");
	put("restore.log", "x");
	assert_true(stamps_hold(dir, &stamps));
	assert_int_equal(unlinkat(dir, "stats-restore", 0), 0);
	assert_int_equal(unlinkat(dir, "restore.log", 0), 0);
}

static void added(void **state)
{
	(void)state;
	put("c.img", "three");
	assert_false(stamps_hold(dir, &stamps));
}

static void removed(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(dir, "b.img", 0), 0);
	assert_false(stamps_hold(dir, &stamps));
}

static void renamed(void **state)
{
	(void)state;
	assert_int_equal(renameat(dir, "b.img", dir, "c.img"), 0);
	assert_false(stamps_hold(dir, &stamps));
}

static void no_directory(void **state)
{
	struct stamps none = { 0 };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(stamps_take(null, &none), -1);
	assert_false(stamps_hold(null, &stamps));
	close(null);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(nothing), TEST(written),
		TEST(written_and_dated_back), TEST(replaced), TEST(others), TEST(added),
		TEST(removed), TEST(renamed), TEST(no_directory) };

	return cmocka_run_group_tests_name("stamps", tests, NULL, NULL);
}

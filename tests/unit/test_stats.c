/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* criu's statistics: real files of criu 4.1.1, and what is none. */
#include "worker/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

#define NAME "stats-restore"

/* criu said of it: compared 0, skipped 0, restored 13, restore time 11454 us, forking time 0 us. */
static const uint8_t restored[] = { 0x40, 0x59, 0x10, 0x55, 0x06, 0x33, 0x09, 0x57, 0x0d, 0x00,
	0x00, 0x00, 0x12, 0x0b, 0x08, 0x00, 0x10, 0x00, 0x18, 0x00, 0x20, 0xbe, 0x59, 0x28, 0x0d };

static const uint8_t dumped[] = { 0x40, 0x59, 0x10, 0x55, 0x06, 0x33, 0x09, 0x57, 0x21, 0x00, 0x00,
	0x00, 0x0a, 0x1f, 0x08, 0x8b, 0x0e, 0x10, 0x91, 0x3b, 0x18, 0xde, 0x01, 0x20, 0x29, 0x28,
	0x14, 0x30, 0x00, 0x38, 0x0d, 0x40, 0x00, 0x48, 0x00, 0x50, 0x04, 0x58, 0x04, 0x60, 0x00,
	0x68, 0x00, 0x70, 0x00 };

static char path[32];
static int dir;

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/fdbroker-stats-XXXXXX");
	if (!mkdtemp(path))
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	if (unlinkat(dir, NAME, 0) < 0)
		(void)unlinkat(dir, NAME, AT_REMOVEDIR);
	close(dir);
	return rmdir(path);
}

static void put(const void *bytes, size_t size)
{
	int fd = openat(dir, NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static int read_it(void)
{
	struct stats untouched = { .restore_us = 1 }, got = untouched;
	int r = stats_read(dir, &got);

	if (r < 0)
		assert_memory_equal(&got, &untouched, sizeof(got));
	return r;
}

/* The head is that of the real one, with the size made right. */
static int read_message(const char *bytes, size_t size)
{
	uint8_t file[64];

	memcpy(file, restored, 12);
	file[8] = (uint8_t)size;
	memcpy(file + 12, bytes, size);
	put(file, size + 12);
	return read_it();
}

static void real(void **state)
{
	struct stats got;

	(void)state;
	put(restored, sizeof(restored));
	assert_int_equal(stats_read(dir, &got), 0);
	assert_int_equal(got.pages_compared, 0);
	assert_int_equal(got.pages_skipped_cow, 0);
	assert_true(got.has_pages_restored);
	assert_int_equal(got.pages_restored, 13);
	assert_int_equal(got.forking_us, 0);
	assert_int_equal(got.restore_us, 11454);
}

static void each_field(void **state)
{
	static const char message[] =
		"\x12\x0d\x08\x01\x10\x02\x18\x03\x20\x04\x28\x05\x30\x06\x08";
	struct stats got;

	(void)state;
	assert_int_equal(read_message(message, sizeof(message)), -EBADMSG); /* cut */
	/* Field 1 comes twice: the last one counts. Field 6 is not known. */
	assert_int_equal(
		read_message(
			"\x12\x0e\x08\x01\x10\x02\x18\x03\x20\x04\x28\x05\x30\x06\x08\x07", 16),
		0);
	assert_int_equal(stats_read(dir, &got), 0);
	assert_int_equal(got.pages_compared, 7);
	assert_int_equal(got.pages_skipped_cow, 2);
	assert_int_equal(got.forking_us, 3);
	assert_int_equal(got.restore_us, 4);
	assert_int_equal(got.pages_restored, 5);
}

static void not_counted(void **state)
{
	struct stats got;

	(void)state;
	assert_int_equal(read_message("\x12\x08\x08\x01\x10\x02\x18\x03\x20\x04", 10), 0);
	assert_int_equal(stats_read(dir, &got), 0);
	assert_false(got.has_pages_restored);
}

static void other_messages(void **state)
{
	(void)state;
	assert_int_equal(read_message("", 0), -EBADMSG);
	assert_int_equal(read_message("\x12\x00", 2), -EBADMSG);
	assert_int_equal(read_message("\x10\x01", 2), -EBADMSG); /* 2 is a number */
	assert_int_equal(read_message("\x12\x06\x08\x01\x10\x02\x20\x04", 8), -EBADMSG); /* no 3 */
	assert_int_equal(read_message("\x12\x09\x0a\x01x\x10\x02\x18\x03\x20\x04", 11),
		-EBADMSG); /* 1 is bytes */
	put(dumped, sizeof(dumped));
	assert_int_equal(read_it(), -EBADMSG);
}

/* However it is cut, and whichever bit is wrong in the head: refused. */
static void damaged(void **state)
{
	uint8_t bytes[sizeof(restored) + 1] = { 0 };

	(void)state;
	for (size_t n = 0; n < sizeof(restored); n++) {
		put(restored, n);
		assert_int_equal(read_it(), -EBADMSG);
	}
	memcpy(bytes, restored, sizeof(restored));
	put(bytes, sizeof(bytes));
	assert_int_equal(read_it(), -EBADMSG);
	for (size_t bit = 0; bit < 12 * 8; bit++) {
		memcpy(bytes, restored, sizeof(restored));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		put(bytes, sizeof(restored));
		assert_int_equal(read_it(), -EBADMSG);
	}
}

static void no_such_file(void **state)
{
	(void)state;
	assert_int_equal(read_it(), -ENOENT);
	assert_int_equal(mkfifoat(dir, NAME, 0600), 0);
	assert_int_equal(read_it(), -EBADMSG);
	assert_int_equal(unlinkat(dir, NAME, 0), 0);
	assert_int_equal(symlinkat("/proc/self/stat", dir, NAME), 0);
	assert_int_equal(read_it(), -ELOOP);
	assert_int_equal(unlinkat(dir, NAME, 0), 0);
	assert_int_equal(mkdirat(dir, NAME, 0700), 0);
	assert_int_equal(read_it(), -EBADMSG);
}

static void too_large(void **state)
{
	static uint8_t large[4097];

	(void)state;
	memcpy(large, restored, sizeof(restored));
	put(large, sizeof(large));
	assert_int_equal(read_it(), -EBADMSG);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(real), TEST(each_field), TEST(not_counted),
		TEST(other_messages), TEST(damaged), TEST(no_such_file), TEST(too_large) };

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records and logs that the next one finds, whatever the one before has left there. */
#include "jobs/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

static char top[40], path[64]; /* path: top/broker/state */
static struct keep keep;
static struct err err;

static int setup(void **state)
{
	(void)state;
	umask(022);
	strcpy(top, "/tmp/fdbroker-keep-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(path, sizeof(path), "%s/broker/state", top);
	keep = KEEP_NONE;
	err = (struct err){ 0 };
	return keep_open(path, &keep, &err);
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	keep_close(&keep);
	snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

/* As the next broker finds it. */
static void again(void)
{
	keep_close(&keep);
	assert_int_equal(keep_open(path, &keep, &err), 0);
}

static const char *in_dir(const char *name)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s/%s", path, name);
	return buf;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool there(const char *name)
{
	return access(in_dir(name), F_OK) == 0;
}

/* What keep_each() has told, as "1=one 2!-27 ". */
static char told[4096];

static void tell(void *arg, uint64_t job, const void *bytes, size_t size, int error)
{
	size_t n = strlen(told);

	assert_ptr_equal(arg, &keep);
	if (bytes)
		snprintf(told + n, sizeof(told) - n, "%llu=%.*s ", (unsigned long long)job,
			size < 20 ? (int)size : 20, (const char *)bytes);
	else
		snprintf(told + n, sizeof(told) - n, "%llu!%d ", (unsigned long long)job, error);
}

static const char *each(void)
{
	told[0] = '\0';
	assert_int_equal(keep_each(&keep, tell, &keep), 0);
	return told;
}

static void modes(void **state)
{
	char folder[64];
	struct stat st;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/broker", top);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(keep_write(&keep, 1, "x", 1), 0);
	assert_int_equal(stat(in_dir("job-1"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void records(void **state)
{
	(void)state;
	assert_string_equal(each(), "");
	assert_int_equal(keep_write(&keep, 10, "ten", 3), 0);
	assert_int_equal(keep_write(&keep, 9, "a longer nine", 13), 0);
	assert_int_equal(keep_write(&keep, 9, "nine", 4), 0);
	assert_int_equal(keep_write(&keep, UINT64_MAX, "", 0), 0);
	again();
	assert_string_equal(each(), "9=nine 10=ten 18446744073709551615= ");
	assert_int_equal(keep_remove(&keep, 10), 0);
	assert_int_equal(keep_remove(&keep, 10), 0);
	assert_string_equal(each(), "9=nine 18446744073709551615= ");
}

static void too_large(void **state)
{
	char *big = calloc(1, KEEP_MAX_BYTES + 1);

	(void)state;
	assert_int_equal(keep_write(&keep, 1, big, KEEP_MAX_BYTES), 0);
	assert_int_equal(keep_write(&keep, 1, big, KEEP_MAX_BYTES + 1), -E2BIG);
	assert_string_equal(each(), "1= ");
	free(big);
	assert_int_equal(truncate(in_dir("job-1"), KEEP_MAX_BYTES + 1), 0);
	assert_string_equal(each(), "1!-27 "); /* EFBIG */
}

static void leftovers(void **state)
{
	(void)state;
	put("job-1", "one");
	put("job-1.log", "its log");
	put("job-1.new", "o");
	put("job-1.log.new", "o");
	put("job-2.log", "nobody's");
	assert_string_equal(each(), "1=one ");
	assert_true(there("job-1") && there("job-1.log"));
	assert_false(there("job-1.new") || there("job-1.log.new") || there("job-2.log"));
}

static void strange_names(void **state)
{
	static const char *const names[] = { "job-", "job-01", "job-+1", "job- 1", "job-1.",
		"job-0x1", "job-18446744073709551616", "job--1", "fdbroker.sock",
		"job-1.log.new.new", "job-1\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(names[i], "x");
	assert_string_equal(each(), "");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_true(there(names[i]));
}

static void unreadable(void **state)
{
	char target[80];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", top);
	assert_int_equal(mkdir(in_dir("job-1"), 0700), 0);
	assert_int_equal(mkfifo(in_dir("job-2"), 0600), 0);
	assert_int_equal(symlink(target, in_dir("job-3")), 0);
	put("job-4", "four");
	assert_string_equal(each(), "1!-22 2!-22 3!-40 4=four ");
	/* A new record replaces what is no directory, and nothing is written through a link. */
	assert_int_equal(keep_write(&keep, 1, "x", 1), -EISDIR);
	assert_false(there("job-1.new"));
	assert_int_equal(keep_write(&keep, 2, "two", 3), 0);
	assert_int_equal(keep_write(&keep, 3, "three", 5), 0);
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(symlink(target, in_dir("job-5.new")), 0);
	assert_int_equal(keep_write(&keep, 5, "x", 1), -ELOOP);
	assert_int_equal(access(target, F_OK), -1);
	assert_string_equal(each(), "1!-22 2=two 3=three 4=four ");
}

static void removes_while_told(void *arg, uint64_t job, const void *bytes, size_t size, int error)
{
	(void)bytes, (void)size, (void)error;
	assert_int_equal(keep_remove(arg, job), 0);
	assert_int_equal(keep_write(arg, job + 1000, "x", 1), 0);
}

static void changed_while_told(void **state)
{
	(void)state;
	for (uint64_t job = 0; job < 200; job++)
		assert_int_equal(keep_write(&keep, job, "x", 1), 0);
	assert_int_equal(keep_each(&keep, removes_while_told, &keep), 0);
	assert_false(there("job-0") || there("job-199"));
	assert_true(there("job-1000") && there("job-1199"));
}

/* At no moment is there half a record, nor none. */
static void killed_while_writing(void **state)
{
	static char bytes[30000];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(keep_write(&keep, 1, bytes, sizeof(bytes)), 0);
	for (int i = 0; i < 30; i++) {
		struct stat st;
		pid_t child = fork();

		if (child == 0) {
			for (;;)
				(void)keep_write(&keep, 1, bytes, sizeof(bytes));
		}
		usleep(1000 + i * 100);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_int_equal(stat(in_dir("job-1"), &st), 0);
		assert_int_equal(st.st_size, sizeof(bytes));
	}
	again();
	assert_string_equal(each(), "1=aaaaaaaaaaaaaaaaaaaa ");
	assert_false(there("job-1.new"));
}

/* What a function does in a process of its own, with a descriptor of ours. Return: its exit status. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(fn());
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int second_broker(void)
{
	struct keep second = KEEP_NONE;
	char pid[32];

	snprintf(pid, sizeof(pid), "(pid %d)", getppid());
	if (keep_open(path, &second, &err) == 0)
		return 1;
	return strstr(err.text, path) && strstr(err.text, pid) && strstr(err.text, "--state DIR")
		       ? 0
		       : 2;
}

static void two_brokers(void **state)
{
	(void)state;
	assert_int_equal(in_child(second_broker), 0);
	keep_close(&keep);
	assert_int_equal(in_child(second_broker), 1);
}

/* Children that were forked by a broker that is gone are no broker. */
static void child_that_lives_on(void **state)
{
	pid_t child;

	(void)state;
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	again();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void refused(const char *where, const char *why)
{
	struct keep none = KEEP_NONE;

	assert_int_equal(keep_open(where, &none, &err), -1);
	assert_non_null(strstr(err.text, where));
	assert_non_null(strstr(err.text, why));
	assert_int_equal(none.dir, -1);
}

static void not_to_be_trusted(void **state)
{
	(void)state;
	keep_close(&keep);
	assert_int_equal(chmod(path, 0770), 0);
	refused(path, "others may write");
	assert_int_equal(chmod(path, 0702), 0);
	refused(path, "others may write");
	assert_int_equal(chmod(path, 0755), 0);
	again();
	keep_close(&keep);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 1000, 0), 0);
		refused(path, "belongs to user 1000");
	}
	put("file", "x");
	refused(in_dir("file"), "cannot open");
	assert_int_equal(symlink(path, in_dir("link")), 0);
	refused(in_dir("link"), "cannot open");
	refused("/nowhere/at/all", "cannot open");
}

static void expect_log(int fd, const char *text)
{
	char buf[100];
	ssize_t n = read(fd, buf, sizeof(buf));

	assert_int_equal(n, strlen(text));
	assert_memory_equal(buf, text, (size_t)n);
}

static void logs(void **state)
{
	int log = keep_log_make(&keep, 7), one, two;

	(void)state;
	assert_true(log >= 0);
	assert_true(fcntl(log, F_GETFL) & O_APPEND);
	assert_true(fcntl(log, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(log, "abc", 3), 3);
	assert_int_equal(keep_log_make(&keep, 7), -EEXIST);
	one = keep_log_open(&keep, 7);
	two = keep_log_open(&keep, 7);
	assert_true(one >= 0 && two >= 0);
	assert_int_equal(fcntl(one, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_true(fcntl(one, F_GETFD) & FD_CLOEXEC);
	expect_log(one, "abc");
	assert_int_equal(lseek(log, 0, SEEK_SET), 0);
	assert_int_equal(write(log, "def", 3), 3);
	expect_log(one, "def");
	expect_log(two, "abcdef");
	assert_int_equal(keep_log_remove(&keep, 7), 0);
	assert_int_equal(keep_log_remove(&keep, 7), 0);
	assert_int_equal(keep_log_open(&keep, 7), -ENOENT);
	assert_int_equal(lseek(one, 0, SEEK_SET), 0);
	expect_log(one, "abcdef");
	close(log);
	close(one);
	close(two);
}

static void log_is_trimmed(void **state)
{
	int log = keep_log_make(&keep, 7), before, after;
	int64_t now;

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(log, "0123456789 a line\n", 18), 18);
	close(log);
	before = keep_log_open(&keep, 7);
	assert_int_equal(keep_log_trim(&keep, 7, 18000), 18000);
	now = keep_log_trim(&keep, 7, 5000);
	assert_in_range(now, 4500, 5000);
	after = keep_log_open(&keep, 7);
	assert_int_equal(lseek(after, 0, SEEK_END), now);
	assert_int_equal(lseek(before, 0, SEEK_END), 18000);
	assert_int_equal(keep_log_trim(&keep, 7, 5000), now);
	assert_int_equal(keep_log_trim(&keep, 8, 5000), -ENOENT);
	close(before);
	close(after);
}

static int without_directory(void **state)
{
	(void)state;
	return keep_open(NULL, &keep, NULL);
}

static int close_it(void **state)
{
	(void)state;
	keep_close(&keep);
	return 0;
}

static void nothing_outlives(void **state)
{
	int log;

	(void)state;
	assert_int_equal(keep_write(&keep, 1, "x", 1), 0);
	assert_string_equal(each(), "");
	assert_int_equal(keep_remove(&keep, 1), 0);
	for (uint64_t job = 0; job < 50; job++) {
		log = keep_log_make(&keep, job);
		assert_true(log >= 0);
		close(log);
	}
}

/* A directory with no room: a tmpfs of one page, in a mount namespace of the child's own. */
static int no_room(void)
{
	static char bytes[100000];
	struct keep small = KEEP_NONE;
	struct stat st;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("small", path, "tmpfs", 0, "size=8k,mode=0700") < 0)
		return 77;
	memset(bytes, 'x', sizeof(bytes));
	if (keep_open(path, &small, &err) < 0 || keep_write(&small, 1, bytes, 100) != 0 ||
		keep_write(&small, 1, bytes, sizeof(bytes)) != -ENOSPC)
		return 1;
	if (stat(in_dir("job-1"), &st) < 0 || st.st_size != 100 || there("job-1.new"))
		return 2;
	keep_close(&small);
	return 0;
}

static void full(void **state)
{
	int r;

	(void)state;
	r = in_child(no_room);
	if (r == 77) {
		print_message("no right to mount a tmpfs\n");
		skip();
	}
	assert_int_equal(r, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
#define MEMORY(function)                                                                           \
	{                                                                                          \
#function ", without a directory", function, without_directory, close_it, NULL     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(modes), TEST(records), TEST(too_large),
		TEST(leftovers), TEST(strange_names), TEST(unreadable), TEST(changed_while_told),
		TEST(killed_while_writing), TEST(two_brokers), TEST(child_that_lives_on),
		TEST(not_to_be_trusted), TEST(logs), TEST(log_is_trimmed), TEST(full), MEMORY(logs),
		MEMORY(log_is_trimmed), MEMORY(nothing_outlives) };

	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children that hand back a descriptor, fail, crash, hang, or are asked one question more. */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

static struct event_base *base;
static struct reaper *reaper;

/* What the callbacks were told. */
static struct {
	int done, answered, fd;
	bool answer;
	struct err err;
} told;

static void on_done(void *arg, int fd, const struct err *err)
{
	(void)arg;
	told.done++;
	told.fd = fd;
	if (fd < 0)
		told.err = *err;
	event_base_loopbreak(base);
}

static void on_answered(void *arg, bool answer)
{
	(void)arg;
	told.answered++;
	told.answer = answer;
	event_base_loopbreak(base);
}

static const struct helper_ops ops = { .done = on_done, .answered = on_answered };

static void on_reaped(void *arg)
{
	(void)arg;
}

static int setup(void **state)
{
	(void)state;
	memset(&told, 0, sizeof(told));
	base = event_base_new();
	return base ? reaper_new(base, on_reaped, NULL, &reaper) : -1;
}

static int teardown(void **state)
{
	(void)state;
	reaper_free(reaper);
	event_base_free(base);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return 0;
}

static struct helper *start(
	int (*run)(void *arg, struct err *err), bool (*answer)(void *arg), void *arg, unsigned ms)
{
	const struct helper_spec spec = {
		.run = run, .answer = answer, .arg = arg, .what = "the test", .deadline_ms = ms
	};
	struct helper *h = NULL;
	struct err err;

	assert_int_equal(helper_start(base, reaper, &spec, &ops, NULL, &h, &err), 0);
	assert_int_equal(told.done, 0);
	event_base_dispatch(base);
	assert_int_equal(told.done, 1);
	return h;
}

static int make_file(void *arg, struct err *err)
{
	int fd = memfd_create("made", MFD_CLOEXEC);

	(void)err;
	return write(fd, arg, strlen(arg)) > 0 ? fd : -1;
}

static void hands_back(void **state)
{
	struct helper *h = start(make_file, NULL, "hello", 5000);
	char got[16] = "";

	(void)state;
	assert_true(told.fd >= 0);
	assert_true(fcntl(told.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pread(told.fd, got, sizeof(got), 0), 5);
	assert_string_equal(got, "hello");
	close(told.fd);
	helper_end(h);
}

static int fail_run(void *arg, struct err *err)
{
	(void)arg;
	return err_set(err, ERR_BAD_IMAGES, ENOENT, "files.img[3]", "there is no %d", 42);
}

static void fails(void **state)
{
	(void)state;
	helper_end(start(fail_run, NULL, NULL, 5000));
	assert_int_equal(told.fd, -1);
	assert_int_equal(told.err.code, ERR_BAD_IMAGES);
	assert_string_equal(told.err.field, "files.img[3]");
	assert_non_null(strstr(told.err.text, "there is no 42"));
}

static int crash(void *arg, struct err *err)
{
	(void)arg, (void)err;
	(void)raise(SIGKILL);
	return -1;
}

static void crashes(void **state)
{
	(void)state;
	helper_end(start(crash, NULL, NULL, 5000));
	assert_int_equal(told.fd, -1);
	assert_non_null(strstr(told.err.text, "SIGKILL"));
}

static int hang(void *arg, struct err *err)
{
	(void)arg, (void)err;
	for (;;)
		pause();
	return 0;
}

static void hangs(void **state)
{
	(void)state;
	helper_end(start(hang, NULL, NULL, 50));
	assert_non_null(strstr(told.err.text, "longer than 50 ms"));
}

/* 0, 1, 2, the way back, and what was asked for: nothing else is there. */
static int look_around(void *arg, struct err *err)
{
	int keep[] = { *(int *)arg }, count = 0;

	helper_keep_only(keep, 1);
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	if (count != 5 || fcntl(keep[0], F_GETFD) < 0)
		return err_set(err, ERR_INTERNAL, 0, NULL, "%d descriptors", count);
	return fcntl(keep[0], F_DUPFD_CLOEXEC, 0);
}

static void keeps_only(void **state)
{
	int kept = open("/dev/null", O_RDONLY | O_CLOEXEC), other = open("/dev/null", O_RDONLY),
	    high = fcntl(kept, F_DUPFD, 700);
	struct helper *h = start(look_around, NULL, &kept, 5000);

	(void)state;
	if (told.fd < 0)
		print_message("%s\n", told.err.text);
	assert_true(told.fd >= 0);
	close(told.fd);
	close(kept);
	close(other);
	close(high);
	helper_end(h);
}

static bool yes(void *arg)
{
	return !strcmp(arg, "yes");
}

static void is_asked(void **state)
{
	static const char *const words[] = { "yes", "no" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct helper *h;

		memset(&told, 0, sizeof(told));
		h = start(make_file, yes, (void *)words[i], 5000);
		close(told.fd);
		helper_ask(h);
		event_base_dispatch(base);
		assert_int_equal(told.answered, 1);
		assert_int_equal(told.answer, i == 0);
		helper_end(h);
	}
}

static bool never(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

static bool dies(void *arg)
{
	(void)arg;
	(void)raise(SIGKILL);
	return true;
}

static void cannot_answer(void **state)
{
	bool (*const answers[])(void *arg) = { never, dies };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct helper *h;

		memset(&told, 0, sizeof(told));
		h = start(make_file, answers[i], "x", 100);
		close(told.fd);
		helper_ask(h);
		event_base_dispatch(base);
		assert_int_equal(told.answered, 1);
		assert_false(told.answer);
		helper_end(h);
	}
}

static void is_ended_early(void **state)
{
	const struct helper_spec spec = { .run = hang, .what = "the test", .deadline_ms = 5000 };
	struct helper *h;
	struct err err;

	(void)state;
	assert_int_equal(helper_start(base, reaper, &spec, &ops, NULL, &h, &err), 0);
	helper_end(h);
	helper_end(NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(told.done, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(hands_back), TEST(fails), TEST(crashes),
		TEST(hangs), TEST(keeps_only), TEST(is_asked), TEST(cannot_answer),
		TEST(is_ended_early) };

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}

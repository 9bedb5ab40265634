/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children that hand back a descriptor, fail, crash, hang, or are asked questions. */
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
	unsigned question; /* of the last answer */
	char answer[64];   /* "": none */
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

static void on_answered(void *arg, unsigned question, const void *answer, size_t size)
{
	(void)arg;
	told.answered++;
	told.question = question;
	snprintf(told.answer, sizeof(told.answer), "%.*s", (int)size, (const char *)(answer ?: ""));
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

typedef size_t (*answer_function)(void *arg, unsigned question, int fd, void *ret);

static struct helper *start(
	int (*run)(void *arg, struct err *err), answer_function answer, void *arg, unsigned ms)
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

/* The questions that answers() knows. */
enum { WORD, WHAT_IS_IN_IT, NOTHING, ALL, HANG, DIE };

static size_t answers(void *arg, unsigned question, int fd, void *ret)
{
	switch (question) {
	case WORD:
		return (size_t)snprintf(ret, HELPER_MAX_ANSWER, "%s", (const char *)arg);
	case WHAT_IS_IN_IT:
		return (size_t)pread(fd, ret, HELPER_MAX_ANSWER, 0);
	case ALL:
		memset(ret, 'x', HELPER_MAX_ANSWER);
		return HELPER_MAX_ANSWER;
	case HANG:
		(void)hang(NULL, NULL);
		break;
	case DIE:
		(void)raise(SIGKILL);
		break;
	default:
		break;
	}
	return fd < 0 ? 0 : 1;
}

static struct helper *start_answering(void)
{
	struct helper *h = start(make_file, answers, (void *)"word", 5000);

	close(told.fd);
	return h;
}

static void expect(unsigned question, const char *answer)
{
	told.answered = 0;
	event_base_dispatch(base);
	assert_int_equal(told.answered, 1);
	assert_int_equal(told.question, question);
	assert_string_equal(told.answer, answer);
}

static void is_asked(void **state)
{
	int file = memfd_create("file", MFD_CLOEXEC);
	struct helper *h = start_answering();

	(void)state;
	assert_int_equal(write(file, "inside", 6), 6);
	assert_int_equal(helper_ask(h, WORD, -1, 5000), 0);
	expect(WORD, "word");
	assert_int_equal(helper_ask(h, WHAT_IS_IN_IT, file, 5000), 0);
	expect(WHAT_IS_IN_IT, "inside");
	assert_int_equal(helper_ask(h, NOTHING, -1, 5000), 0);
	expect(NOTHING, "");
	/* Nothing of an earlier question is left, its descriptor neither. */
	assert_int_equal(helper_ask(h, WORD, -1, 5000), 0);
	expect(WORD, "word");
	assert_int_equal(helper_ask(h, ALL, -1, 5000), 0);
	expect(ALL, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	helper_end(h);
	close(file);
}

static void is_asked_several_at_once(void **state)
{
	struct helper *h = start_answering();

	(void)state;
	for (size_t i = 0; i < HELPER_MAX_ASKED; i++)
		assert_int_equal(helper_ask(h, i % 2 ? WORD : NOTHING, -1, 5000), 0);
	assert_int_equal(helper_ask(h, WORD, -1, 5000), -1);
	for (size_t i = 0; i < HELPER_MAX_ASKED; i++)
		expect(i % 2 ? WORD : NOTHING, i % 2 ? "word" : "");
	assert_int_equal(helper_ask(h, WORD, -1, 5000), 0);
	expect(WORD, "word");
	helper_end(h);
}

/* What waits behind a question that ends the child, and what is asked after that, has no answer. */
static void cannot_answer(void **state)
{
	const unsigned questions[] = { HANG, DIE };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct helper *h;

		memset(&told, 0, sizeof(told));
		h = start_answering();
		assert_int_equal(helper_ask(h, questions[i], -1, 100), 0);
		assert_int_equal(helper_ask(h, WORD, -1, 5000), 0);
		expect(questions[i], "");
		expect(WORD, "");
		assert_int_equal(helper_ask(h, WORD, -1, 5000), 0);
		expect(WORD, "");
		assert_int_equal(helper_ask(h, WORD, -1, 5000), 0);
		helper_end(h); /* and nothing comes any more */
		told.answered = 0;
		event_base_loop(base, EVLOOP_NONBLOCK);
		assert_int_equal(told.answered, 0);
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
		TEST(hangs), TEST(keeps_only), TEST(is_asked), TEST(is_asked_several_at_once),
		TEST(cannot_answer), TEST(is_ended_early) };

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}

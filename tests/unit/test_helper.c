/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children that hand back a descriptor, fail, crash, hang, or are asked questions. */
#include "processes/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "processes/sandbox.h"

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
	return base && zygote_start() == 0 ? reaper_new(base, on_reaped, NULL, &reaper) : -1;
}

static int teardown(void **state)
{
	(void)state;
	zygote_end();
	reaper_free(reaper);
	event_base_free(base);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return 0;
}

/* A zygote_main that does this work. */
#define CHILD(name, run_, answer_)                                                                 \
	static void name(int sock)                                                                 \
	{                                                                                          \
		static const struct helper_work work = { .run = run_, .answer = answer_ };         \
                                                                                                   \
		helper_serve(sock, &work);                                                         \
	}

static struct helper *start_with(
	zygote_main child, const char *request, const int *fds, size_t n_fds, unsigned ms)
{
	const struct helper_spec spec = { .main = child,
		.request = request,
		.size = strlen(request),
		.fds = fds,
		.n_fds = n_fds,
		.what = "the test",
		.deadline_ms = ms };
	struct helper *h = NULL;
	struct err err;

	assert_int_equal(helper_start(base, reaper, &spec, &ops, NULL, &h, &err), 0);
	assert_int_equal(told.done, 0);
	event_base_dispatch(base);
	assert_int_equal(told.done, 1);
	return h;
}

static struct helper *start(zygote_main child, unsigned ms)
{
	return start_with(child, "hello", NULL, 0, ms);
}

static int make_file(struct parcel *request, struct err *err)
{
	int fd = memfd_create("made", MFD_CLOEXEC);

	(void)err;
	return write(fd, request->bytes, request->size) > 0 ? fd : -1;
}
CHILD(file_maker, make_file, NULL)

static void hands_back(void **state)
{
	struct helper *h = start(file_maker, 5000);
	char got[16] = "";

	(void)state;
	assert_true(told.fd >= 0);
	assert_true(fcntl(told.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(pread(told.fd, got, sizeof(got), 0), 5);
	assert_string_equal(got, "hello");
	close(told.fd);
	helper_end(h);
}

static int fail_run(struct parcel *request, struct err *err)
{
	(void)request;
	return err_set(err, ERR_BAD_IMAGES, ENOENT, "files.img[3]", "there is no %d", 42);
}
CHILD(failing, fail_run, NULL)

static void fails(void **state)
{
	(void)state;
	helper_end(start(failing, 5000));
	assert_int_equal(told.fd, -1);
	assert_int_equal(told.err.code, ERR_BAD_IMAGES);
	assert_string_equal(told.err.field, "files.img[3]");
	assert_non_null(strstr(told.err.text, "there is no 42"));
}

static int crash(struct parcel *request, struct err *err)
{
	(void)request, (void)err;
	(void)raise(SIGKILL);
	return -1;
}
CHILD(crashing, crash, NULL)

static void crashes(void **state)
{
	(void)state;
	helper_end(start(crashing, 5000));
	assert_int_equal(told.fd, -1);
	assert_non_null(strstr(told.err.text, "SIGKILL"));
}

/* What a child in the sandbox must not do. */
static int trespass(struct parcel *request, struct err *err)
{
	(void)request;
	return sandbox_enter(NULL, err) < 0 ? -1 : socket(AF_INET, SOCK_STREAM, 0);
}
CHILD(trespassing, trespass, NULL)

static void is_ended_by_the_sandbox(void **state)
{
	(void)state;
	helper_end(start(trespassing, 5000));
	assert_int_equal(told.fd, -1);
	assert_int_equal(told.err.code, ERR_BAD_IMAGES);
	assert_string_equal(told.err.text, "the test was ended by SIGSYS");
}

static int hang(struct parcel *request, struct err *err)
{
	(void)request, (void)err;
	for (;;)
		pause();
	return 0;
}
CHILD(hanging, hang, NULL)

static void hangs(void **state)
{
	(void)state;
	helper_end(start(hanging, 50));
	assert_non_null(strstr(told.err.text, "longer than 50 ms"));
}

/* 0, 1, 2, the way back, and what was given: nothing else is there. */
static int look_around(struct parcel *request, struct err *err)
{
	size_t count = 0;

	for (int fd = 0; fd < 2048; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	if (count != 4 + request->fds.n)
		return err_set(err, ERR_INTERNAL, 0, NULL, "%zu descriptors", count);
	return fdset_take(&request->fds, 0);
}
CHILD(looking, look_around, NULL)

static void has_only_what_it_was_given(void **state)
{
	int given = open("/dev/null", O_RDONLY | O_CLOEXEC), other = open("/dev/null", O_RDONLY),
	    high = fcntl(given, F_DUPFD, 700), fds[300];
	struct helper *h;

	(void)state;
	for (size_t i = 0; i < 300; i++)
		fds[i] = given;
	for (size_t n = 1; n <= 300; n += 299) {
		memset(&told, 0, sizeof(told));
		h = start_with(looking, "", fds, n, 5000);
		if (told.fd < 0)
			print_message("%s\n", told.err.text);
		assert_true(told.fd >= 0);
		close(told.fd);
		helper_end(h);
	}
	close(given);
	close(other);
	close(high);
}

/* The questions that answers() knows. */
enum { WORD, WHAT_IS_IN_IT, NOTHING, ALL, HANG, DIE };

static size_t answers(struct parcel *request, unsigned question, int fd, void *ret)
{
	switch (question) {
	case WORD:
		return (size_t)snprintf(ret, HELPER_MAX_ANSWER, "%s", (const char *)request->bytes);
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
CHILD(answering, make_file, answers)

static struct helper *start_answering(void)
{
	struct helper *h = start_with(answering, "word", NULL, 0, 5000);

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
	const struct helper_spec spec = {
		.main = hanging, .what = "the test", .deadline_ms = 5000
	};
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
		TEST(hangs), TEST(is_ended_by_the_sandbox), TEST(has_only_what_it_was_given),
		TEST(is_asked), TEST(is_asked_several_at_once), TEST(cannot_answer),
		TEST(is_ended_early) };

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images that are planned with in a child, and what it says after that; what is believed of it. */
#include "prepare/prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"
#include "fixture.h"

static struct event_base *base;
static struct reaper *reaper;

static struct {
	int ready, unchanged, explained;
	bool failed, same, found;
	struct err err;
	struct explained why;
} told;

static void on_ready(void *arg, const struct err *err)
{
	(void)arg;
	told.ready++;
	told.failed = err != NULL;
	if (err)
		told.err = *err;
	event_base_loopbreak(base);
}

static void on_unchanged(void *arg, bool unchanged)
{
	(void)arg;
	told.unchanged++;
	told.same = unchanged;
	event_base_loopbreak(base);
}

static void on_explained(void *arg, const struct explained *explained)
{
	(void)arg;
	told.explained++;
	told.found = explained != NULL;
	if (explained)
		told.why = *explained;
	event_base_loopbreak(base);
}

static const struct prepare_ops ops = {
	.ready = on_ready, .unchanged = on_unchanged, .explained = on_explained
};

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

static int open_images(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "tests/unit/data/%s", name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct prepare *start(struct planner_request *request)
{
	static const struct config config = {
		.planner_ms = 10000,
		.planner_memory = 2ul << 30,
		.max_plan_bytes = 512ul << 20,
		.layer_ms = 10000,
		.unchanged_ms = 10000,
		.explain_ms = 2000,
	};
	struct prepare *p;
	struct err err;

	request->config = &config;
	assert_int_equal(prepare_start(base, reaper, request, &ops, NULL, &p, &err), 0);
	assert_int_equal(told.ready, 0);
	event_base_dispatch(base);
	assert_int_equal(told.ready, 1);
	return p;
}

static int make_log(const char *text)
{
	int fd = memfd_create("criu.log", MFD_CLOEXEC);

	assert_true(write(fd, text, strlen(text)) >= 0);
	return fd;
}

static void plans_and_answers(void **state)
{
	struct planner_mapping mapping = {
		.target = "path:/run/log/events", .lent = "log", .reopen = false
	};
	struct planner_request request = { .output = PLANNER_FOR_CRIU,
		.images = open_images("sharer"),
		.mappings = &mapping,
		.n_mappings = 1,
		/* Pids of the images may well be in use where the test runs. */
		.at_own_risk = ~0ULL };
	int log = make_log(
		"(00.1) 7: Error (criu/files-reg.c:1): Can't open file tmp/x on restore: No such file or directory\n");
	struct prepare *p;

	(void)state;
	mapping.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	p = start(&request);
	assert_false(told.failed);
	assert_true(prepare_plan(p)->n_tasks >= 1);
	assert_true(prepare_plan(p)->n_pids >= prepare_plan(p)->n_tasks);
	/* Both at one time, and in their order. */
	prepare_ask_unchanged(p);
	prepare_ask_explain(p, log);
	event_base_dispatch(base);
	assert_int_equal(told.unchanged, 1);
	assert_true(told.same);
	assert_int_equal(told.explained, 0);
	event_base_dispatch(base);
	assert_int_equal(told.explained, 1);
	assert_true(told.found);
	assert_non_null(strstr(told.why.text, "tmp/x"));
	prepare_end(p);
	close(log);
	close(mapping.fd);
	close(request.images);
}

/* Its end is read too, and what is in the middle costs nothing. */
static void reads_the_ends_of_a_long_log(void **state)
{
	struct planner_request request = { .images = open_images("sharer"), .at_own_risk = ~0ULL };
	int log = make_log("(00.000001) Version: 4.1.1\n");
	struct prepare *p = start(&request);

	(void)state;
	assert_int_equal(ftruncate(log, CONFIG_EXPLAIN_BYTES * 20), 0);
	(void)lseek(log, 0, SEEK_END);
	assert_true(
		dprintf(log,
			"\n(00.1) 7: Error (criu/files-reg.c:1): Can't open file tmp/x on restore: No such file or directory\n") >
		0);
	prepare_ask_explain(p, log);
	event_base_dispatch(base);
	assert_true(told.found);
	assert_non_null(strstr(told.why.text, "tmp/x"));
	prepare_end(p);
	close(log);
	close(request.images);
}

static void explains_nothing(void **state)
{
	struct planner_request request = { .images = open_images("sharer"), .at_own_risk = ~0ULL };
	struct prepare *p = start(&request);
	int log = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)state;
	prepare_ask_explain(p, log);
	event_base_dispatch(base);
	assert_int_equal(told.explained, 1);
	assert_false(told.found);
	prepare_end(p);
	close(log);
	close(request.images);
}

static void believes_nothing(void **state)
{
	struct explained said = { .reason = "no-file" }, got;

	(void)state;
	assert_false(planner_explained(NULL, 0, &got));
	assert_false(planner_explained(&said, sizeof(said), &got)); /* no text */
	snprintf(said.text, sizeof(said.text), "a\x1b[31m \xc3\xa4 \\ \xff\n\xe2\x80\xae end");
	memset(said.hint, 'x', sizeof(said.hint)); /* no end */
	assert_false(planner_explained(&said, sizeof(said) - 1, &got));
	assert_true(planner_explained(&said, sizeof(said), &got));
	assert_string_equal(got.reason, "no-file");
	assert_string_equal(got.text, "a?[31m \xc3\xa4 \\ ????? end");
	assert_int_equal(strlen(got.hint), sizeof(got.hint) - 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(plans_and_answers),
		TEST(reads_the_ends_of_a_long_log), TEST(explains_nothing),
		cmocka_unit_test(believes_nothing) };

	return cmocka_run_group_tests_name("planner", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The telling line of criu's log. The logs are shortened from real runs of criu 4.1.1. */
#include "worker/reason.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"

struct log_case {
	const char *name, *log;
	const char *reason; /* NULL: there is none */
};

static void check(void **state)
{
	const struct log_case *c = *state;
	int fd = memfd_create("log", MFD_CLOEXEC);
	char reason[300];

	assert_int_equal(write(fd, c->log, strlen(c->log)), strlen(c->log));
	if (c->reason) {
		assert_true(reason_find(fd, reason, sizeof(reason)));
		assert_string_equal(reason, c->reason);
	} else {
		assert_false(reason_find(fd, reason, sizeof(reason)));
	}
	/* where criu will go on writing */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), strlen(c->log));
	close(fd);
}

static void cut_to_size(void **state)
{
	const char *log = "(00.1) Error (criu/x.c:1): abcdefgh\n";
	int fd = memfd_create("log", MFD_CLOEXEC);
	char reason[5];

	(void)state;
	assert_int_equal(write(fd, log, strlen(log)), strlen(log));
	assert_true(reason_find(fd, reason, sizeof(reason)));
	assert_string_equal(reason, "abcd");
	close(fd);
}

/* It costs no more memory than one that is short. */
static void an_endless_line(void **state)
{
	const char *log = "\n(00.1) Error (criu/x.c:1): it\n";
	int fd = memfd_create("log", MFD_CLOEXEC);
	char text[3000], reason[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
	assert_true(reason_find(fd, reason, sizeof(reason)));
	assert_int_equal(strspn(reason, "x"), sizeof(reason) - 1);
	assert_int_equal(write(fd, log, strlen(log)), strlen(log));
	assert_true(reason_find(fd, reason, sizeof(reason)));
	assert_string_equal(reason, "it");
	/* With what is no text, it comes to an end too. */
	assert_int_equal(ftruncate(fd, 1l << 40), 0);
	assert_true(reason_find(fd, reason, sizeof(reason)));
	close(fd);
	fd = memfd_create("log", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 1l << 30), 0);
	assert_false(reason_find(fd, reason, sizeof(reason)));
	close(fd);
}

static void no_log(void **state)
{
	char reason[16];

	(void)state;
	assert_false(reason_find(-1, reason, sizeof(reason)));
}

int main(void)
{
	static const struct log_case cases[] = {
		{ "a task's error",
			"(00.000500) Version: 4.1.1\n"
			"(00.010000)     32: Error (criu/files-reg.c:2100): File tmp/log has bad size 10 (expect 5)\n"
			"(00.010100) Error (criu/cr-restore.c:2400): Restoring FAILED.\n",
			"task 32: File tmp/log has bad size 10 (expect 5)" },
		{ "the earliest",
			"(00.1) Error (criu/a.c:1): first\n(00.2) Error (criu/b.c:1): second\n",
			"first" },
		{ "what every criu without CAP_SYS_RESOURCE says is none",
			"(00.1) Error (criu/rlimit.c:1): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted\n"
			"(00.2) Error (criu/cr-restore.c:1): Can't fork for 32: File exists\n",
			"Can't fork for 32: File exists" },
		{ "only that: nothing to tell",
			"(00.1) Error (criu/rlimit.c:1): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted\n",
			NULL },
		{ "a loader that could not start it",
			"criu: error while loading shared libraries: libnet.so.1\n",
			"criu: error while loading shared libraries: libnet.so.1" },
		{ "an error counts more than other words",
			"sh: note\n(00.1) Error (criu/a.c:1): it\n", "it" },
		{ "no newline at the end", "(00.1) Error (criu/a.c:1): cut off", "cut off" },
		{ "the word alone is no error line", "(00.1) Error without a place\n", NULL },
		{ "empty", "", NULL },
	};
	struct CMUnitTest tests[sizeof(cases) / sizeof(cases[0]) + 3] = { cmocka_unit_test(
										  cut_to_size),
		cmocka_unit_test(an_endless_line), cmocka_unit_test(no_log) };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		tests[i + 3] =
			(struct CMUnitTest){ cases[i].name, check, NULL, NULL, (void *)&cases[i] };
	return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* breakpoints.c: the answer is a fact about the machine, and asking leaves nothing behind. */
#include "fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker/breakpoints.h"

#define ASKED     10
#define ALL_TEN_S 5 /* of at most 20, if every call took its own deadline */

static void answer_is_stable(void **state)
{
	time_t start = time(NULL);
	int first = breakpoints_fire();

	(void)state;
	assert_in_range(first, 0, 1);
	for (int i = 1; i < ASKED; i++)
		assert_int_equal(breakpoints_fire(), first);
	assert_true(time(NULL) - start <= ALL_TEN_S);
}

static void leaves_no_child(void **state)
{
	(void)state;
	assert_true(breakpoints_fire() >= 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void leaves_other_children(void **state)
{
	pid_t other = fork();
	int status;

	(void)state;
	if (other == 0)
		_exit(7);
	assert_true(breakpoints_fire() >= 0);
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void keeps_the_signal_mask(void **state)
{
	sigset_t set, after;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_SETMASK, &set, NULL);
	assert_true(breakpoints_fire() >= 0);
	sigprocmask(SIG_SETMASK, NULL, &after);
	for (int s = 1; s < NSIG; s++)
		assert_int_equal(sigismember(&after, s), sigismember(&set, s));
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_is_stable),
		cmocka_unit_test(leaves_no_child),
		cmocka_unit_test(leaves_other_children),
		cmocka_unit_test(keeps_the_signal_mask),
	};

	return cmocka_run_group_tests_name("breakpoints", tests, NULL, NULL);
}

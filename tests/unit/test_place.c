/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * place: every plan is played through on an array (number -> content) and judged by what the wants
 * say, with cycles and the spare counted by this file's own means. One plays on real descriptors.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "worker/place.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOTHING  (-1)

/* ---- the judge ------------------------------------------------------------------------------ */

/* Highest number in the wants, plus two: room for every spare. */
static int size_for(const struct place_want *wants, size_t n)
{
	int size = (int)(2 * n) + 2;

	for (size_t i = 0; i < n; i++) {
		size = wants[i].from + 2 > size ? wants[i].from + 2 : size;
		size = wants[i].to + 2 > size ? wants[i].to + 2 : size;
	}
	return size;
}

/* How many cycles of two or more: follow each number backwards, count walks that meet themselves. */
static size_t count_cycles(const int *source, int size)
{
	int *walk = calloc((size_t)size, sizeof(*walk));
	size_t cycles = 0;

	assert_non_null(walk);
	for (int start = 0; start < size; start++) {
		int at = start;

		while (at != NOTHING && !walk[at]) {
			walk[at] = start + 1;
			at = source[at] == at ? NOTHING : source[at];
		}
		cycles += at != NOTHING && walk[at] == start + 1;
	}
	free(walk);
	return cycles;
}

static void check_steps(
	const struct place_plan *plan, const int *source, int size, int spare, size_t cycles)
{
	int *content = calloc((size_t)size, sizeof(*content));
	bool *inheritable = calloc((size_t)size, sizeof(*inheritable));
	size_t n_targets = 0, by_spare = 0;

	assert_true(content && inheritable);
	for (int i = 0; i < size; i++)
		content[i] = i;
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct place_step *step = &plan->steps[i];

		assert_in_range(step->from, 0, size - 1);
		assert_in_range(step->to, 0, size - 1);
		if (source[step->to] == NOTHING) /* only the spare is written besides the targets */
			assert_int_equal(step->to, spare);
		by_spare += step->to == spare;
		content[step->to] = content[step->from];
		inheritable[step->to] = true;
	}
	for (int i = 0; i < size; i++) {
		if (source[i] == NOTHING)
			continue;
		assert_int_equal(content[i], source[i]);
		assert_true(inheritable[i]);
		assert_int_equal(plan->keep[n_targets++], i);
	}
	assert_int_equal(plan->n_keep, n_targets);
	assert_int_equal(by_spare, cycles);
	assert_int_equal(plan->n_steps, n_targets + cycles); /* not one dup too many */
	free(content);
	free(inheritable);
}

/* Plans and judges. The wants must be good ones; whether a spare is to be had is found out here. */
static void judge(const struct place_want *wants, size_t n, int limit)
{
	struct place_plan plan = { 0 };
	int size = size_for(wants, n), spare = 0, r;
	int *source = calloc((size_t)size, sizeof(*source));
	bool *used = calloc((size_t)size, sizeof(*used));
	size_t cycles;

	assert_true(source && used);
	for (int i = 0; i < size; i++)
		source[i] = NOTHING;
	for (size_t i = 0; i < n; i++) {
		source[wants[i].to] = wants[i].from;
		used[wants[i].to] = used[wants[i].from] = true;
	}
	while (used[spare])
		spare++;
	cycles = count_cycles(source, size);
	r = place_make(wants, n, limit, &plan);
	if (cycles && spare >= limit) {
		assert_int_equal(r, -EMFILE);
		assert_null(plan.steps);
	} else {
		assert_int_equal(r, 0);
		check_steps(&plan, source, size, spare, cycles);
	}
	place_done(&plan);
	free(source);
	free(used);
}

/* ---- exhaustive ----------------------------------------------------------------------------- */

#define NUMBERS 8

/* Every way to give each number of a set of targets one of the numbers as its source. */
static void every_source(unsigned targets, int limit)
{
	struct place_want wants[NUMBERS];
	size_t n = 0;

	for (int to = 0; to < NUMBERS; to++)
		if (targets & 1U << to)
			wants[n++] = (struct place_want){ 0, to };
	for (;;) {
		size_t i = 0;

		judge(wants, n, limit);
		while (i < n && ++wants[i].from == NUMBERS)
			wants[i++].from = 0;
		if (i == n)
			return;
	}
}

/*
 * All wants with up to four targets among 0..7, with a spare in reach and without. Of five and six
 * targets a set or two: which numbers they are is no more than a change of names.
 */
static void test_every_function(void **state)
{
	(void)state;
	for (unsigned targets = 0; targets < 1U << NUMBERS; targets++)
		if (__builtin_popcount(targets) <= 4)
			every_source(targets, NUMBERS + (int)(targets & 1));
	every_source(0x1f, NUMBERS);
	every_source(0xf8, NUMBERS + 1);
	every_source(0x3f, NUMBERS);
}

static void permute(struct place_want *wants, int *left, size_t at, size_t n, int limit)
{
	if (at == n) {
		judge(wants, n, limit);
		return;
	}
	for (size_t i = at; i < n; i++) {
		int kept = left[at];

		left[at] = left[i];
		left[i] = kept;
		wants[at].from = left[at];
		permute(wants, left, at + 1, n, limit);
		left[i] = left[at];
		left[at] = kept;
	}
}

/* All permutations of up to seven descriptors, at numbers close together and far apart. */
static void test_every_permutation(void **state)
{
	(void)state;
	for (int n = 1; n <= 7; n++) {
		for (int stride = 1; stride <= 3; stride += 2) {
			struct place_want wants[7] = { 0 };
			int left[7];

			for (int i = 0; i < n; i++)
				wants[i].to = left[i] = 3 + i * stride;
			permute(wants, left, 0, (size_t)n, 64);
			/* No number to spare in the whole table. */
			for (int i = 0; i < n && stride == 1; i++)
				wants[i].to = left[i] = i;
			if (stride == 1)
				permute(wants, left, 0, (size_t)n, n);
		}
	}
}

/* ---- cases that have a name ----------------------------------------------------------------- */

struct place_case {
	const char *name;
	struct place_want wants[8];
	size_t n;
	int limit;
	int expect;        /* result of place_make() */
	const char *steps; /* "from>to ..." in their order; NULL: judged only */
};

static const struct place_case cases[] = {
	{ "nothing wanted", { { 0, 0 } }, 0, 8, 0, "" },
	{ "one stays where it is", { { 5, 5 } }, 1, 8, 0, "5>5" },
	{ "a swap goes by way of the lowest free number", { { 5, 6 }, { 6, 5 } }, 2, 8, 0,
		"5>0 6>5 0>6" },
	{ "the spare is no source either", { { 5, 6 }, { 6, 5 }, { 0, 1 } }, 3, 8, 0,
		"0>1 5>2 6>5 2>6" },
	{ "a chain is copied from its end", { { 3, 4 }, { 4, 5 }, { 5, 6 } }, 3, 8, 0,
		"5>6 4>5 3>4" },
	/* criu's number for its RPC socket is 3, where the first lent descriptor happens to be. */
	{ "the RPC socket in the way", { { 9, 3 }, { 3, 4 }, { 4, 9 } }, 3, 1024, 0,
		"3>0 9>3 4>9 0>4" },
	{ "the RPC socket in the way of one that moves on", { { 9, 3 }, { 3, 7 } }, 2, 1024, 0,
		"3>7 9>3" },
	{ "one source at three numbers, its own among them", { { 4, 4 }, { 4, 1 }, { 4, 2 } }, 3, 8,
		0, NULL },
	{ "a tree on a cycle", { { 1, 2 }, { 2, 1 }, { 2, 3 }, { 3, 4 } }, 4, 8, 0, NULL },
	{ "two cycles share the spare", { { 1, 2 }, { 2, 1 }, { 3, 4 }, { 4, 3 } }, 4, 8, 0, NULL },
	{ "the same pair twice is once", { { 5, 6 }, { 5, 6 } }, 2, 8, 0, "5>6" },
	{ "the highest number below the limit", { { 0, 7 } }, 1, 8, 0, "0>7" },
	{ "a source above the limit", { { 5000, 3 } }, 1, 8, 0, "5000>3" },
	{ "the spare is the last number below the limit", { { 0, 1 }, { 1, 0 } }, 2, 3, 0,
		"0>2 1>0 2>1" },
	{ "no spare below the limit", { { 0, 1 }, { 1, 0 } }, 2, 2, -EMFILE, NULL },
	{ "none needed, none missed", { { 0, 1 }, { 1, 2 } }, 2, 3, 0, "1>2 0>1" },
	{ "two descriptors at one number", { { 5, 6 }, { 7, 6 } }, 2, 8, -EEXIST, NULL },
	{ "one that stays and one that comes", { { 6, 6 }, { 5, 6 } }, 2, 8, -EEXIST, NULL },
	{ "a source below 0", { { 5, 6 }, { -1, 7 } }, 2, 8, -EBADF, NULL },
	{ "a target below 0", { { 5, -1 } }, 1, 8, -EINVAL, NULL },
	{ "a target at the limit", { { 5, 8 } }, 1, 8, -EINVAL, NULL },
	{ "a limit of 0", { { 0, 0 } }, 1, 0, -EINVAL, NULL },
};

static void check_case(void **state)
{
	const struct place_case *c = *state;
	struct place_plan plan = { 0 };
	char text[256] = "";

	assert_int_equal(place_make(c->wants, c->n, c->limit, &plan), c->expect);
	if (c->expect < 0) {
		assert_true(!plan.steps && !plan.keep && !plan.n_steps && !plan.n_keep);
		return;
	}
	for (size_t i = 0; i < plan.n_steps; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d>%d", i ? " " : "",
			plan.steps[i].from, plan.steps[i].to);
	if (c->steps)
		assert_string_equal(text, c->steps);
	place_done(&plan);
	judge(c->wants, c->n, c->limit);
}

/* ---- random, large, fast -------------------------------------------------------------------- */

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525U +
		1013904223U; /* Numerical Recipes; the high bits are the good ones */
	return *seed >> 8;
}

static void shuffle(int *numbers, size_t n, unsigned *seed)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = next_random(seed) % i;
		int kept = numbers[i - 1];

		numbers[i - 1] = numbers[j];
		numbers[j] = kept;
	}
}

/* n distinct targets among range numbers, in any order; sources likewise, some of them again. */
static struct place_want *random_wants(size_t n, size_t range, unsigned *seed)
{
	struct place_want *wants = calloc(n, sizeof(*wants));
	int *numbers = calloc(range, sizeof(*numbers));

	assert_true(wants && numbers);
	for (size_t i = 0; i < range; i++)
		numbers[i] = (int)i;
	shuffle(numbers, range, seed);
	for (size_t i = 0; i < n; i++)
		wants[i].to = numbers[i];
	shuffle(numbers, range, seed);
	for (size_t i = 0; i < n; i++)
		wants[i].from =
			next_random(seed) % 4 ? numbers[i] : numbers[next_random(seed) % range];
	free(numbers);
	return wants;
}

static void test_random(void **state)
{
	unsigned seed = 4711;

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + next_random(&seed) % 600;
		size_t range = n + next_random(&seed) % 40;
		struct place_want *wants = random_wants(n, range, &seed);

		judge(wants, n, (int)range + (int)(next_random(&seed) % 2));
		free(wants);
	}
}

static double cpu_seconds(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One cycle, one chain, and chance. A quadratic planner takes a minute for the large ones. */
static double seconds_for(size_t n)
{
	struct place_want *shapes[3] = { calloc(n, sizeof(**shapes)), calloc(n, sizeof(**shapes)),
		NULL };
	unsigned seed = 17;
	double used = 0;

	assert_true(shapes[0] && shapes[1]);
	for (size_t i = 0; i < n; i++) {
		shapes[0][i] = (struct place_want){ (int)i, (int)((i + 1) % n) };
		shapes[1][i] = (struct place_want){ (int)i, (int)i + 1 };
	}
	shapes[2] = random_wants(n, n + 100, &seed);
	for (int s = 0; s < 3; s++) {
		struct place_plan plan = { 0 };
		double start = cpu_seconds();

		assert_int_equal(place_make(shapes[s], n, (int)n + 200, &plan), 0);
		used += cpu_seconds() - start;
		place_done(&plan);
		judge(shapes[s], n, (int)n + 200);
		free(shapes[s]);
	}
	return used;
}

static void test_cost(void **state)
{
	double small = seconds_for(20000), large = seconds_for(200000);

	(void)state;
	print_message("3 plans of 20000 wants: %.1f ms, 3 of 200000: %.1f ms\n", small * 1e3,
		large * 1e3);
	assert_true(small < 0.2);
	assert_true(large < 2.0);
}

/* ---- on real descriptors -------------------------------------------------------------------- */

/* Runs in a child. Returns 0, or the line that found something wrong. */
static int play(const struct place_want *wants, size_t n, int limit)
{
	ino_t inodes[64] = { 0 };
	struct place_plan plan = { 0 };
	struct stat st;

	for (size_t i = 0; i < n; i++) {
		int fd = inodes[wants[i].from] ? wants[i].from : memfd_create("place", MFD_CLOEXEC);

		if (fd != wants[i].from &&
			(dup3(fd, wants[i].from, O_CLOEXEC) < 0 || close(fd) < 0))
			return __LINE__;
		if (fstat(wants[i].from, &st) < 0)
			return __LINE__;
		inodes[wants[i].from] = st.st_ino;
	}
	if (place_make(wants, n, limit, &plan) < 0)
		return __LINE__;
	for (size_t i = 0; i < plan.n_steps; i++) {
		int from = plan.steps[i].from, to = plan.steps[i].to;

		if ((from == to ? fcntl(to, F_SETFD, 0) : dup2(from, to)) < 0)
			return __LINE__;
	}
	for (size_t i = 0; i < n; i++) {
		if (fstat(wants[i].to, &st) < 0 || st.st_ino != inodes[wants[i].from])
			return __LINE__;
		if (fcntl(wants[i].to, F_GETFD) != 0)
			return __LINE__;
	}
	place_done(&plan);
	return 0;
}

static void play_in_child(const struct place_want *wants, size_t n)
{
	struct rlimit limit = { .rlim_cur = 64, .rlim_max = 64 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		/* Nothing of the test runner's in the way, and the limit at the numbers. */
		int line = close_range(0, ~0U, 0) < 0 || setrlimit(RLIMIT_NOFILE, &limit) < 0
				   ? __LINE__
				   : play(wants, n, 64);

		_exit(line ? 1 + line % 250 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_real_descriptors(void **state)
{
	static const struct place_want swap[] = { { 40, 41 }, { 41, 40 }, { 42, 42 }, { 42, 63 },
		{ 40, 20 } };
	static const struct place_want ring[] = {
		{ 10, 11 },
		{ 11, 12 },
		{ 12, 13 },
		{ 13, 10 },
		{ 20, 21 },
		{ 21, 20 },
		{ 13, 62 },
		{ 62, 63 },
	};
	unsigned seed = 5;

	(void)state;
	play_in_child(swap, COUNT(swap));
	play_in_child(ring, COUNT(ring));
	for (int round = 0; round < 20; round++) {
		struct place_want *wants = random_wants(40, 60, &seed);

		play_in_child(wants, 40);
		free(wants);
	}
}

int main(void)
{
	struct CMUnitTest tests[COUNT(cases) + 5] = {
		cmocka_unit_test(test_every_function),
		cmocka_unit_test(test_every_permutation),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_real_descriptors),
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		tests[5 + i] = (struct CMUnitTest){ cases[i].name, check_case, NULL, NULL,
			(void *)&cases[i] };
	return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}

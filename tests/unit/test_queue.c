/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fair between users, whatever they do. */
#include "jobs/queue.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"

#define MANY  10000
#define USERS 1000

static struct queue q;
static struct queue_item items[MANY];

static int setup(void **state)
{
	(void)state;
	memset(items, 0, sizeof(items));
	queue_init(&q, 1, MANY);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	queue_clear(&q);
	assert_true(TAILQ_EMPTY(&q.users));
	return 0;
}

static void add(int item, uid_t uid)
{
	assert_int_equal(queue_add(&q, &items[item], uid, false, NULL), 0);
}

/* The index of the one that starts; -1: none. */
static int next(void)
{
	struct queue_item *item = queue_next(&q);

	return item ? (int)(item - items) : -1;
}

static void first_in_first_out(void **state)
{
	(void)state;
	assert_int_equal(next(), -1);
	for (int i = 0; i < 5; i++)
		add(i, 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(next(), i);
		assert_int_equal(next(), -1); /* one at a time */
		assert_true(items[i].running);
		queue_done(&q, &items[i]);
		queue_done(&q, &items[i]);
	}
	assert_int_equal(q.running, 0);
	assert_int_equal(q.waiting, 0);
	assert_true(TAILQ_EMPTY(&q.users));
}

static void width(void **state)
{
	(void)state;
	q.width = 3;
	for (int i = 0; i < 5; i++)
		add(i, 0);
	assert_int_equal(next(), 0);
	assert_int_equal(next(), 1);
	assert_int_equal(next(), 2);
	assert_int_equal(next(), -1);
	queue_done(&q, &items[1]);
	assert_int_equal(next(), 3);
	q.width = 1; /* fewer from now on */
	queue_done(&q, &items[0]);
	queue_done(&q, &items[2]);
	assert_int_equal(next(), -1);
	queue_done(&q, &items[3]);
	assert_int_equal(next(), 4);
}

static void last_place_is_for_others(void **state)
{
	(void)state;
	q.width = 3;
	q.reserve = true;
	for (int i = 0; i < 5; i++)
		add(i, 1);
	assert_int_equal(next(), 0);
	assert_int_equal(next(), 1);
	assert_int_equal(next(), -1);
	add(5, 2);
	add(6, 2);
	assert_int_equal(next(), 5);
	assert_int_equal(next(), -1);
	queue_done(&q, &items[0]); /* the last free place again, and both have one running */
	assert_int_equal(next(), -1);
	queue_done(&q, &items[5]);
	assert_int_equal(next(), 6);
	assert_int_equal(next(), -1);
	queue_done(&q, &items[1]);
	assert_int_equal(next(), 2);
}

static void newcomer_is_second(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		add(i, 1);
	add(100, 2);
	assert_int_equal(next(), 0);
	queue_done(&q, &items[0]);
	assert_int_equal(next(), 100);
	queue_done(&q, &items[100]);
	assert_int_equal(next(), 1);
}

static void newcomer_while_one_runs(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		add(i, 1);
	assert_int_equal(next(), 0);
	add(100, 2);
	queue_done(&q, &items[0]);
	assert_int_equal(next(), 100);
}

/* Who comes again and again is not new each time. */
static void one_by_one(void **state)
{
	(void)state;
	add(0, 1);
	assert_int_equal(next(), 0);
	add(1, 2);
	add(2, 2);
	queue_done(&q, &items[0]);
	add(0, 1);
	assert_int_equal(next(), 1);
	queue_done(&q, &items[1]);
	assert_int_equal(next(), 0);
	queue_done(&q, &items[0]);
	add(0, 1);
	assert_int_equal(next(), 2);
}

static void fewest_running_first(void **state)
{
	(void)state;
	q.width = 4;
	for (int i = 0; i < 5; i++)
		add(i, 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(), i);
	add(10, 2);
	add(11, 2);
	add(12, 2);
	assert_int_equal(next(), 10);
	queue_done(&q, &items[0]);
	assert_int_equal(next(), 11); /* 1 has two, 2 has one */
	queue_done(&q, &items[1]);
	assert_int_equal(next(), 3);
}

static void gives_up(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		add(i, 1);
	queue_done(&q, &items[1]);
	assert_int_equal(queue_position(&q, &items[1]), 0);
	assert_int_equal(queue_position(&q, &items[2]), 2);
	assert_int_equal(queue_position(&q, &items[3]), 3);
	queue_done(&q, &items[0]);
	add(4, 1);
	assert_int_equal(queue_position(&q, &items[2]), 1);
	assert_int_equal(queue_position(&q, &items[4]), 3);
	queue_done(&q, &items[4]);
	add(1, 1);
	assert_int_equal(queue_position(&q, &items[1]), 3);
	assert_int_equal(next(), 2);
	assert_int_equal(q.waiting, 2);
}

static void add_narrow(int item, uid_t uid)
{
	assert_int_equal(queue_add(&q, &items[item], uid, true, NULL), 0);
}

/* One user's narrow items have fewer places than there are, and hold up nobody but who comes after them. */
static void narrow(void **state)
{
	(void)state;
	q.width = 5;
	q.narrow_width = 2;
	for (int i = 0; i < 3; i++)
		add_narrow(i, 7);
	add(3, 7);
	add(4, 8);
	add_narrow(5, 9);
	assert_int_equal(next(), 0);
	assert_int_equal(next(), 4);
	assert_int_equal(next(), 5);
	assert_int_equal(next(), 1);
	assert_int_equal(next(), -1);
	assert_int_equal(q.running, 4);
	queue_done(&q, &items[1]);
	assert_int_equal(next(), 2);
	queue_done(&q, &items[0]);
	assert_int_equal(next(), 3); /* not narrow itself */
	q.narrow_width = 0;
	add_narrow(6, 10);
	assert_int_equal(next(), -1);
	q.narrow_width = 1; /* as when the configuration is read anew */
	assert_int_equal(next(), 6);
}

static void too_many(void **state)
{
	struct err err = { 0 };

	(void)state;
	q.max_waiting = 2;
	add(0, 1);
	add(1, 2);
	assert_int_equal(queue_add(&q, &items[2], 3, false, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	assert_non_null(strstr(err.text, "MaxRestores is 2"));
	assert_null(items[2].user);
	assert_int_equal(next(), 0);
	add(2, 3); /* only those that wait count */
}

static unsigned random_below(unsigned n)
{
	return (unsigned)rand() % n;
}

/* What positions say is what queue_next() does. */
static void positions(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 200; round++) {
		int used = 0, running = 0;
		size_t position[60];

		setup(NULL);
		q.width = MANY;
		for (; used < 60; used++) {
			add(used, random_below(7));
			if (random_below(3) == 0 && next() >= 0)
				running++;
			if (random_below(6) == 0)
				queue_done(&q, &items[random_below((unsigned)used + 1)]);
		}
		for (int i = 0; i < used; i++)
			position[i] = queue_position(&q, &items[i]);
		for (size_t n = 1; q.waiting; n++) {
			int i = next();

			assert_int_equal(position[i], n);
			position[i] = 0;
		}
		for (int i = 0; i < used; i++)
			assert_int_equal(position[i], 0);
		assert_true(running > 0);
		queue_clear(&q);
	}
}

/* How often others were started while a user with nothing running waited. */
struct patience {
	size_t waiting, running, passed;
};

/*
 * Users come and go at random; each has items in a block of ITEMS. A user who waits with nothing running
 * is passed over at most once by each other.
 */
#define CROWD 12
#define ITEMS 6
static void nobody_starves(void **state)
{
	struct patience p[CROWD] = { 0 };
	size_t starts = 0;

	(void)state;
	srand(2);
	q.width = 5;
	for (int step = 0; step < 200000; step++) {
		/* The lower its number, the busier a user. */
		unsigned uid = random_below(1 + random_below(CROWD)), k = random_below(ITEMS);
		struct queue_item *item = &items[uid * ITEMS + k];

		if (!item->user) {
			add((int)(uid * ITEMS + k), uid);
			p[uid].waiting++;
		} else if (item->running || random_below(10) == 0) {
			*(item->running ? &p[uid].running : &p[uid].waiting) -= 1;
			queue_done(&q, item);
		}
		for (int i; (i = next()) >= 0; starts++) {
			unsigned who = (unsigned)i / ITEMS;

			for (unsigned u = 0; u < CROWD; u++)
				p[u].passed = u == who || !p[u].waiting || p[u].running
						      ? 0
						      : p[u].passed + 1;
			p[who].waiting--;
			p[who].running++;
			for (unsigned u = 0; u < CROWD; u++)
				assert_true(p[u].passed < CROWD);
		}
	}
	assert_true(starts > 5000);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Generous, for a machine under load and for sanitizers: without them it is a tenth of a second. */
#define MANY_S 10

static void many(void **state)
{
	double start = seconds();

	(void)state;
	for (int i = 0; i < MANY; i++)
		add(i, (uid_t)(i * 7 % USERS));
	for (int i = 0; i < MANY; i++)
		assert_in_range(queue_position(&q, &items[i]), 1, MANY);
	for (int i = 0; i < MANY / 2; i++) {
		int started = next();

		assert_true(started >= 0);
		queue_done(&q, &items[started]);
	}
	for (int i = MANY - 1; i >= 0; i--)
		queue_done(&q, &items[i]);
	assert_int_equal(q.waiting, 0);
	print_message("%d items of %d users: %.3f s\n", MANY, USERS, seconds() - start);
	assert_true(seconds() - start < MANY_S);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(first_in_first_out), TEST(width),
		TEST(last_place_is_for_others), TEST(newcomer_is_second),
		TEST(newcomer_while_one_runs), TEST(one_by_one), TEST(fewest_running_first),
		TEST(gives_up), TEST(narrow), TEST(too_many), TEST(positions), TEST(nobody_starves),
		TEST(many) };

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A list of users, each with a list of those that wait. See queue.h.
 *
 * Users are looked for one after the other: even ten thousand of them are less work than starting one
 * criu. One with nobody waiting or running is remembered as long as anybody waits, for who has been
 * served lately must not be taken for new.
 */
#include "jobs/queue.h"

#include <stdlib.h>

struct queue_user {
	uid_t uid;
	uint64_t served; /* which start was its last one, counted from 1; 0: none */
	size_t running, n_waiting;
	uint64_t next_number; /* of the item that comes after all that wait now */
	TAILQ_HEAD(, queue_item) waiting;
	TAILQ_ENTRY(queue_user) entry;
};

void queue_init(struct queue *q, size_t width, size_t max_waiting)
{
	*q = (struct queue){ .width = width, .max_waiting = max_waiting };
	TAILQ_INIT(&q->users);
}

static void drop_user(struct queue *q, struct queue_user *u)
{
	TAILQ_REMOVE(&q->users, u, entry);
	free(u);
}

void queue_clear(struct queue *q)
{
	while (!TAILQ_EMPTY(&q->users))
		drop_user(q, TAILQ_FIRST(&q->users));
	queue_init(q, q->width, q->max_waiting);
}

/* With nobody waiting, nobody can be passed over: then what has been is of no use any more. */
static void forget_idle(struct queue *q)
{
	struct queue_user *u = TAILQ_FIRST(&q->users);

	if (q->waiting)
		return;
	while (u) {
		struct queue_user *next = TAILQ_NEXT(u, entry);

		if (u->running == 0)
			drop_user(q, u);
		u = next;
	}
}

static struct queue_user *find_user(struct queue *q, uid_t uid)
{
	struct queue_user *u;

	TAILQ_FOREACH(u, &q->users, entry)
		if (u->uid == uid)
			return u;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	TAILQ_INIT(&u->waiting);
	TAILQ_INSERT_TAIL(&q->users, u, entry);
	return u;
}

int queue_add(struct queue *q, struct queue_item *item, uid_t uid, bool narrow, struct err *err)
{
	struct queue_user *u;

	if (q->waiting >= q->max_waiting)
		return err_set(err, ERR_LIMIT, 0, NULL,
			"%zu restores are waiting already, of all users ([Limits] MaxRestores is %zu)",
			q->waiting, q->max_waiting);
	u = find_user(q, uid);
	if (!u)
		return err_set(err, ERR_INTERNAL, 0, NULL, "out of memory");
	*item = (struct queue_item){ .user = u, .narrow = narrow, .number = u->next_number++ };
	TAILQ_INSERT_TAIL(&u->waiting, item, entry);
	u->n_waiting++;
	q->waiting++;
	return 0;
}

/* Is it a's turn rather than b's? The order of the list decides where nobody was served yet. */
static bool goes_first(const struct queue_user *a, const struct queue_user *b)
{
	if (a->running != b->running)
		return a->running < b->running;
	return a->served < b->served;
}

/* Has it somebody who waits, and who may start as far as the user itself goes? */
static bool may_start_one(const struct queue *q, const struct queue_user *u)
{
	const struct queue_item *first = TAILQ_FIRST(&u->waiting);

	return first && !(first->narrow && u->running >= q->narrow_width);
}

static void stop_waiting(struct queue *q, struct queue_item *item)
{
	struct queue_user *u = item->user;

	if (item != TAILQ_FIRST(&u->waiting)) {
		for (struct queue_item *i = item; (i = TAILQ_NEXT(i, entry));)
			i->number--;
		u->next_number--;
	}
	TAILQ_REMOVE(&u->waiting, item, entry);
	u->n_waiting--;
	q->waiting--;
}

struct queue_item *queue_next(struct queue *q)
{
	struct queue_user *u, *best = NULL;
	struct queue_item *item;

	if (q->waiting == 0 || q->running >= q->width)
		return NULL;
	TAILQ_FOREACH(u, &q->users, entry)
		if (may_start_one(q, u) && (!best || goes_first(u, best)))
			best = u;
	if (!best)
		return NULL;
	if (q->reserve && q->running + 1 == q->width && best->running)
		return NULL; /* nor has any other who may start one nobody running: best has the fewest */
	item = TAILQ_FIRST(&best->waiting);
	stop_waiting(q, item);
	item->running = true;
	best->running++;
	best->served = ++q->served;
	q->running++;
	forget_idle(q);
	return item;
}

void queue_done(struct queue *q, struct queue_item *item)
{
	if (!item->user)
		return;
	if (item->running) {
		item->user->running--;
		q->running--;
	} else {
		stop_waiting(q, item);
	}
	*item = (struct queue_item){ 0 };
	forget_idle(q);
}

/*
 * As if each that is next were started at once: an item starts when its user has so many running, its
 * level, so all items of lower levels come before it. On one level those who have just come up from the
 * one below are the users served last, so who had more running from the beginning is before them.
 */
size_t queue_position(const struct queue *q, const struct queue_item *item)
{
	const struct queue_user *me = item->user, *u;
	bool passed_me = false;
	size_t level, ahead = 0;

	if (!me || item->running)
		return 0;
	level = me->running + (size_t)(item->number - TAILQ_FIRST(&me->waiting)->number);
	TAILQ_FOREACH(u, &q->users, entry) {
		size_t lower = u->running < level ? level - u->running : 0;

		passed_me = passed_me || u == me;
		ahead += lower < u->n_waiting ? lower : u->n_waiting;
		if (u == me || u->running > level || lower >= u->n_waiting)
			continue; /* has none on this level */
		if (u->running != me->running)
			ahead += u->running > me->running;
		else
			ahead += u->served < me->served || (u->served == me->served && !passed_me);
	}
	return ahead + 1;
}

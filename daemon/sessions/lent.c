/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names -> descriptors, in libc's balanced tree: thousands of names are looked up in one restore. */
#include "sessions/lent.h"

#include <search.h>
#include <string.h>

#include "base/cleanup.h"
#include "processes/discard.h"

struct item {
	const char *name; /* owned: behind the struct; in a search key borrowed */
	int fd;           /* owned */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

static struct item *find(const struct lent *lent, const char *name)
{
	struct item key = { .name = name };
	struct item *const *found = tfind(&key, &lent->tree, compare);

	return found ? *found : NULL;
}

int lent_add(struct lent *lent, const char *name, int fd)
{
	autofd int owned = fd;
	size_t size = strlen(name) + 1;
	autofree struct item *item = NULL;

	if (find(lent, name))
		return -EEXIST;
	item = malloc(sizeof(*item) + size);
	if (!item)
		return -ENOMEM;
	*item = (struct item){ .name = memcpy(item + 1, name, size), .fd = owned };
	if (!tsearch(item, &lent->tree, compare))
		return -ENOMEM;
	lent->n++;
	item = NULL;
	owned = -1;
	return 0;
}

int lent_find(const struct lent *lent, const char *name)
{
	const struct item *item = find(lent, name);

	return item ? item->fd : -1;
}

int lent_take(struct lent *lent, const char *name)
{
	autofree struct item *item = find(lent, name);

	if (!item)
		return -1;
	tdelete(item, &lent->tree, compare);
	lent->n--;
	return item->fd;
}

static void drop(void *p)
{
	struct item *item = p;

	discard_fd(item->fd);
	free(item);
}

void lent_done(struct lent *lent)
{
	tdestroy(lent->tree, drop);
	*lent = (struct lent){ 0 };
}

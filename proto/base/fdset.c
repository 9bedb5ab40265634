/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An owned list of descriptors. See fdset.h. */
#include "base/fdset.h"

#include "base/cleanup.h"

int fdset_reserve(struct fdset *set, size_t n)
{
	int *fds;

	if (n <= set->max)
		return 0;
	fds = reallocarray(set->fds, n, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	set->fds = fds;
	set->max = n;
	return 0;
}

int fdset_add(struct fdset *set, int fd)
{
	autofd int owned = fd;

	if (set->n == set->max && fdset_reserve(set, set->max ? set->max * 2 : 8) < 0)
		return -ENOMEM;
	set->fds[set->n] = TAKE_FD(owned);
	return (int)set->n++;
}

int fdset_take(struct fdset *set, size_t index)
{
	return index < set->n ? TAKE_FD(set->fds[index]) : -1;
}

void fdset_done(struct fdset *set)
{
	for (size_t i = 0; i < set->n; i++)
		cleanup_fd(&set->fds[i]);
	free(set->fds);
	*set = (struct fdset){ 0 };
}
